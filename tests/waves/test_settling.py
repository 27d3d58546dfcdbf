"""Everybody who joined ends on the roll or on the published list of those excluded: one of the two, once."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from bekal.core import clock, ids, vault
from bekal.engines.draw.commitment import public_key_hex
from bekal.engines.draw.roll import decode_roll, ticket_id, ticket_ids
from bekal.engines.joining import sign_group, verify_join_receipt
from bekal.rulebooks.models import RuleBook
from bekal.waves import actions, queries, tasks
from bekal.waves.actions import settling
from bekal.waves.models import Application, Joining
from bekal.waves.rules import GONE, reason_to_exclude
from tests.citizens.making import registered_citizen
from tests.eligibility.making import eligible_citizen, settled
from tests.rulebooks.making import loaded_programme
from tests.waves.making import BY, CLOSES, COMMIT, OPENS, ROUND, committed, joined, open_wave

pytestmark = pytest.mark.django_db
OUTCOMES = ("eligible", "pending", "refused", "gone")
ClockAt = Callable[[datetime], None]


@pytest.fixture
def book(clock_at: ClockAt) -> RuleBook:
    return loaded_programme("prakerja-2023")


def mixed(book: RuleBook) -> dict[str, UUID]:
    """One eligible, one whose registry answer is out, one barred, one who is gone."""
    people = {"eligible": eligible_citizen(book.id, 1).id, "pending": registered_citizen(2).id}
    barred = registered_citizen(3).id
    settled(barred, book.id, "match", "civil_servant")
    return {**people, "barred": barred, "gone": ids.fresh("gone")}


def test_each_ends_in_the_roll_or_on_the_list(book: RuleBook) -> None:
    wave, people = open_wave(book, places=1), mixed(book)
    tickets = {
        name: actions.join_wave(at=OPENS, wave_id=wave.id, citizen_id=key).ticket_id for name, key in people.items()
    }
    committed(wave)
    found, roll = queries.draw_of(wave.number), queries.file_of(wave.number, 1, "roll")
    assert found
    assert roll
    on_roll = {decode_roll(roll).id_at(place) for place in range(decode_roll(roll).people)}
    assert on_roll == {tickets["eligible"], tickets["pending"]}
    listed = queries.exclusions_file(wave.id)
    rows = {bytes.fromhex(row["ticket_id"]): row["reason"] for row in csv.DictReader(io.StringIO(listed.decode()))}
    assert rows == {tickets["barred"]: "register:civil_servant", tickets["gone"]: GONE}
    assert found.commitment["excluded"] == {"count": 2, "sha256": hashlib.sha256(listed).hexdigest()}
    view = queries.application_of(people["barred"])
    assert view
    assert (view.state, view.rolled, view.reason) == ("excluded", False, rows[tickets["barred"]])
    assert queries.receipt_of(people["barred"], wave.id) is None
    assert queries.receipt_of(people["pending"], wave.id)
    assert set(queries.applicants_of(wave.id)) == {people["eligible"], people["pending"]}


def test_nothing_is_committed_before_everybody_is_settled(book: RuleBook) -> None:
    wave = open_wave(book)
    joined(wave, book, 3)
    with pytest.raises(actions.NotYetDue):
        actions.settle_joinings(by=BY, at=OPENS, wave_id=wave.id, citizen_ids=queries.unsettled(wave.id, 9))
    actions.close_wave(by=BY, at=CLOSES, wave_id=wave.id)
    first, *rest = queries.unsettled(wave.id, 9)
    assert actions.settle_joinings(by=BY, at=CLOSES, wave_id=wave.id, citizen_ids=[first]) == 1
    assert queries.unsettled(wave.id, 9) == rest
    assert queries.unsettled(wave.id, 1, after=rest[0]) == rest[1:]
    with pytest.raises(actions.NotSettled):
        actions.commit_roll(by=BY, at=COMMIT, wave_id=wave.id, source=ROUND)
    assert actions.settle_joinings(by=BY, at=CLOSES, wave_id=wave.id, citizen_ids=[first, *rest]) == 2
    assert actions.settle_joinings(by=BY, at=CLOSES, wave_id=wave.id, citizen_ids=[]) == 0
    actions.commit_roll(by=BY, at=COMMIT, wave_id=wave.id, source=ROUND)


def test_who_never_joined_is_not_settled(book: RuleBook) -> None:
    wave = open_wave(book)
    actions.close_wave(by=BY, at=CLOSES, wave_id=wave.id)
    stranger = eligible_citizen(book.id, 1).id
    assert actions.settle_joinings(by=BY, at=CLOSES, wave_id=wave.id, citizen_ids=[stranger]) == 0
    assert not Application.objects.exists()


def test_the_receipt_from_the_table_is_the_one_of_the_lane(book: RuleBook) -> None:
    wave = open_wave(book)
    (person,) = joined(wave, book, 1)
    leaf = queries.joined_leaf_of(person, wave.id)
    assert leaf
    assert queries.joined_leaf_of(ids.fresh("nobody"), wave.id) is None
    key = vault.signing_key(queries.RECEIPTS)
    receipt = json.loads(sign_group([leaf], key)[0])
    assert verify_join_receipt(receipt, public_key_hex(key)) == []
    assert receipt["ticket_id"] == bytes(Joining.objects.get().ticket_id).hex()


@given(st.lists(st.uuids(), max_size=20), st.binary(min_size=32, max_size=32))
def test_tickets_of_many_are_the_tickets_of_each(people: list[UUID], key: bytes) -> None:
    expected = [ticket_id(wave_key=key, person=person) for person in people]
    assert ticket_ids(wave_key=key, people=[person.bytes for person in people]) == expected


def test_why_a_person_is_excluded() -> None:
    assert reason_to_exclude("refused", ("age", "occupation")) == "age"
    assert reason_to_exclude("pending", ("age",)) == ""
    assert reason_to_exclude("eligible", ()) == ""


class Settled(TestCase):
    """Whatever the decisions, the order and the batches: tickets in = roll + list, no overlap, attempts add up."""

    @settings(max_examples=15, deadline=None)
    @given(
        st.lists(st.tuples(st.sampled_from(OUTCOMES), st.integers(1, 4)), max_size=12),
        st.integers(1, 5),
        st.booleans(),
    )
    def test_every_ticket_is_in_one_of_the_two(self, people: list[tuple[str, int]], size: int, again: bool) -> None:
        book = loaded_programme("prakerja-2023")
        wave = actions.plan_wave(
            by=BY, at=clock.now(), rulebook_id=book.id, number=59, opens_at=OPENS, closes_at=CLOSES, places=3
        )
        actions.open_wave(by=BY, at=OPENS, wave_id=wave.id)
        outcomes = {ids.fresh("person"): one for one in people}
        given = {
            actions.join_wave(at=OPENS, wave_id=wave.id, citizen_id=key).ticket_id
            for key, (_, tries) in outcomes.items()
            for _ in range(tries)
        }
        actions.close_wave(by=BY, at=CLOSES, wave_id=wave.id)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(settling, "decide_people", lambda **_: {})
            patch.setattr(settling, "decided", lambda _, keys: _stand_in(outcomes, keys))
            patch.setattr(tasks, "BATCH", size)
            tasks.settle_due()
            if again:
                tasks.settle_due()
        entries = queries.Entries(wave.id)
        roll = {member.ticket_id for member in entries.members()}
        listed = {bytes.fromhex(line[:32]) for line in queries.exclusions_file(wave.id).decode().split("\n")[1:-1]}
        assert roll | listed == given
        assert not roll & listed
        assert len(roll) == sum(outcome in ("eligible", "pending") for outcome, _ in people)
        assert entries.collapsed == sum(tries - 1 for outcome, tries in people if outcome in ("eligible", "pending"))


def _stand_in(outcomes: dict[UUID, tuple[str, int]], keys: list[UUID]) -> dict[UUID, object]:
    from bekal.eligibility.queries import Decided

    return {
        key: Decided(outcomes[key][0], ("age",) if outcomes[key][0] == "refused" else (), "32.73", "general")
        for key in keys
        if outcomes[key][0] != "gone"
    }
