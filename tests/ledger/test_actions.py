"""Posting, pending, sealing; and a property test of the whole."""

import itertools
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.core.events import Actor
from bekal.ledger import queries
from bekal.ledger.actions import (
    AlreadyResolved,
    AlteredReplay,
    BadPosting,
    NoSuchAccount,
    NotPending,
    Overdrawn,
    open_accounts,
    post_transfers,
    resolve_pending,
    seal_journal,
)
from bekal.ledger.models import Account, Seal, Transfer
from bekal.ledger.rules import Opening, Posting

BY = Actor.system("tests")
AT = datetime(2023, 8, 1, 3, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def post(*transfers: Posting) -> None:
    post_transfers(by=BY, at=AT, transfers=transfers)


def resolve(into: str, *references: str) -> None:
    resolve_pending(by=BY, at=AT, references=references, into=into)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def accounts() -> None:
    opened = [Opening("treasury", "treasury", limit="none"), *(Opening(key, "test") for key in ("a", "b", "c"))]
    for _ in range(2):
        open_accounts(by=BY, at=AT, accounts=opened)
    post(Posting("treasury", "a", 100, "fund", "start"))


def test_money_moves_between_two_ends() -> None:
    post(Posting("a", "b", 60, "x", "t1"))
    assert queries.balance("a").available == 40
    assert queries.balance("b") == queries.Balance(60, 0, 0, 60, 0)
    assert queries.balance("nowhere") == queries.NOTHING
    assert queries.imbalance() == 0


def test_overspending_is_refused_and_nothing_moves() -> None:
    with pytest.raises(Overdrawn):
        post(Posting("a", "b", 60, "x", "t1"), Posting("a", "c", 41, "x", "t2"))
    assert queries.balance("a").available == 100
    assert queries.balance("b").available == 0


def test_the_database_itself_refuses_overspending() -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_account SET debits_posted = 101 WHERE key = 'a'")


@pytest.mark.parametrize(
    "statement", ["UPDATE ledger_transfer SET amount = 1", "DELETE FROM ledger_transfer", "DELETE FROM ledger_seal"]
)
def test_transfers_and_seals_are_never_changed(statement: str) -> None:
    seal_journal(by=BY, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_replay_changes_nothing_and_an_altered_one_is_refused() -> None:
    post(Posting("a", "b", 60, "x", "t1"))
    post(Posting("a", "b", 60, "x", "t1"))
    post(Posting("a", "b", 60, "x", "t1"), Posting("a", "b", 5, "x", "t2"))
    assert queries.balance("b").available == 65
    with pytest.raises(AlteredReplay):
        post(Posting("a", "b", 61, "x", "t1"))


@pytest.mark.parametrize(
    "bad",
    [
        Posting("a", "b", 0, "x", "t"),
        Posting("a", "b", -5, "x", "t"),
        Posting("a", "b", 2**63, "x", "t"),
        Posting("a", "b", 1.5, "x", "t"),  # type: ignore[arg-type]
        Posting("a", "a", 5, "x", "t"),
        Posting("a", "b", 5, "x", ""),
    ],
)
def test_impossible_transfers_are_refused(bad: Posting) -> None:
    with pytest.raises(BadPosting):
        post(bad)


def test_one_reference_twice_in_a_batch_is_refused() -> None:
    with pytest.raises(BadPosting):
        post(Posting("a", "b", 5, "x", "t"), Posting("a", "c", 5, "x", "t"))


def test_an_unknown_account_is_refused() -> None:
    with pytest.raises(NoSuchAccount):
        post(Posting("a", "nowhere", 5, "x", "t"))


def test_pending_money_is_spent_until_voided() -> None:
    post(Posting("a", "b", 70, "x", "p", phase="pending"))
    assert queries.balance("a") == queries.Balance(30, 70, 0, 100, 0)
    assert queries.balance("b").available == 0
    with pytest.raises(Overdrawn):
        post(Posting("a", "c", 31, "x", "t"))
    resolve("void", "p")
    assert queries.balance("a").available == 100
    resolve("void", "p")
    with pytest.raises(AlreadyResolved):
        resolve("post", "p")


def test_pending_money_is_posted_once() -> None:
    post(Posting("a", "b", 70, "x", "p", phase="pending"))
    resolve("post", "p")
    resolve("post", "p")
    assert queries.balance("b").available == 70
    assert queries.balance("a") == queries.Balance(30, 0, 0, 100, 70)
    with pytest.raises(NotPending):
        resolve("post", "start")


def test_statement_and_sums() -> None:
    post(Posting("a", "b", 70, "x", "p", phase="pending"), Posting("a", "c", 10, "y", "q"))
    resolve("post", "p")
    lines = queries.statement("a")
    assert {(line.reference, line.amount, line.other) for line in lines} == {
        ("start", 100, "treasury"), ("q", -10, "c"), ("p", 0, "b"), ("p#post", -70, "b"),
    }  # fmt: skip
    assert [line.reference for line in lines][0::3] == ["start", "p#post"]
    assert queries.sums_by_code() == {"fund": 100, "x": 70, "y": 10}
    assert queries.sums_by_account("x", "a") == {"a": 70}
    assert queries.balances_by_kind()["test"].available == 100


def test_seals_are_chained_and_an_outsider_verifies_them(tmp_path: Path) -> None:
    seal_journal(by=BY, at=AT)
    for number in range(5):
        post(Posting("a", "b", 1, "x", f"t{number}"))
    seal_journal(by=BY, at=AT)
    seal_journal(by=BY, at=AT)
    export = queries.journal_export()
    assert [seal["size"] for seal in export["seals"]] == [1, 5]
    assert export["seals"][1]["previous"] == export["seals"][0]["chain"]
    file = tmp_path / "journal.json"
    file.write_text(json.dumps(export))
    assert verify(file) == 0
    export["proofs"][3]["leaf"]["amount"] = 2
    file.write_text(json.dumps(export))
    assert verify(file) == 1


def test_one_proof_opens_one_leaf() -> None:
    post(Posting("a", "b", 1, "x", "mine"), Posting("a", "c", 2, "x", "other"))
    seal_journal(by=BY, at=AT)
    export = queries.journal_export(["mine"])
    assert [proof["leaf"]["reference"] for proof in export["proofs"]] == ["mine"]
    assert "other" not in json.dumps(export)


def verify(file: Path) -> int:
    return subprocess.run([sys.executable, "tools/verify_ledger.py", str(file)], check=False).returncode


steps = st.lists(
    st.tuples(
        st.sampled_from(["single", "pending", "post", "void"]),
        st.sampled_from(["treasury", "a", "b", "c"]),
        st.sampled_from(["treasury", "a", "b", "c"]),
        st.integers(1, 80),
        st.integers(0, 9),
    ),
    max_size=25,
)


EXAMPLES = itertools.count()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_whatever_happens_the_books_balance(sequence: list[tuple[str, str, str, int, int]]) -> None:
    """Any sequence of postings and resolutions: no limited account below zero, difference 0, counters = transfers."""
    example = next(EXAMPLES)
    names = {key: f"{key}{example}" for key in ("treasury", "a", "b", "c")}
    for key, name in names.items():
        opening = Opening(name, "test", limit="none" if key == "treasury" else "debits", busy=key == "b")
        open_accounts(by=BY, at=AT, accounts=[opening])
    for kind, debit, credit, amount, number in sequence:
        reference = f"{example}:{number}"
        try:
            if kind in ("post", "void"):
                resolve(kind, reference)
            else:
                post(Posting(names[debit], names[credit], amount, "x", reference, phase=kind))  # type: ignore[arg-type]
        except (Overdrawn, AlteredReplay, BadPosting, NotPending, AlreadyResolved):
            pass
        assert queries.imbalance() == 0
        assert all(queries.balance(names[key]).available >= 0 for key in ("a", "b", "c"))


def test_the_books_are_recomputed_from_the_transfers() -> None:
    post(Posting("a", "b", 5, "x", "t1"))
    seal_journal(by=BY, at=AT)
    post(Posting("a", "b", 6, "x", "t2"))
    seal_journal(by=BY, at=AT)
    assert queries.books_in_order() == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE ledger_transfer DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE ledger_seal DISABLE TRIGGER USER")
        cursor.execute("UPDATE ledger_account SET credits_posted = credits_posted + 1 WHERE key = 'b'")
        cursor.execute("UPDATE ledger_transfer SET amount = 7 WHERE reference = 't2'")
        cursor.execute("UPDATE ledger_seal SET chain = '\\x00' WHERE number = 1")
    problems = queries.books_in_order()
    assert len(problems) == 4
    assert problems[0] == "accounts and transfers do not agree"


def test_nothing_to_open_is_no_event_and_no_fault() -> None:
    open_accounts(by=BY, at=AT, accounts=[])


def test_another_broken_constraint_is_not_called_overdrawn() -> None:
    """A counter that would go below zero is a defect, not a refusal."""
    post(Posting("a", "b", 5, "x", "p", phase="pending"))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_account SET credits_pending = 0 WHERE key = 'b'")
    with pytest.raises(IntegrityError):
        resolve("void", "p")


def test_rows_name_themselves() -> None:
    post(Posting("a", "b", 5, "x", "t1"))
    seal_journal(by=BY, at=AT)
    assert [str(Account.objects.get(key="a")), str(Transfer.objects.get(reference="t1"))] == ["a", "t1"]
    assert str(Seal.objects.get()) == "1"
