"""Actions, events, states, ids and sealed columns."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, connection, transaction

from bekal.core import clock, events, ids, machine, texts, vault
from bekal.core.atomic import ActionWithoutEvent, action
from bekal.core.events import Actor
from bekal.core.models import Event, EventLine
from bekal.core.money import format_rupiah
from bekal.notices.models import MOVES, Notice, State

BY = Actor.system("tests")
AT = datetime(2023, 8, 1, 3, 0, tzinfo=UTC)


@action
def note(*, by: Actor, at: datetime, key: str = "x") -> int:
    return events.record(kind="tests.noted", by=by, at=at, about="test", key=key, data={"n": 1})


@action
def silent(*, by: Actor, at: datetime) -> None:
    pass


@action
def note_then_fail(*, by: Actor, at: datetime) -> None:
    note(by=by, at=at)
    raise ValueError


@action
def silent_inside(*, by: Actor, at: datetime) -> None:
    note(by=by, at=at)
    silent(by=by, at=at)


@pytest.mark.django_db
def test_an_action_leaves_an_event() -> None:
    note(by=BY, at=AT)
    event = Event.objects.get()
    assert (event.kind, event.actor_kind, event.actor_key, event.data) == ("tests.noted", "system", "tests", {"n": 1})


@pytest.mark.django_db
@pytest.mark.parametrize("quiet", [silent, silent_inside])
def test_an_action_without_an_event_is_rolled_back(quiet: Callable[..., None]) -> None:
    with pytest.raises(ActionWithoutEvent):
        quiet(by=BY, at=AT)
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_refused_action_leaves_nothing() -> None:
    with pytest.raises(ValueError):
        note_then_fail(by=BY, at=AT)
    assert not Event.objects.exists()


def test_events_are_recorded_in_actions_only() -> None:
    with pytest.raises(RuntimeError):
        events.nothing_changed()


@pytest.mark.django_db
def test_a_batch_event_has_its_lines() -> None:
    @action
    def many(*, by: Actor, at: datetime) -> None:
        events.record_batch(
            kind="tests.many", by=by, at=at, about="test", key="b", lines=((str(n), {"n": n}) for n in range(3))
        )

    many(by=BY, at=AT)
    assert list(EventLine.objects.order_by("id").values_list("key", flat=True)) == ["0", "1", "2"]


@pytest.mark.django_db
@pytest.mark.parametrize("statement", ["UPDATE core_event SET why = 'x'", "DELETE FROM core_event"])
def test_events_are_never_changed(statement: str) -> None:
    note(by=BY, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.get().why == ""


@pytest.mark.django_db
def test_states_move_by_compare_and_swap() -> None:
    notice = Notice.objects.create(
        id=ids.fresh("n"), reference="r", address_sealed=b"", text_sealed=b"", template="t", queued_at=AT
    )
    twin = Notice.objects.get()
    machine.move(notice, State.SENT, moves=MOVES, sent_at=AT)
    assert notice.sent_at == AT
    with pytest.raises(machine.Stale):
        machine.move(twin, State.SENT, moves=MOVES, sent_at=AT)
    with pytest.raises(machine.IllegalMove):
        machine.move(notice, State.QUEUED, moves=MOVES)


def test_ids_follow_time_and_differ() -> None:
    first, second = ids.fresh("a"), ids.fresh("a")
    assert first != second
    assert first.version == 7
    assert abs((first.int >> 80) / 1000 - datetime.now(UTC).timestamp()) < 5


def test_a_seed_makes_ids_repeatable(seeded: None, clock_at: Callable[[datetime], None]) -> None:
    assert ids.fresh("a", "b") == ids.fresh("a", "b") != ids.fresh("ab")
    assert ids.fresh_digits(6, "x") == ids.fresh_digits(6, "x")
    assert len(ids.fresh_code("AB", 12, "x")) == 12
    assert ids.fresh_secret("x") != ids.fresh_secret("y")


def test_the_rehearsal_clock_stands_and_runs(clock_at: Callable[[datetime], None]) -> None:
    clock_at(AT)
    assert clock.now() == AT == clock.now()
    clock.run_on()
    assert abs((clock.now() - AT).total_seconds()) < 5


def test_real_time_cannot_be_set(settings: Any) -> None:
    settings.CLOCK_FILE = None
    assert abs((clock.now() - datetime.now(UTC)).total_seconds()) < 5
    with pytest.raises(RuntimeError):
        clock.freeze(AT)


def test_sealed_columns_open_in_their_own_place_only() -> None:
    blob = vault.seal("3273010101900001", place="citizens.nik")
    assert vault.unseal(blob, place="citizens.nik") == "3273010101900001"
    assert b"3273" not in blob
    with pytest.raises(InvalidTag):
        vault.unseal(blob, place="citizens.phone")
    with pytest.raises(ValueError):
        vault.unseal(b"\x02" + blob[1:], place="citizens.nik")


def test_blind_indexes_agree_within_a_place() -> None:
    one, same, other = (vault.blind_indexes(["a"], place=place, version=1) for place in ("p", "p", "q"))
    assert one == same != other
    assert len(one[0]) == vault.INDEX_SIZE
    assert vault.signing_key("a").public_key() != vault.signing_key("b").public_key()


@pytest.mark.parametrize(("amount", "text"), [(600_000, "Rp600.000"), (0, "Rp0"), (-1_500, "-Rp1.500")])
def test_rupiah(amount: int, text: str) -> None:
    assert format_rupiah(amount) == text


@pytest.mark.django_db
def test_events_name_themselves() -> None:
    @action
    def many(*, by: Actor, at: datetime) -> None:
        events.record_batch(kind="tests.many", by=by, at=at, about="test", key="b", lines=[("1", {})])

    many(by=BY, at=AT)
    assert str(Event.objects.get()) == "tests.many test:b"
    assert str(EventLine.objects.get()).endswith(":1")


def test_texts_are_found_once_and_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert texts.text("access.code_used", "en").startswith("This code")
    with pytest.raises(texts.UnknownText):
        texts.text("no.such.text", "id")
    for name in ("a", "b"):
        (tmp_path / f"{name}.toml").write_text('["x.y"]\nid = "a"\nen = "b"\n')
    monkeypatch.setattr(texts, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="repeats"):
        texts.table.__wrapped__()
