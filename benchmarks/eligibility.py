"""People in bulk against what bounds them: python -m benchmarks.eligibility [--quick] [--people N] [--only a,b,c,d,e]

a: deciding everybody against five lists / one hand-written sequential scan with the same joins; b: protecting NIKs in
bulk / Fernet and HMAC a row; c: is this NIK taken / one primary-key look-up; d: likely duplicates by birth date / a
trigram query over the whole table; e: importing applicants / a bare COPY of the same finished rows.

Each figure is a ratio of two measurements of this run, taken in turn, medians; on a throw-away PostgreSQL that both
sides share (fsync off). CPU: of this process and of its process of the database. Last line: RESULT {json}.
"""

import argparse
import csv
import gc
import hmac
import json
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import tests.database  # noqa: F401  a throw-away PostgreSQL, before Django reads its settings

Figure = dict[str, Any]
Work = Callable[[], object]
AT = datetime(2023, 8, 20, 3, tzinfo=UTC)
ON = AT.date()
LISTS = ("police", "pupil", "deceased", "civil_servant", "military")

PEOPLE = """
    INSERT INTO citizens_citizen (id, nik_sealed, nik_ref, family_sealed, family_ref, phone_sealed, phone_ref, name,
        birth_date, sex, regency_code, schooling, disability, occupation, interests, language, state, mismatching,
        registry_as_of, registered_at, checked_at, verified_at)
    SELECT gen_random_uuid(), decode(repeat('00', 45), 'hex'), md5('n' || g)::uuid, decode(repeat('00', 45), 'hex'),
        md5('f' || g / 3)::uuid, decode(repeat('00', 42), 'hex'), md5('p' || g)::uuid, 'Person ' || g,
        date '1958-01-01' + (g::bigint * 7919 %% 18000)::int, (ARRAY['F', 'M'])[1 + g %% 2],
        (ARRAY['32.73', '12.04', '31.74', '53.01', '91.01'])[1 + g %% 5], 'senior', CASE WHEN g %% 40 = 0 THEN 'visual'
        ELSE '' END, (ARRAY['job_seeker', 'laid_off', 'worker', 'furloughed', 'small_business'])[1 + g %% 5], '{}',
        'id', 'verified', '{}', date '2023-08-01', timestamptz '2023-08-01', timestamptz '2023-08-01',
        timestamptz '2023-08-01'
    FROM generate_series(1, %s) g
"""
FACTS = """
    INSERT INTO eligibility_fact (nik_ref, kind, standing, source, as_of, recorded_at)
    SELECT md5('n' || (g * %s + %s))::uuid, %s, 'stands', 'agency', date '2023-07-01', timestamptz '2023-07-01'
    FROM generate_series(1, %s) g ON CONFLICT DO NOTHING
"""
BY_HAND = """
    SELECT c.id, c.regency_code, extract(year FROM age(timestamp '2023-08-20', c.birth_date::timestamp)) AS age,
        coalesce(f1.as_of, f2.as_of, f3.as_of, f4.as_of, f5.as_of) AS as_of,
        CASE WHEN c.state = 'mismatched' OR c.birth_date > date '2005-08-20' OR c.birth_date <= date '1958-08-20'
            OR c.occupation NOT IN ('job_seeker', 'laid_off', 'worker', 'furloughed', 'small_business')
            OR f1.nik_ref IS NOT NULL OR f2.nik_ref IS NOT NULL OR f3.nik_ref IS NOT NULL OR f4.nik_ref IS NOT NULL
            OR f5.nik_ref IS NOT NULL THEN 'refused' WHEN c.state = 'registered' THEN 'pending' ELSE 'eligible' END
            AS outcome
    FROM citizens_citizen c
        LEFT JOIN eligibility_fact f1 ON f1.nik_ref = c.nik_ref AND f1.kind = 'police' AND f1.standing <> 'ended'
        LEFT JOIN eligibility_fact f2 ON f2.nik_ref = c.nik_ref AND f2.kind = 'pupil' AND f2.standing <> 'ended'
        LEFT JOIN eligibility_fact f3 ON f3.nik_ref = c.nik_ref AND f3.kind = 'deceased' AND f3.standing <> 'ended'
        LEFT JOIN eligibility_fact f4 ON f4.nik_ref = c.nik_ref AND f4.kind = 'civil_servant' AND f4.standing <> 'ended'
        LEFT JOIN eligibility_fact f5 ON f5.nik_ref = c.nik_ref AND f5.kind = 'military' AND f5.standing <> 'ended'
"""
FIRST = """
    Siti Muhammad Nur Sri Abdul Ahmad Dewi Agus Eka Dwi Tri Rina Budi Yuni Indah Rizki Ayu Putri Maria Andi
    Heru Wahyu Dian Ratna Endang Slamet Joko Bambang Hendra Fitri Lina Yusuf Ilham Ni Wayan Made Ketut Komang
    Rahmat Sulastri Wati Titin Suharti Maman Asep Dedi Iwan Yanti Novita Mega Arif Bayu Galih Ika Nanang Rudi
"""
LAST = """
    Santoso Wijaya Hidayat Nugroho Setiawan Saputra Lestari Rahayu Wulandari Kurniawan Susanto Rahman Pratama
    Handayani Nasution Siregar Simanjuntak Gunawan Hartono Suryadi Utami Purnomo Maulana Anggraini Permana
    Yulianti Sihombing Ginting Tarigan Lubis Harahap Pane Suryani Astuti Hakim Firmansyah Ramadhan Syahputra
"""
LOOK_UP = """
    CREATE OR REPLACE FUNCTION look_up_{name}(keys {type}[]) RETURNS bigint LANGUAGE plpgsql AS $$
    DECLARE k {type}; found uuid; hits bigint := 0;
    BEGIN
        FOREACH k IN ARRAY keys LOOP
            SELECT {column} INTO found FROM {table} WHERE {key} = k;
            IF found IS NOT NULL THEN hits := hits + 1; END IF;
        END LOOP;
        RETURN hits;
    END $$
"""


def figure(value: float, goal: float | None, of: str, size: int, *, most: bool = True, full: bool = True) -> Figure:
    """`most`: the goal is an upper bound; without `full` size nothing is claimed."""
    met = None if goal is None or not full else value <= goal if most else value >= goal
    return {"value": round(value, 3), "goal": goal, "met": met, "of": of, "size": size}


def in_turn(*works: Work, repeat: int, clock: Callable[[Work], float]) -> list[float]:
    """Median cost of each, run one after the other `repeat` times so that a busy machine hits all alike."""
    rounds = [[clock(work) for work in works] for _ in range(repeat)]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def wall(work: Work) -> float:
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cpu(work: Work) -> float:
    """CPU seconds of this process and of the process of the database that serves it."""
    gc.collect()
    start = time.process_time() + server_cpu()
    work()
    return time.process_time() + server_cpu() - start


def server_cpu() -> float:
    (pid,) = one("SELECT pg_backend_pid()")
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def one(sql: str, parameters: Sequence[Any] | None = None) -> tuple[Any, ...]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return tuple(cursor.fetchone())


def run(sql: str, parameters: Sequence[Any] | None = None) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)


def deciding(people: int, *, full: bool) -> dict[str, Figure]:
    """a. The programme is prakerja-2023; five of its registers have a list of a tenth of the people each."""
    from bekal.core.events import Actor
    from bekal.eligibility.actions import decide_people
    from bekal.eligibility.sets import decision
    from bekal.rulebooks.queries import programme_of
    from tests.rulebooks.making import loaded_programme

    book = loaded_programme()
    run(PEOPLE, [people])
    for number, kind in enumerate(LISTS):
        run(FACTS, [9, number, kind, people // 10])
    run("VACUUM ANALYZE citizens_citizen, eligibility_fact")
    text, parameters = decision(programme_of(book.id), ON, {})
    decide = f"WITH people AS (SELECT id FROM citizens_citizen) SELECT count(x) FROM ({text}) x"
    ours, hand = in_turn(
        lambda: one(decide, parameters),
        lambda: one(f"SELECT count(x) FROM ({BY_HAND}) x"),
        repeat=5 if full else 3,
        clock=wall,
    )
    ids = [row for (row,) in all_rows("SELECT id FROM citizens_citizen")]

    def keep() -> None:
        for start in range(0, people, 100_000):
            decide_people(
                by=Actor.system("benchmark"), at=AT, rulebook_id=book.id, citizen_ids=ids[start : start + 100_000]
            )

    kept, hand_again = in_turn(keep, lambda: one(f"SELECT count(x) FROM ({BY_HAND}) x"), repeat=1, clock=wall)
    run("TRUNCATE eligibility_verdict, eligibility_fact, citizens_citizen CASCADE")
    return {
        "decide_ratio": figure(ours / hand, 5, "deciding all / scan with joins by hand, wall", people, full=full),
        "decide_and_keep_ratio": figure(
            kept / hand_again, 5, "deciding and keeping every verdict / the same scan, wall", people, full=full
        ),
    }


def all_rows(sql: str) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def protecting(people: int, *, full: bool) -> dict[str, Figure]:
    """b."""
    from cryptography.fernet import Fernet

    from bekal.citizens.rules import NIK
    from bekal.core import ids, vault

    niks = [f"3273105508{number:06}" for number in range(people)]
    rows = ids.fresh_many([("citizen", nik) for nik in niks])
    fernet, key = Fernet(Fernet.generate_key()), os.urandom(32)

    def ours() -> None:
        vault.seal_many(niks, place=NIK, rows=rows)
        vault.blind_indexes(niks, place=NIK, version=1)

    def usual() -> None:
        for nik in niks:
            value = nik.encode()
            fernet.encrypt(value)
            hmac.digest(key, value, "sha256")

    usual_cost, cost = in_turn(usual, ours, repeat=5 if full else 3, clock=_process)
    of = "Fernet and HMAC a row / seal_many and blind_indexes, CPU"
    return {"protect_speed_up": figure(usual_cost / cost, 5, of, people, most=False, full=full)}


def _process(work: Work) -> float:
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def uniqueness(people: int, *, full: bool) -> dict[str, Figure]:
    """c. Both look-ups run inside the database, prepared once, over the same number of rows and keys."""
    run("TRUNCATE core_mark")
    run("INSERT INTO core_mark SELECT decode(md5('i' || g), 'hex'), 'citizens.nik', 1, md5('r' || g)::uuid "
        "FROM generate_series(1, %s) g", [people])  # fmt: skip
    run("DROP TABLE IF EXISTS peer")
    run("CREATE TABLE peer AS SELECT md5('i' || g)::uuid AS id, 'citizens.nik'::text AS place, 1::smallint AS version, "
        "md5('r' || g)::uuid AS ref FROM generate_series(1, %s) g", [people])  # fmt: skip
    run("ALTER TABLE peer ADD PRIMARY KEY (id)")
    run("VACUUM ANALYZE core_mark, peer")
    run(LOOK_UP.format(name="mark", type="bytea", column="ref", table="core_mark", key="index"))
    run(LOOK_UP.format(name="peer", type="uuid", column="ref", table="peer", key="id"))
    dice, numbers = random.Random(1), []
    for _ in range(100_000):
        numbers.append(dice.randint(1, 2 * people))
    keys = {
        kind: one(f"SELECT array_agg({make} ORDER BY place) FROM unnest(%s::int[]) WITH ORDINALITY AS k(n, place)",
                  [numbers])[0]
        for kind, make in (("bytea", "decode(md5('i' || n), 'hex')"), ("uuid", "md5('i' || n)::uuid"))
    }  # fmt: skip
    run("CREATE TEMP TABLE asked AS SELECT %s::bytea[] AS marks, %s::uuid[] AS peers", [keys["bytea"], keys["uuid"]])
    mark, peer = in_turn(
        lambda: one("SELECT look_up_mark(marks) FROM asked"), lambda: one("SELECT look_up_peer(peers) FROM asked"),
        repeat=15 if full else 7, clock=cpu,
    )  # fmt: skip
    sizes = one("SELECT pg_relation_size('core_mark_pkey'), pg_relation_size('peer_pkey')")
    run("DROP TABLE asked")
    run("TRUNCATE core_mark")
    return {
        "unique_ratio": figure(
            mark / peer, 1.1, "mark by blind index / row by uuid primary key, CPU", people, full=full
        ),
        "unique_index_ratio": figure(
            sizes[0] / sizes[1], None, f"bytes of the two indexes, {sizes[0]:,} / {sizes[1]:,}", people
        ),
    }


def duplicates(people: int, *, full: bool) -> dict[str, Figure]:
    """d. One person in a hundred is entered twice with a typing error in the name. Recall: of the planted pairs (same
    birth date) that the whole-table query finds, those that ours finds. Both at the product's likeness."""
    from bekal.citizens.queries import LIKELY_DUPLICATES, LIKENESS, likely_duplicates

    asked = planted(people)
    run("CREATE INDEX whole ON citizens_citizen USING gin (name gin_trgm_ops)")
    run("VACUUM ANALYZE citizens_citizen")
    run(f"SET pg_trgm.similarity_threshold = {LIKENESS}")
    found: dict[str, set[Any]] = {"whole": set(), "ours": set()}
    times: dict[str, list[float]] = {"whole": [], "ours": []}
    query = "SELECT id FROM citizens_citizen WHERE name %% %s"
    for key, other, name in asked:
        times["whole"].append(executing(query, [name]))
        times["ours"].append(executing(LIKELY_DUPLICATES, [key, LIKENESS, 20]))
        found["whole"] |= {other} & {row for (row,) in all_rows_of(query, [name])}
        found["ours"] |= {other} & {one.id for one in likely_duplicates(key, limit=1_000)}
    run("DROP INDEX whole")
    run("TRUNCATE citizens_citizen CASCADE")
    speed = statistics.median(times["whole"]) / statistics.median(times["ours"])
    recall = len(found["ours"] & found["whole"]) / len(found["whole"])
    return {
        "duplicates_speed_up": figure(
            speed, 500, "trigrams over the whole table / birth date first, execution", people, most=False, full=full
        ),
        "duplicates_recall": figure(
            recall, 0.98, f"planted pairs found of {len(found['whole'])} that the whole-table query finds", len(asked),
            most=False,
        ),
        "duplicates_found": figure(len(found["ours"]) / len(asked), None, "planted pairs found of all", len(asked)),
    }  # fmt: skip


def all_rows_of(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def executing(sql: str, parameters: Sequence[Any]) -> float:
    """Milliseconds inside the database, without planning: the second of two runs."""
    for _ in range(2):
        (told,) = one(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", parameters)
    return float((json.loads(told) if isinstance(told, str) else told)[0]["Execution Time"])


def planted(people: int) -> list[tuple[Any, Any, str]]:
    """Fill the register; (person, the same person entered again, the name as first entered) of fifty of them."""
    dice = random.Random(2)
    first, last = FIRST.split(), LAST.split()
    weights = [1 / (place + 3) for place in range(len(first))]
    names = [
        " ".join((*dict.fromkeys(dice.choices(first, weights, k=dice.choice((1, 2)))), dice.choice(last)))
        for _ in range(people - people // 100)
    ]
    days = [date(1960, 1, 1) + timedelta(days=dice.randrange(16_000)) for _ in names]
    twice = dice.sample(range(len(names)), people // 100)
    run(PEOPLE, [len(names) + len(twice)])
    run("CREATE TEMP TABLE said AS SELECT row_number() OVER () AS n, * "
        "FROM unnest(%s::text[], %s::date[]) AS t(name, born)",
        [[*names, *(mistyped(names[at], dice) for at in twice)], [*days, *(days[at] for at in twice)]])  # fmt: skip
    run("CREATE TEMP TABLE numbered AS SELECT id, row_number() OVER () AS n FROM citizens_citizen")
    run("UPDATE citizens_citizen c SET name = s.name, birth_date = s.born FROM numbered m JOIN said s USING (n) "
        "WHERE m.id = c.id")  # fmt: skip
    keys = dict(all_rows("SELECT n, id FROM numbered"))
    run("DROP TABLE said, numbered")
    return [(keys[at + 1], keys[len(names) + place + 1], names[at]) for place, at in enumerate(twice[:50])]


def mistyped(name: str, dice: random.Random) -> str:
    """One letter left out, doubled, swapped with the next or replaced; or a word left out of three."""
    words = name.split()
    if len(words) > 2 and dice.random() < 0.2:
        return " ".join(words[:1] + words[2:])
    at = dice.randrange(len(name) - 1)
    before, here, after = name[:at], name[at], name[at + 1 :]
    ways = (before + after, before + here + here + after, before + after[0] + here + after[1:],
            before + dice.choice("aeiou") + after)  # fmt: skip
    return dice.choice(ways)


TABLES = ("core_mark", "citizens_holding", "citizens_citizen", "citizens_consent")


def importing(people: int, *, full: bool, repeat: int) -> dict[str, Figure]:
    """e. The file is validated, duplicates looked for, values sealed, an event with its lines kept. The bare COPY gets
    the finished rows of the same tables as text, and has no event to keep."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "applicants.csv"
        write_applicants(file, people)
        for _ in range(repeat):
            run(f"TRUNCATE {', '.join(TABLES)} CASCADE")
            ours.append(both_clocks(take_in, file))
            prepared = {table: exported(table) for table in TABLES}
            run(f"TRUNCATE {', '.join(TABLES)} CASCADE")
            bare.append(both_clocks(copy_in, prepared))
    run(f"TRUNCATE {', '.join(TABLES)} CASCADE")
    (our_wall, our_cpu), (bare_wall, bare_cpu) = (
        map(statistics.median, zip(*side, strict=True)) for side in (ours, bare)
    )
    of = "import with full validation / bare COPY, CPU of both sides"
    return {
        "import_ratio": figure(our_cpu / bare_cpu, 3, of, people, full=full),
        "import_wall_ratio": figure(our_wall / bare_wall, None, "the same, wall", people),
        "import_us": figure(our_cpu / people * 1e6, None, "microseconds of CPU a person, ours", people),
    }


def both_clocks(work: Callable[[Any], object], what: Any) -> tuple[float, float]:
    """Wall and CPU seconds."""
    spent: list[float] = []
    return wall(lambda: spent.append(cpu(lambda: work(what)))), spent[0]


def take_in(file: Path) -> None:
    from bekal.cli.main import main

    if main(["import", "applicants", str(file)]):
        raise AssertionError("the import must succeed")


def exported(table: str) -> list[bytes]:
    from django.db import connection

    with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT") as copy:
        return [bytes(data) for data in copy]


def copy_in(prepared: dict[str, list[bytes]]) -> None:
    from django.db import connection

    for table, rows in prepared.items():
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
            for start in range(0, len(rows), 1_000):
                copy.write(b"".join(rows[start : start + 1_000]))


def write_applicants(file: Path, people: int) -> None:
    """Different people, three to a family card, spelled as people spell."""
    heading = ("nik", "family_card", "name", "birth_date", "sex", "regency", "phone", "schooling", "occupation",
               "consents", "consent_taken", "interests")  # fmt: skip
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(heading)
        for number in range(people):
            day, serial = divmod(number, 999)
            born = date(1960, 1, 1) + timedelta(days=day * 13 % 16_000)
            region = ("327310", "317404", "120401", "530101")[day * 13 // 16_000 % 4]
            woman = number % 2 == 0
            nik = f"{region}{born.day + 40 * woman:02}{born:%m%y}{serial * 10 + day // 64_000 + 1:04}"
            writer.writerow((
                nik, f"{region}010110{number // 3 % 10_000:04}", f"Siti Nurhaliza {number:o}"[:24],
                born.isoformat(), "P" if woman else "L", f"{region[:2]}.{region[2:4]}",
                f"0812 {number // 10_000:04} {number % 10_000:04}",
                "senior", "job_seeker", "identity_check|research", "signature", "computer|design",
            ))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the people, at most 50 s")
    parser.add_argument("--people", type=int)
    parser.add_argument("--only", default="a,b,c,d,e")
    options = parser.parse_args()
    people = options.people or (50_000 if options.quick else 1_000_000)
    full = people >= 1_000_000
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    parts: dict[str, Callable[[], dict[str, Figure]]] = {
        "a": lambda: deciding(people, full=full),
        "b": lambda: protecting(min(people, 200_000) // (1 if full else 4), full=True),
        "c": lambda: uniqueness(people, full=full),
        "d": lambda: duplicates(people, full=full),
        "e": lambda: importing(people if full else people // 2, full=full, repeat=1),
    }
    result: dict[str, Figure] = {}
    for name in options.only.split(","):
        began = time.perf_counter()
        found = parts[name]()
        result |= found
        for label, row in found.items():
            print(f"{label:22} {row['value']:>10} (goal {row['goal']}) {row['of']}, {row['size']:,}", flush=True)
        print(f"  {name}: {time.perf_counter() - began:.0f} s", flush=True)
    print("RESULT " + json.dumps(result))


if __name__ == "__main__":
    main()
