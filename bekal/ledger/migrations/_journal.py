"""SQL of the journal: accounts, transfers by month, and the one trigger through which money is ever counted."""

ACCOUNTS = """
    CREATE SEQUENCE ledger_account_number;
    CREATE SEQUENCE ledger_busy_number INCREMENT -1;
    CREATE TABLE ledger_account (
        id bigint PRIMARY KEY,
        key varchar(80) NOT NULL UNIQUE,
        kind varchar(24) NOT NULL,
        owner varchar(64) NOT NULL,
        book varchar(64) NOT NULL,
        "limit" varchar(8) NOT NULL,
        currency varchar(3) NOT NULL,
        debits_pending bigint NOT NULL DEFAULT 0,
        debits_posted bigint NOT NULL DEFAULT 0,
        credits_pending bigint NOT NULL DEFAULT 0,
        credits_posted bigint NOT NULL DEFAULT 0,
        opened_at timestamptz NOT NULL,
        closed_at timestamptz,
        CONSTRAINT account_limit_known CHECK ("limit" IN ('debits', 'none')),
        CONSTRAINT account_unlimited_is_busy CHECK ("limit" = 'debits' OR id < 0),
        CONSTRAINT account_key_plain CHECK (key ~ '^[a-zA-Z0-9:._/-]+$'),
        CONSTRAINT account_counters_not_negative CHECK (
            debits_pending >= 0 AND debits_posted >= 0 AND credits_pending >= 0 AND credits_posted >= 0),
        CONSTRAINT account_not_overdrawn CHECK (
            "limit" = 'none' OR credits_posted >= debits_posted + debits_pending),
        CONSTRAINT account_closed_empty CHECK (
            closed_at IS NULL OR
            (debits_pending = 0 AND credits_pending = 0 AND ("limit" = 'none' OR credits_posted = debits_posted)))
    ) WITH (fillfactor = 60);
    CREATE INDEX ledger_account_owner ON ledger_account (owner) WHERE owner <> '';
    CREATE TABLE ledger_delta (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        account_id bigint NOT NULL,
        debits_pending bigint NOT NULL,
        debits_posted bigint NOT NULL,
        credits_pending bigint NOT NULL,
        credits_posted bigint NOT NULL
    );
    CREATE INDEX ledger_delta_account ON ledger_delta (account_id);
    CREATE VIEW ledger_standing AS
        SELECT a.id, a.key, a.kind, a.owner, a.book, a.currency,
            (a.debits_pending + coalesce(w.dp, 0))::bigint AS debits_pending,
            (a.debits_posted + coalesce(w.d, 0))::bigint AS debits_posted,
            (a.credits_pending + coalesce(w.cp, 0))::bigint AS credits_pending,
            (a.credits_posted + coalesce(w.c, 0))::bigint AS credits_posted
        FROM ledger_account a LEFT JOIN LATERAL (
            SELECT sum(debits_pending) AS dp, sum(debits_posted) AS d, sum(credits_pending) AS cp, sum(credits_posted) AS c
            FROM ledger_delta WHERE account_id = a.id AND a.id < 0
        ) w ON a.id < 0;
"""

TRANSFERS = """
    CREATE SEQUENCE IF NOT EXISTS ledger_transfer_number_seq;
    CREATE TABLE ledger_transfer (
        key uuid NOT NULL,
        number bigint NOT NULL DEFAULT nextval('ledger_transfer_number_seq'),
        debit_id bigint NOT NULL,
        credit_id bigint NOT NULL,
        amount bigint NOT NULL,
        at timestamptz NOT NULL,
        pending uuid,
        code varchar(24) NOT NULL,
        phase varchar(8) NOT NULL,
        reference varchar(120) NOT NULL,
        actor varchar(80) NOT NULL,
        PRIMARY KEY (key),
        CONSTRAINT transfer_amount_positive CHECK (amount > 0),
        CONSTRAINT transfer_two_ends CHECK (debit_id <> credit_id),
        CONSTRAINT transfer_text_plain CHECK (strpos(reference, '"') = 0 AND strpos(reference, '\\') = 0),
        CONSTRAINT transfer_phase_known CHECK (
            CASE WHEN pending IS NULL THEN phase = 'single' OR phase = 'pending'
                 ELSE phase = 'post' OR phase = 'void' END)
    ) PARTITION BY RANGE (key);
    CREATE INDEX ledger_transfer_debit ON ledger_transfer (debit_id);
    CREATE INDEX ledger_transfer_credit ON ledger_transfer (credit_id);
    CREATE INDEX ledger_transfer_number ON ledger_transfer USING brin (number) WITH (pages_per_range = 16);
"""

KEYS = """
    -- The key of a transfer: the time of the thing that its reference names (`what:thing[:more]`, or a thing alone in 32
    -- digits, an id of UUID version 7), then the reference's hash, ending in 0. What posts or voids it has the same key
    -- ending in f, so there is at most one. A reference to no such thing has the time 0.
    CREATE FUNCTION ledger_key(reference text) RETURNS uuid LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
    DECLARE
        thing text := CASE WHEN length(reference) = 32 THEN reference
                           ELSE translate(split_part(reference, ':', 2), '-', '') END;
        born text := left(thing, 12);
        hash text := encode(sha256(reference::bytea), 'hex');
    BEGIN
        IF length(thing) <> 32 OR substr(thing, 13, 1) <> '7' OR translate(born, '0123456789abcdef', '') <> ''
            OR born COLLATE "C" < '016f5e66e800' OR born COLLATE "C" >= '03bb2cc3d800' THEN
            born := '000000000000';
        END IF;
        RETURN (born || '7' || substr(hash, 14, 3) || '8' || substr(hash, 18, 14) || '0')::uuid;
    END $$;
    CREATE FUNCTION ledger_resolution(pending uuid) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (left(pending::text, 35) || 'f')::uuid;
    ALTER TABLE ledger_transfer ADD CONSTRAINT transfer_resolved_once CHECK (
        pending IS NULL OR key = ledger_resolution(pending));
"""

MONTHS = """
    -- Makes the partition of the month in which an instant lies; of instants before 2020 and of no time, the first one.
    CREATE FUNCTION ledger_open_month(instant timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        month timestamp := date_trunc('month', instant AT TIME ZONE 'UTC');
        part text := 'ledger_transfer_' || to_char(month, 'YYYY_MM');
        bounds uuid[] := ARRAY(
            SELECT (lpad(to_hex((extract(epoch FROM one) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
            FROM unnest(ARRAY[month, month + interval '1 month']) AS one);
    BEGIN
        IF month < '2020-01-01' THEN
            part := 'ledger_transfer_undated';
            bounds := ARRAY[repeat('0', 32)::uuid, '016f5e66e80000000000000000000000'::uuid];
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended(part, 0));
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE ledger_transfer INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
            EXECUTE format(
                'ALTER TABLE ledger_transfer ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                part, bounds[1], bounds[2]);
        END IF;
    END $$;
    SELECT ledger_open_month('1970-01-01');
"""

COUNTING = """
    -- Every transfer is counted here, whoever inserts it and however many at once: accounts with a row of their own in
    -- the order of their numbers, busy ones (numbered below 0) by a delta that is folded in later. Only a debit of a busy
    -- account with a limit locks it, folds what came in, and lets its CHECK decide. The plan is held to nested loops so
    -- that rows are locked in the order of the sort.
    CREATE FUNCTION ledger_count() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp SET enable_hashjoin = off SET enable_mergejoin = off AS $$
    DECLARE touched bigint; counted bigint; hot bigint;
    BEGIN
        IF EXISTS (
            SELECT FROM fresh f WHERE f.pending IS NOT NULL AND NOT EXISTS (
                SELECT FROM ledger_transfer p WHERE p.key = f.pending AND p.phase = 'pending'
                AND p.debit_id = f.debit_id AND p.credit_id = f.credit_id AND p.amount = f.amount)
        ) THEN
            RAISE EXCEPTION 'a transfer resolves what is not pending' USING ERRCODE = 'restrict_violation';
        END IF;
        WITH legs AS (
            SELECT debit_id AS id, CASE phase WHEN 'single' THEN 0 WHEN 'pending' THEN amount ELSE -amount END AS dp,
                CASE WHEN phase IN ('single', 'post') THEN amount ELSE 0 END AS d, 0::bigint AS cp, 0::bigint AS c
            FROM fresh WHERE debit_id > 0
            UNION ALL
            SELECT credit_id, 0, 0, CASE phase WHEN 'single' THEN 0 WHEN 'pending' THEN amount ELSE -amount END,
                CASE WHEN phase IN ('single', 'post') THEN amount ELSE 0 END
            FROM fresh WHERE credit_id > 0
        ), totals AS MATERIALIZED (
            SELECT id, sum(dp)::bigint AS dp, sum(d)::bigint AS d, sum(cp)::bigint AS cp, sum(c)::bigint AS c
            FROM legs GROUP BY id ORDER BY id
        ), moved AS (
            UPDATE ledger_account a SET
                debits_pending = a.debits_pending + t.dp, debits_posted = a.debits_posted + t.d,
                credits_pending = a.credits_pending + t.cp, credits_posted = a.credits_posted + t.c
            FROM totals t WHERE a.id = t.id AND a.closed_at IS NULL RETURNING 1
        )
        SELECT (SELECT count(*) FROM totals), (SELECT count(*) FROM moved) INTO touched, counted;
        IF touched <> counted THEN
            RAISE EXCEPTION 'an account does not exist or is closed' USING ERRCODE = 'foreign_key_violation';
        END IF;
        IF EXISTS (SELECT FROM fresh WHERE debit_id < 0 OR credit_id < 0) THEN
            WITH legs AS (
                SELECT debit_id AS id, CASE phase WHEN 'single' THEN 0 WHEN 'pending' THEN amount ELSE -amount END AS dp,
                    CASE WHEN phase IN ('single', 'post') THEN amount ELSE 0 END AS d, 0::bigint AS cp, 0::bigint AS c
                FROM fresh WHERE debit_id < 0
                UNION ALL
                SELECT credit_id, 0, 0, CASE phase WHEN 'single' THEN 0 WHEN 'pending' THEN amount ELSE -amount END,
                    CASE WHEN phase IN ('single', 'post') THEN amount ELSE 0 END
                FROM fresh WHERE credit_id < 0
            ), totals AS MATERIALIZED (
                SELECT id, sum(dp)::bigint AS dp, sum(d)::bigint AS d, sum(cp)::bigint AS cp, sum(c)::bigint AS c
                FROM legs GROUP BY id
            ), noted AS (
                INSERT INTO ledger_delta
                    (account_id, debits_pending, debits_posted, credits_pending, credits_posted)
                SELECT t.* FROM totals t JOIN ledger_account a ON a.id = t.id WHERE a.closed_at IS NULL RETURNING 1
            )
            SELECT (SELECT count(*) FROM totals), (SELECT count(*) FROM noted) INTO touched, counted;
            IF touched <> counted THEN
                RAISE EXCEPTION 'an account does not exist or is closed' USING ERRCODE = 'foreign_key_violation';
            END IF;
            FOR hot IN
                SELECT a.id FROM ledger_account a WHERE a."limit" = 'debits' AND a.id IN (
                    SELECT debit_id FROM fresh WHERE debit_id < 0 AND pending IS NULL)
                ORDER BY a.id
            LOOP
                PERFORM ledger_fold(hot);
            END LOOP;
        END IF;
        RETURN NULL;
    END $$;
    CREATE FUNCTION ledger_fold(account bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM FROM ledger_account WHERE id = account FOR NO KEY UPDATE;
        WITH gone AS (DELETE FROM ledger_delta WHERE account_id = account RETURNING *), sums AS (
            SELECT sum(debits_pending)::bigint AS dp, sum(debits_posted)::bigint AS d,
                sum(credits_pending)::bigint AS cp, sum(credits_posted)::bigint AS c FROM gone
        )
        UPDATE ledger_account a SET
            debits_pending = a.debits_pending + s.dp, debits_posted = a.debits_posted + s.d,
            credits_pending = a.credits_pending + s.cp, credits_posted = a.credits_posted + s.c
        FROM sums s WHERE a.id = account AND s.dp IS NOT NULL;
    END $$;
    CREATE TRIGGER ledger_count AFTER INSERT ON ledger_transfer REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION ledger_count();
"""

SEALS = """
    CREATE TABLE ledger_seal (
        number bigint PRIMARY KEY,
        first bigint NOT NULL,
        last bigint NOT NULL,
        from_key uuid NOT NULL,
        to_key uuid NOT NULL,
        size bigint NOT NULL,
        root bytea NOT NULL,
        previous bytea NOT NULL,
        chain bytea NOT NULL UNIQUE,
        at timestamptz NOT NULL,
        CONSTRAINT seal_run_not_empty CHECK (last >= first AND size > 0 AND to_key >= from_key)
    );
    -- Waits for the postings under way and keeps new ones out until the transaction ends: then no number below the
    -- newest is still to come.
    CREATE FUNCTION ledger_hold_still() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    BEGIN
        LOCK TABLE ledger_transfer IN SHARE MODE;
        RETURN (SELECT last_value FROM ledger_transfer_number_seq);
    END $$;
"""
