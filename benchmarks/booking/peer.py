"""A ledger in the common two-row-locking design (that of pgledger), written for comparison.

Text ids, numeric amounts, an account row with balance and version, a transfer row, two entry rows that keep the
balances before and after; a PL/pgSQL function takes an array of requests, locks all accounts in order, then works them
off one by one. On PostgreSQL 18 ids come from the server's own `uuidv7()`.
"""

TABLES = """
    CREATE TABLE peer_account (
        id text PRIMARY KEY, name text NOT NULL, currency text NOT NULL, balance numeric NOT NULL DEFAULT 0,
        version bigint NOT NULL DEFAULT 0, may_be_negative boolean NOT NULL, details jsonb,
        created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE peer_transfer (
        id text PRIMARY KEY DEFAULT 't_' || uuidv7(), debit text NOT NULL REFERENCES peer_account,
        credit text NOT NULL REFERENCES peer_account, amount numeric NOT NULL, details jsonb,
        created_at timestamptz NOT NULL, happened_at timestamptz NOT NULL, CHECK (amount > 0 AND debit <> credit));
    CREATE INDEX ON peer_transfer (debit);
    CREATE INDEX ON peer_transfer (credit);
    CREATE INDEX ON peer_transfer (happened_at);
    CREATE TABLE peer_entry (
        id text PRIMARY KEY DEFAULT 'e_' || uuidv7(), account text NOT NULL REFERENCES peer_account,
        transfer text NOT NULL REFERENCES peer_transfer, amount numeric NOT NULL, before numeric NOT NULL,
        after numeric NOT NULL, version bigint NOT NULL, created_at timestamptz NOT NULL);
    CREATE INDEX ON peer_entry (account);
    CREATE INDEX ON peer_entry (transfer);
    CREATE TYPE peer_request AS (debit text, credit text, amount numeric);
"""

FUNCTIONS = """
    CREATE FUNCTION peer_check(a peer_account) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT a.may_be_negative AND a.balance < 0 THEN RAISE EXCEPTION '% is overdrawn', a.id; END IF;
    END $$;
    CREATE FUNCTION peer_post(requests peer_request[]) RETURNS SETOF peer_transfer LANGUAGE plpgsql AS $$
    DECLARE r peer_request; d peer_account; c peer_account; made text; done text[] := '{}'; one text;
    BEGIN
        FOR one IN SELECT DISTINCT id FROM unnest(requests) q, unnest(ARRAY[q.debit, q.credit]) id ORDER BY id LOOP
            PERFORM id FROM peer_account WHERE id = one FOR UPDATE;
        END LOOP;
        FOREACH r IN ARRAY requests LOOP
            UPDATE peer_account SET balance = balance - r.amount, version = version + 1, updated_at = now()
                WHERE id = r.debit RETURNING * INTO d;
            PERFORM peer_check(d);
            UPDATE peer_account SET balance = balance + r.amount, version = version + 1, updated_at = now()
                WHERE id = r.credit RETURNING * INTO c;
            PERFORM peer_check(c);
            IF d.currency <> c.currency THEN RAISE EXCEPTION 'two currencies'; END IF;
            INSERT INTO peer_transfer (debit, credit, amount, created_at, happened_at)
                VALUES (r.debit, r.credit, r.amount, now(), now()) RETURNING id INTO made;
            done := array_append(done, made);
            INSERT INTO peer_entry (account, transfer, amount, before, after, version, created_at) VALUES
                (r.debit, made, -r.amount, d.balance + r.amount, d.balance, d.version, now());
            INSERT INTO peer_entry (account, transfer, amount, before, after, version, created_at) VALUES
                (r.credit, made, r.amount, c.balance - r.amount, c.balance, c.version, now());
        END LOOP;
        RETURN QUERY SELECT * FROM peer_transfer WHERE id = ANY(done) ORDER BY id;
    END $$;
"""

ACCOUNTS = """
    INSERT INTO peer_account (id, name, currency, balance, may_be_negative)
    SELECT 'a' || g, 'a' || g, 'IDR', 1000000000, false FROM generate_series(1, {accounts}) g;
    INSERT INTO peer_account (id, name, currency, may_be_negative) VALUES ('hot', 'hot', 'IDR', true);
"""

SINGLE = "SELECT peer_post(ARRAY[({debit}, {credit}, 1)::peer_request]);"
