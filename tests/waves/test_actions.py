"""A wave from plan to announcement, and everything that must be refused on the way."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bekal.core import ports
from bekal.engines.draw.beacon import QUICKNET, BeaconLied
from bekal.engines.draw.bundle import encode_bundle, verify_bundle
from bekal.engines.draw.commitment import RoundTooNear, SignaturesRefused, endorse
from bekal.engines.draw.receipt import verify_receipt
from bekal.notices.models import Notice
from bekal.rulebooks.models import RuleBook
from bekal.waves import actions, queries, tasks
from bekal.waves.models import Application, Joining
from bekal.waves.ports import FetchedRound
from tests.eligibility.making import eligible_citizen
from tests.rulebooks.making import loaded_programme
from tests.waves.making import (
    BY,
    CLOSES,
    COMMIT,
    DRAWN,
    OPENS,
    ROUND,
    SHOWN,
    WITNESSES,
    committed,
    drawn_wave,
    joined,
    open_wave,
    planned_wave,
    signed,
)

pytestmark = pytest.mark.django_db
ClockAt = Callable[[datetime], None]


@pytest.fixture
def book(clock_at: ClockAt) -> RuleBook:
    return loaded_programme("prakerja-2023")


def test_planning_twice_changes_nothing(book: RuleBook) -> None:
    assert planned_wave(book).id == planned_wave(book, places=9).id
    assert queries.wave_view(59).places == 3


def test_a_programme_without_selection_has_no_wave(clock_at: ClockAt) -> None:
    with pytest.raises(actions.NoSelection):
        planned_wave(loaded_programme("skills-week"))


def test_waves_open_and_close_in_time(book: RuleBook, clock_at: ClockAt) -> None:
    wave = planned_wave(book)
    with pytest.raises(actions.NotYetDue):
        actions.open_wave(by=BY, at=OPENS - timedelta(seconds=1), wave_id=wave.id)
    clock_at(OPENS)
    assert tasks.open_and_close_due() == 1
    assert [open_wave.number for open_wave in queries.waves_open_at(OPENS)] == [59]
    with pytest.raises(actions.NotYetDue):
        actions.close_wave(by=BY, at=OPENS, wave_id=wave.id)
    clock_at(CLOSES)
    assert queries.waves_open_at(CLOSES) == []
    assert (tasks.open_and_close_due(), tasks.open_and_close_due()) == (1, 0)


def test_one_person_one_ticket(book: RuleBook) -> None:
    wave = open_wave(book)
    (person,) = joined(wave, book, 1)
    first = Joining.objects.get()
    again = actions.join_wave(at=OPENS + timedelta(days=1), wave_id=wave.id, citizen_id=person)
    assert (again.ticket_id, again.joined_at) == (bytes(first.ticket_id), first.joined_at)
    assert Joining.objects.get().attempts == 2
    found = queries.application_of(person)
    assert found
    assert (found.settled, found.state, found.ticket_id) == (False, "joined", again.ticket_id.hex())
    actions.close_wave(by=BY, at=CLOSES, wave_id=wave.id)
    assert (tasks.settle_due(), tasks.settle_due()) == (1, 0)
    found = queries.application_of(person)
    assert found
    assert (found.settled, found.state, found.rank) == (True, "joined", None)
    assert (found.region, found.group) == ("32", "general")
    assert found.ticket_id == again.ticket_id.hex()


def test_when_nobody_may_join(book: RuleBook, clock_at: ClockAt) -> None:
    wave = planned_wave(book)
    person = eligible_citizen(book.id, 3).id
    for at in (OPENS, CLOSES):
        with pytest.raises(actions.WaveClosed):
            actions.join_wave(at=at, wave_id=wave.id, citizen_id=person)
    clock_at(OPENS)
    actions.open_wave(by=BY, at=OPENS, wave_id=wave.id)
    for at in (OPENS - timedelta(seconds=1), CLOSES):
        with pytest.raises(actions.WaveClosed):
            actions.join_wave(at=at, wave_id=wave.id, citizen_id=person)
    with pytest.raises(queries.NoSuchWave):
        actions.join_wave(at=OPENS, wave_id=person, citizen_id=person)
    assert not Joining.objects.exists()


def test_an_empty_wave_commits_nothing(book: RuleBook) -> None:
    wave = open_wave(book)
    with pytest.raises(actions.NobodyJoined):
        committed(wave)


@pytest.mark.parametrize("late", [timedelta(hours=2), timedelta(hours=1, minutes=15)])
def test_a_round_that_is_past_or_near_is_refused(book: RuleBook, late: timedelta) -> None:
    wave = open_wave(book)
    joined(wave, book, 2)
    actions.close_wave(by=BY, at=CLOSES, wave_id=wave.id)
    tasks.settle_due()
    with pytest.raises(RoundTooNear):
        actions.commit_roll(by=BY, at=COMMIT + late, wave_id=wave.id, source=ROUND)


def test_the_draw_and_its_proofs(book: RuleBook, tmp_path: Path) -> None:
    wave = drawn_wave(book, people=8, places=3)
    bundle, roll, result = queries.bundle_of(59), queries.file_of(59, 1, "roll"), queries.file_of(59, 1, "result")
    assert bundle
    assert roll
    assert result
    assert verify_bundle(bundle, roll, result_file=result) == []
    assert queries.counts_by_state(wave.id) == {"selected": 3, "waiting": 5}
    (tmp_path / "bundle.json").write_bytes(encode_bundle(bundle))
    (tmp_path / "roll.bin").write_bytes(roll)
    command = [sys.executable, "tools/verify_draw.py", str(tmp_path / "bundle.json"), str(tmp_path / "roll.bin")]
    assert subprocess.run(command, check=False).returncode == 0
    for row in Application.objects.all():
        receipt = queries.receipt_of(row.citizen_id, wave.id)
        assert receipt
        proof = queries.proof_file(59, 1, receipt["block"])
        assert proof
        assert proof[1]
        problems, standing = verify_receipt(
            json.loads(json.dumps(receipt)), proof[0], thresholds_root=bundle["result"]["thresholds"]
        )
        assert (problems, standing.selected) == ([], row.state == "selected")
    line = [queries.application_of(entry) for entry in queries.applicants_of(wave.id)]
    places = sorted(view.position_in_waiting for view in line if view and view.position_in_waiting)
    assert places == [1, 2, 3, 4, 5]
    assert len([won for *_, won in queries.assignments(wave.id) if won]) == 3


def test_without_all_signatures_nothing_is_drawn(book: RuleBook) -> None:
    wave = open_wave(book)
    joined(wave, book, 3)
    committed(wave)
    signed(wave, witnesses=1)
    with pytest.raises(SignaturesRefused):
        actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    assert queries.counts_by_state(wave.id) == {"joined": 3}


def test_a_lying_beacon_draws_nothing(book: RuleBook) -> None:
    wave = open_wave(book)
    joined(wave, book, 3)
    committed(wave)
    signed(wave)
    with pytest.raises(BeaconLied):
        actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=replace(SHOWN, randomness="00" * 32))
    with pytest.raises(actions.RoundMismatch):
        actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=replace(SHOWN, number=124))
    assert queries.counts_by_state(wave.id) == {"joined": 3}


def test_a_finished_draw_is_not_repeated(book: RuleBook) -> None:
    wave = drawn_wave(book)
    before = queries.bundle_of(59)
    with pytest.raises(actions.AlreadyDrawn):
        actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    with pytest.raises(actions.AlreadyDrawn):
        actions.sign_commitment(by=BY, at=DRAWN, wave_id=wave.id, name="sari")
    assert queries.bundle_of(59) == before


def test_nothing_is_signed_before_there_is_a_commitment(book: RuleBook) -> None:
    wave = open_wave(book)
    with pytest.raises(actions.NotYetDue):
        actions.sign_commitment(by=BY, at=OPENS, wave_id=wave.id, name="sari")
    assert queries.draw_of(59) is None
    assert queries.file_of(59, 1, "roll") is None
    assert list(queries.assignments(wave.id)) == []
    assert queries.receipt_of(wave.id, wave.id) is None


def test_a_forged_countersignature_is_refused(book: RuleBook) -> None:
    wave = open_wave(book)
    joined(wave, book, 2)
    committed(wave)
    signed(wave)
    found = queries.draw_of(59)
    assert found
    other = endorse(found.commitment, by="One", role="witness", private_key=WITNESSES["Two"], at=COMMIT)
    for name, signature in (("One", other["signature"]), ("Nobody", other["signature"]), ("One", "zz")):
        with pytest.raises(actions.SignatureWrong):
            actions.countersign(by=BY, at=COMMIT, wave_id=wave.id, name=name, signature=signature, signed_at=COMMIT)


def test_a_witness_keeps_its_key(book: RuleBook) -> None:
    actions.register_witness(by=BY, at=COMMIT, name="One", public_key="11" * 32)
    actions.register_witness(by=BY, at=COMMIT, name="One", public_key="11" * 32)
    with pytest.raises(actions.SignatureWrong):
        actions.register_witness(by=BY, at=COMMIT, name="One", public_key="22" * 32)


def test_the_beacon_is_asked_and_everybody_is_told(
    book: RuleBook, clock_at: ClockAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Relay:
        def fetch(self, *, chain_hash: str, number: int) -> FetchedRound:
            assert (chain_hash, number) == (QUICKNET.chain_hash, 123)
            return FetchedRound(123, bytes.fromhex(SHOWN.randomness), bytes.fromhex(SHOWN.signature), None)

    monkeypatch.setattr(tasks, "open_port", lambda name: Relay())
    wave = open_wave(book)
    joined(wave, book, 4)
    committed(wave)
    signed(wave)
    clock_at(DRAWN)
    tasks.draw_now(wave.id)
    tasks.announce(wave.id)
    assert queries.wave_of(wave.id).state == "announced"
    assert Notice.objects.filter(template="waves.result_message").count() == 4


def test_the_waiting_list_ends(book: RuleBook) -> None:
    wave = drawn_wave(book, people=5, places=2)
    assert actions.end_waiting_list(by=BY, at=DRAWN, wave_id=wave.id) == 3
    assert queries.counts_by_state(wave.id) == {"not_drawn": 3, "selected": 2}


def test_unknown_waves(book: RuleBook) -> None:
    for look in (lambda: queries.wave_view(1), lambda: queries.wave_of(book.id)):
        with pytest.raises(queries.NoSuchWave):
            look()


def test_a_port_that_is_not_configured_says_so() -> None:
    with pytest.raises(ports.PortClosed):
        ports.open_port("nothing")


def test_every_further_join_is_counted_as_a_collapsed_duplicate(book: RuleBook) -> None:
    wave = open_wave(book)
    person, *_ = joined(wave, book, 3)
    for _ in range(2):
        actions.join_wave(at=OPENS, wave_id=wave.id, citizen_id=person)
    committed(wave)
    found = queries.draw_of(59)
    assert found
    assert (found.commitment["roll"]["people"], found.commitment["roll"]["duplicates"]) == (3, 2)
