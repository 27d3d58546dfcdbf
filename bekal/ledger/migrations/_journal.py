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
        CONSTRAINT account_counters_not_negative CHECK (
            least(debits_pending, debits_posted, credits_pending, credits_posted) >= 0),
        CONSTRAINT account_not_overdrawn CHECK (
            credits_posted >= debits_posted + debits_pending OR "limit" = 'none')
    ) WITH (fillfactor = 45);
    -- What concerns an account only when it is opened or closed: a CHECK would be prepared anew for every posting.
    CREATE FUNCTION ledger_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW."limit" NOT IN ('debits', 'none') OR NEW.key !~ '^[a-zA-Z0-9:._/-]+$' THEN
            RAISE EXCEPTION 'account_malformed: %', NEW.key USING ERRCODE = 'check_violation';
        ELSIF NEW."limit" = 'none' AND NEW.id > 0 THEN
            RAISE EXCEPTION 'account_unlimited_is_busy: %', NEW.key USING ERRCODE = 'check_violation';
        ELSIF NEW.closed_at IS NOT NULL AND (NEW.debits_pending <> 0 OR NEW.credits_pending <> 0
                OR NEW."limit" = 'debits' AND NEW.credits_posted <> NEW.debits_posted) THEN
            RAISE EXCEPTION 'account_closed_empty: %', NEW.key USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER ledger_account_guard BEFORE INSERT OR UPDATE OF id, key, "limit", closed_at ON ledger_account
        FOR EACH ROW EXECUTE FUNCTION ledger_account_guard();
    CREATE INDEX ledger_account_book ON ledger_account (book) WHERE book <> '';
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
        CONSTRAINT transfer_positive_between_two CHECK (amount > 0 AND debit_id <> credit_id)
    ) PARTITION BY RANGE (key);
    CREATE INDEX ledger_transfer_debit ON ledger_transfer (debit_id) WHERE debit_id > 0;
    CREATE INDEX ledger_transfer_credit ON ledger_transfer (credit_id) WHERE credit_id > 0;
    CREATE INDEX ledger_transfer_number ON ledger_transfer USING brin (number) WITH (pages_per_range = 16);
"""

KEYS = """
    -- The key of a transfer: the time of the thing that its reference names (`what:thing[:more]`, or a thing alone in 32
    -- digits; an id of UUID version 7), then the reference's hash, ending in 0. What posts or voids it has the same key
    -- ending in f, so there is at most one. A reference to no such thing has the time 0.
    CREATE FUNCTION ledger_key(reference text) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN overlay(overlay(left(encode(sha256(reference::bytea), 'hex'), 31) || '0' placing '8' from 17) placing (
        CASE
            WHEN length(reference) = 32 AND substr(reference, 13, 1) = '7'
                AND translate(left(reference, 12), '0123456789abcdef', '') = ''
                AND reference COLLATE "C" >= '016f5e66e800' AND reference COLLATE "C" < '03bb2cc3d800'
            THEN left(reference, 13)
            WHEN length(split_part(reference, ':', 2)) = 36 AND substr(split_part(reference, ':', 2), 15, 1) = '7'
                AND substr(split_part(reference, ':', 2), 9, 1) = '-'
                AND translate(left(split_part(reference, ':', 2), 13), '0123456789abcdef', '') = '-'
                AND split_part(reference, ':', 2) COLLATE "C" >= '016f5e66-e800'
                AND split_part(reference, ':', 2) COLLATE "C" < '03bb2cc3-d800'
            THEN overlay(left(split_part(reference, ':', 2), 13) placing '' from 9 for 1) || '7'
            ELSE '0000000000007'
        END) from 1)::uuid;
    CREATE FUNCTION ledger_resolution(pending uuid) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (left(pending::text, 35) || 'f')::uuid;
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

COUNTING = r"""
    -- Every transfer is counted here, whoever inserts it and however many at once: accounts with a row of their own in
    -- the order of their numbers, then busy ones (numbered below 0) by a delta that is folded in later. Only a debit of a
    -- busy account with a limit locks it, folds what came in, and lets its CHECK decide. One transfer takes short
    -- statements, many take sets, held to plans that lock accounts in the order of their numbers.
    CREATE FUNCTION ledger_count() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public, pg_temp AS $$
    DECLARE
        f ledger_transfer; many boolean; waiting bigint; moved bigint; touched bigint; counted bigint; hot bigint;
        plans CONSTANT text[] := ARRAY['enable_hashjoin', 'enable_mergejoin', 'enable_seqscan', 'enable_bitmapscan'];
        before text[];
    BEGIN
        IF EXISTS (
            SELECT FROM fresh x WHERE CASE
                WHEN strpos(x.reference, '"') > 0 OR strpos(x.reference, '\') > 0 THEN true
                WHEN x.pending IS NULL THEN x.phase <> 'single' AND x.phase <> 'pending'
                WHEN x.phase <> 'post' AND x.phase <> 'void' OR x.key <> ledger_resolution(x.pending) THEN true
                ELSE NOT EXISTS (
                    SELECT FROM ledger_transfer p WHERE p.key = x.pending AND p.phase = 'pending'
                    AND p.debit_id = x.debit_id AND p.credit_id = x.credit_id AND p.amount = x.amount)
            END
        ) THEN
            RAISE EXCEPTION 'a transfer of no known form, or one that resolves what is not pending'
                USING ERRCODE = 'restrict_violation';
        END IF;
        many := false;
        FOR f IN SELECT * FROM fresh LIMIT 2 LOOP
            many := touched IS NOT NULL;
            touched := 1;
        END LOOP;
        IF touched IS NULL THEN
            RETURN NULL;
        ELSIF NOT many THEN
            waiting := CASE f.phase WHEN 'single' THEN 0 WHEN 'pending' THEN f.amount ELSE -f.amount END;
            moved := CASE WHEN f.phase = 'single' OR f.phase = 'post' THEN f.amount ELSE 0 END;
            counted := 0;
            FOREACH hot IN ARRAY ARRAY[least(f.debit_id, f.credit_id), greatest(f.debit_id, f.credit_id)] LOOP
                IF hot < 0 THEN
                    INSERT INTO ledger_delta
                        (account_id, debits_pending, debits_posted, credits_pending, credits_posted)
                    SELECT a.id, CASE WHEN hot = f.debit_id THEN waiting ELSE 0 END,
                        CASE WHEN hot = f.debit_id THEN moved ELSE 0 END,
                        CASE WHEN hot = f.credit_id THEN waiting ELSE 0 END,
                        CASE WHEN hot = f.credit_id THEN moved ELSE 0 END
                    FROM ledger_account a WHERE a.id = hot AND a.closed_at IS NULL;
                ELSIF hot = f.debit_id THEN
                    UPDATE ledger_account SET
                        debits_pending = debits_pending + waiting, debits_posted = debits_posted + moved
                    WHERE id = hot AND closed_at IS NULL;
                ELSE
                    UPDATE ledger_account SET
                        credits_pending = credits_pending + waiting, credits_posted = credits_posted + moved
                    WHERE id = hot AND closed_at IS NULL;
                END IF;
                IF NOT FOUND THEN
                    RAISE EXCEPTION 'account % does not exist or is closed', hot
                        USING ERRCODE = 'foreign_key_violation';
                END IF;
            END LOOP;
            IF f.debit_id < 0 AND f.pending IS NULL THEN
                PERFORM ledger_fold(a.id) FROM ledger_account a WHERE a.id = f.debit_id AND a."limit" = 'debits';
            END IF;
            RETURN NULL;
        END IF;
        before := ARRAY(SELECT current_setting(plan) FROM unnest(plans) WITH ORDINALITY AS p(plan, n) ORDER BY n);
        PERFORM set_config(plan, 'off', true) FROM unnest(plans) AS plan;
        WITH legs AS (
            SELECT debit_id AS id, CASE phase WHEN 'single' THEN 0 WHEN 'pending' THEN amount ELSE -amount END AS dp,
                CASE WHEN phase = 'single' OR phase = 'post' THEN amount ELSE 0 END AS d, 0::bigint AS cp, 0::bigint AS c
            FROM fresh WHERE debit_id > 0
            UNION ALL
            SELECT credit_id, 0, 0, CASE phase WHEN 'single' THEN 0 WHEN 'pending' THEN amount ELSE -amount END,
                CASE WHEN phase = 'single' OR phase = 'post' THEN amount ELSE 0 END
            FROM fresh WHERE credit_id > 0
        ), totals AS MATERIALIZED (
            SELECT id, sum(dp)::bigint AS dp, sum(d)::bigint AS d, sum(cp)::bigint AS cp, sum(c)::bigint AS c
            FROM legs GROUP BY id ORDER BY id
        ), own AS (
            UPDATE ledger_account a SET
                debits_pending = a.debits_pending + t.dp, debits_posted = a.debits_posted + t.d,
                credits_pending = a.credits_pending + t.cp, credits_posted = a.credits_posted + t.c
            FROM totals t WHERE a.id = t.id AND a.closed_at IS NULL RETURNING 1
        ), sides AS (
            SELECT debit_id AS id, phase, sum(amount)::bigint AS gone, 0::bigint AS come
            FROM fresh WHERE debit_id < 0 GROUP BY debit_id, phase
            UNION ALL
            SELECT credit_id, phase, 0, sum(amount)::bigint FROM fresh WHERE credit_id < 0 GROUP BY credit_id, phase
        ), busy AS (
            INSERT INTO ledger_delta (account_id, debits_pending, debits_posted, credits_pending, credits_posted)
            SELECT s.id, CASE s.phase WHEN 'single' THEN 0 WHEN 'pending' THEN s.gone ELSE -s.gone END,
                CASE WHEN s.phase = 'single' OR s.phase = 'post' THEN s.gone ELSE 0 END,
                CASE s.phase WHEN 'single' THEN 0 WHEN 'pending' THEN s.come ELSE -s.come END,
                CASE WHEN s.phase = 'single' OR s.phase = 'post' THEN s.come ELSE 0 END
            FROM sides s JOIN ledger_account a ON a.id = s.id WHERE a.closed_at IS NULL RETURNING 1
        )
        SELECT (SELECT count(*) FROM totals) + (SELECT count(*) FROM sides),
            (SELECT count(*) FROM own) + (SELECT count(*) FROM busy)
        INTO touched, counted;
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
        PERFORM set_config(plan, setting, true) FROM unnest(plans, before) AS p(plan, setting);
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
        first bigint NOT NULL UNIQUE,
        last bigint NOT NULL UNIQUE,
        size bigint NOT NULL,
        root bytea NOT NULL,
        previous bytea NOT NULL,
        chain bytea NOT NULL UNIQUE,
        at timestamptz NOT NULL,
        CONSTRAINT seal_run_not_empty CHECK (last >= first AND size > 0)
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
