"""The database's own part: keys and months, counting whoever inserts, busy accounts, sets, closing."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.core import ids
from bekal.core.events import Actor
from bekal.ledger import queries, tasks
from bekal.ledger.actions import (
    AccountClosed,
    AccountNotEmpty,
    AlteredReplay,
    NoSuchAccount,
    OtherCurrency,
    Overdrawn,
    close_account,
    fold_accounts,
    open_accounts,
    post_selected,
    post_transfers,
    resolve_pending,
    seal_journal,
)
from bekal.ledger.models import Account, Delta
from bekal.ledger.rules import Opening, Posting, key_of, month_of, resolution_of

BY = Actor.system("tests")
AT = datetime(2023, 8, 1, 3, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def post(*transfers: Posting, at: datetime = AT) -> None:
    post_transfers(by=BY, at=at, transfers=transfers)


def opened(*openings: Opening) -> None:
    open_accounts(by=BY, at=AT, accounts=openings)


@pytest.fixture(autouse=True)
def accounts() -> None:
    opened(
        Opening("treasury", "treasury", limit="none"),
        Opening("fund", "programme", busy=True),
        Opening("a", "test", owner="one", book="x"),
        Opening("b", "test"),
    )
    post(Posting("treasury", "fund", 1_000, "fund", "start"))


THING = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
references = st.one_of(
    st.from_regex(
        r"[a-z]{1,8}:[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(:[a-z0-9]{1,9})?",
        fullmatch=True,
    ),
    st.from_regex(r"01[0-9a-f]{10}7[0-9a-f]{19}", fullmatch=True),
    st.uuids(version=4).map(lambda one: f"x:{one}"),
    st.text("abcdef0123456789:-#/._", min_size=1, max_size=120),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(references)
def test_the_database_and_the_rule_give_the_same_key(reference: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT ledger_key(%s), ledger_resolution(ledger_key(%s))", [reference, reference])
        assert cursor.fetchone() == (key_of(reference), resolution_of(key_of(reference)))


def test_a_transfer_lies_in_the_month_of_the_thing_it_names() -> None:
    thing = UUID(f"{int(datetime(2031, 5, 9, tzinfo=UTC).timestamp() * 1000):012x}70008000000000000001")
    post(Posting("fund", "a", 5, "x", f"grant:{thing}:training"), Posting("fund", "a", 6, "x", thing.hex))
    assert month_of(key_of(thing.hex)) == datetime(2031, 5, 1, tzinfo=UTC)
    assert month_of(key_of("start")) == datetime(1970, 1, 1, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text, count(*) FROM ledger_transfer GROUP BY 1 ORDER BY 1")
        assert cursor.fetchall() == [("ledger_transfer_2031_05", 2), ("ledger_transfer_undated", 1)]


INSERT = """
    INSERT INTO ledger_transfer (key, debit_id, credit_id, amount, at, pending, code, phase, reference, actor)
    VALUES (%(key)s, %(debit)s, %(credit)s, 7, now(), %(pending)s, 'x', %(phase)s, %(reference)s, 'somebody')
"""


def insert(**changes: object) -> None:
    numbers = dict(Account.objects.values_list("key", "id"))
    row = {"key": key_of("sql"), "pending": None, "phase": "single", "reference": "sql"} | changes
    row |= {side: numbers.get(str(row.get(side, key)), 999) for side, key in (("debit", "fund"), ("credit", "a"))}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(INSERT, row)


def test_whoever_inserts_a_transfer_it_is_counted() -> None:
    insert()
    assert (queries.balance("fund").available, queries.balance("a").available) == (993, 7)
    assert queries.imbalance() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"credit": "nowhere"},
        {"debit": "nowhere"},
        {"debit": "a"},
        {"phase": "gone"},
        {"phase": "post"},
        {"pending": key_of("sql"), "phase": "post"},
        {"pending": key_of("other"), "key": resolution_of(key_of("other")), "phase": "void"},
        {"pending": key_of("start"), "key": resolution_of(key_of("start")), "phase": "post"},
        {"reference": 'a"b'},
        {"debit": "b"},
    ],
)
def test_the_database_refuses_what_cannot_be(changes: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        insert(**changes)
    assert queries.balance("fund").available == 1_000
    assert queries.imbalance() == 0


def test_a_resolution_moves_what_was_pending_and_nothing_else() -> None:
    post(Posting("fund", "a", 7, "x", "p", phase="pending"))
    resolution = {"pending": key_of("p"), "key": resolution_of(key_of("p")), "phase": "post", "reference": "p#post"}
    with pytest.raises(IntegrityError):
        insert(**resolution, credit="b")
    insert(**resolution)
    with pytest.raises(IntegrityError):
        insert(**resolution | {"phase": "void"})
    assert queries.standings(["p", "start", "never"]) == {
        "p": queries.Standing("post", 7), "start": queries.Standing("single", 1_000),
    }  # fmt: skip


def test_busy_money_counts_before_and_after_it_is_folded() -> None:
    post(*(Posting("treasury", "fund", 1, "fund", f"more:{n}") for n in range(20)))
    assert Delta.objects.count() > 0
    before = (queries.balance("fund"), queries.balance("treasury"), queries.balances_by_kind())
    fold_accounts(by=BY, at=AT)
    assert Delta.objects.count() == 0
    assert (queries.balance("fund"), queries.balance("treasury"), queries.balances_by_kind()) == before
    fold_accounts(by=BY, at=AT)


@pytest.mark.parametrize("count", [1, 3])
def test_a_busy_account_with_a_limit_is_never_overdrawn(count: int) -> None:
    share = 1_000 // count
    post(*(Posting("fund", "a", share, "x", f"t{n}") for n in range(count)))
    with pytest.raises(Overdrawn) as refused:
        post(*(Posting("fund", "b", share, "x", f"u{n}") for n in range(count)))
    assert refused.value.facts["accounts"] == "fund"
    assert queries.balance("fund").available == 1_000 - share * count


def test_a_set_posts_like_its_rows() -> None:
    select = """
        SELECT 'fund' AS debit, CASE WHEN n %% 2 = 0 THEN 'a' ELSE 'b' END AS credit, n AS amount, 'x' AS code,
            'set:' || n AS reference, 'single' AS phase FROM generate_series(1, %s) n
    """
    posted = post_selected(by=BY, at=AT, select=select, parameters=[9], name="nine")
    assert (posted.asked, posted.new) == (9, 9)
    again = post_selected(by=BY, at=AT, select=select, parameters=[10], name="ten")
    assert (again.asked, again.new) == (10, 1)
    post(*(Posting("fund", "b" if n % 2 else "a", n, "x", f"set:{n}") for n in range(1, 11)))
    assert (queries.balance("a").available, queries.balance("b").available) == (30, 25)
    with pytest.raises(AlteredReplay):
        post_selected(by=BY, at=AT, select=select.replace("n AS amount", "2 * n AS amount"), parameters=[3], name="x")
    with pytest.raises(Overdrawn):
        post_selected(by=BY, at=AT, select=select.replace("'set:'", "'more:'"), parameters=[99], name="x")
    with pytest.raises(NoSuchAccount):
        post_selected(by=BY, at=AT, select=select.replace("'a'", "'c'"), parameters=[30], name="x")
    assert queries.imbalance() == 0


def test_a_set_opens_the_months_it_needs() -> None:
    select = """
        SELECT 'fund' AS debit, 'a' AS credit, 1 AS amount, 'x' AS code, 'single' AS phase,
            'x:' || (lpad(to_hex(1700000000000 + n * 2700000000), 12, '0') || '70008000000000000000')::uuid AS reference
        FROM generate_series(1, 5) n
    """
    assert post_selected(by=BY, at=AT, select=select, parameters=[], name="five").new == 5
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_inherits WHERE inhparent = 'ledger_transfer'::regclass")
        assert cursor.fetchone()[0] >= 5


def test_many_more_than_one_statement_takes() -> None:
    things = ids.fresh_many([("thing", str(n)) for n in range(9_000)])
    post(Posting("treasury", "fund", 10_000, "fund", "more"))
    post(*(Posting("fund", "ab"[n % 2], 1, "x", f"thing:{thing}") for n, thing in enumerate(things)))
    assert queries.balance("a").available == queries.balance("b").available == 4_500
    resolve = [Posting("a", "b", 1, "x", f"hold:{thing}", phase="pending") for thing in things[:4_500]]
    post(*resolve)
    resolve_pending(by=BY, at=AT, references=[one.reference for one in resolve], into="void")
    assert queries.imbalance() == 0


def test_a_closed_account_takes_no_money() -> None:
    post(Posting("fund", "a", 5, "x", "t1"))
    with pytest.raises(AccountNotEmpty):
        close_account(by=BY, at=AT, key="a")
    with pytest.raises(AccountNotEmpty):
        close_account(by=BY, at=AT, key="fund")
    with pytest.raises(NoSuchAccount):
        close_account(by=BY, at=AT, key="nowhere")
    for _ in range(2):
        close_account(by=BY, at=AT, key="b")
    for batch in ([Posting("a", "b", 5, "x", "t2")], [Posting("a", "b", 1, "x", f"t{n}") for n in range(3, 6)]):
        with pytest.raises(AccountClosed):
            post(*batch)
    assert queries.balance("a").available == 5


def test_currencies_are_never_mixed() -> None:
    opened(Opening("dollars", "test", currency="USD"))
    with pytest.raises(OtherCurrency):
        post(Posting("fund", "dollars", 5, "x", "t"))
    with pytest.raises(IntegrityError):
        opened(Opening("in words", "test"))


def test_the_past_can_be_asked_for() -> None:
    later = AT + timedelta(days=40)
    post(Posting("fund", "a", 100, "x", "t1"), Posting("a", "b", 30, "x", "t2", phase="pending"))
    post(Posting("fund", "a", 11, "x", "t3"), at=later)
    resolve_pending(by=BY, at=later, references=["t2"], into="post")
    assert queries.balance_at("a", AT) == queries.Balance(70, 30, 0, 100, 0)
    assert queries.balance_at("a", later) == queries.balance("a") == queries.Balance(81, 0, 0, 111, 30)
    assert queries.balance_at("fund", AT).available == 900
    assert {line.reference for line in queries.statement("a", until=AT)} == {"t1", "t2"}
    assert queries.balance_at("a", AT - timedelta(seconds=1)) == queries.NOTHING


def test_the_ledger_does_its_own_work() -> None:
    for _ in range(2):
        tasks.fold_due()
        tasks.seal_due()
        tasks.open_months_due()
    assert [one.size for one in queries.seals()] == [1]
    assert Delta.objects.count() == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regclass(to_char(now() AT TIME ZONE 'UTC', '\"ledger_transfer_\"YYYY_MM')) IS NOT NULL"
        )
        assert cursor.fetchone() == (True,)


def test_seals_follow_on_over_gaps_in_the_numbers() -> None:
    """A number given to a posting that was rolled back is never used: the seal simply lacks it."""
    with pytest.raises(Overdrawn):
        post(Posting("fund", "a", 5_000, "x", "too-much"))
    seal_journal(by=BY, at=AT)
    post(Posting("fund", "a", 5, "x", "t"))
    seal_journal(by=BY, at=AT)
    assert [one.size for one in queries.seals()] == [1, 1]
    assert queries.books_in_order() == []
