"""The other source of randomness and the other end of a draw: a ceremony, an annulment, and the draw that follows."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError, connection, transaction

from bekal.core.events import Actor
from bekal.engines.draw.annulment import verify_annulment
from bekal.engines.draw.beacon import QUICKNET
from bekal.engines.draw.bundle import verify_bundle
from bekal.engines.draw.commitment import document_hash, endorse, public_key_hex
from bekal.engines.draw.recorded import REHEARSAL
from bekal.engines.draw.source import Ceremony, CeremonyOpen, Drand, Party, first_round_at, seal
from bekal.rulebooks.models import RuleBook
from bekal.waves import actions, queries, tasks
from bekal.waves.actions import draws
from bekal.waves.models import Draw, Wave
from bekal.waves.ports import FetchedRound, RoundNotYet
from tests.rulebooks.making import loaded_programme
from tests.waves.making import BY, COMMIT, DRAWN, ROUND, SHOWN, SILENT, WITNESSES, committed, joined, open_wave, signed

pytestmark = pytest.mark.django_db
ClockAt = Callable[[datetime], None]
DUE = COMMIT + timedelta(minutes=30)
PARTIES = {name: Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n, name in enumerate("abc", 11)}


def secret(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def ceremony() -> Ceremony:
    parties = tuple(Party(name, public_key_hex(key), seal(name, secret(name))) for name, key in PARTIES.items())
    return Ceremony(parties, DUE, DUE + timedelta(days=1))


@pytest.fixture
def book(clock_at: ClockAt) -> RuleBook:
    return loaded_programme("prakerja-2023")


@pytest.fixture
def wave(book: RuleBook) -> Wave:
    """A wave that four people joined, committed to a round of drand and signed."""
    wave = open_wave(book)
    joined(wave, book, 4)
    committed(wave)
    signed(wave)
    return wave


@pytest.fixture
def held(book: RuleBook) -> Wave:
    """The same with a ceremony, whose parties have signed too."""
    wave = open_wave(book)
    joined(wave, book, 4)
    committed(wave, ceremony())
    signed(wave)
    found = queries.draw_of(59)
    assert found
    for name, key in PARTIES.items():
        said = endorse(found.commitment, by=name, role="party", private_key=key, at=COMMIT)
        actions.countersign(
            by=BY, at=COMMIT, wave_id=wave.id, name=name, signature=said["signature"], signed_at=COMMIT, role="party"
        )
    return wave


def reveal(wave: Wave, name: str, at: datetime = DUE, said: str = "") -> None:
    actions.reveal(by=Actor("party", name), at=at, wave_id=wave.id, name=name, secret=said or secret(name))


def sign_annulment(wave: Wave, at: datetime, operators: int = 2, witnesses: int = 2) -> Draw:
    found = queries.draw_of(59)
    assert found
    assert found.annulment
    row = Draw.objects.get(pk=found.id)
    for name in ("sari", "tono")[:operators]:
        row = actions.sign_annulment(by=Actor.staff(name), at=at, wave_id=wave.id, name=name)
    for name, key in list(WITNESSES.items())[:witnesses]:
        said = endorse(found.annulment, by=name, role="witness", private_key=key, at=at)
        row = actions.countersign_annulment(
            by=Actor("witness", name), at=at, wave_id=wave.id, name=name, signature=said["signature"], signed_at=at
        )
    return row


def check_annulled(reason: str, **shown: Any) -> Draw:
    row = Draw.objects.get(sequence=1)
    assert (row.state, row.wave.state) == ("annulled", "closed")
    assert row.annulled["annulment"]["reason"] == reason
    assert verify_annulment(row.annulled, row.commitment, bundle=row.bundle, **shown) == []
    return row


def test_a_ceremony_draws(held: Wave, clock_at: ClockAt) -> None:
    clock_at(DUE)
    for name in ("a", "b"):
        reveal(held, name)
    with pytest.raises(CeremonyOpen, match="not revealed: c"):
        tasks.draw_now(held.id)
    reveal(held, "c")
    reveal(held, "c")
    assert tasks.draw_now(held.id).state == "drawn"
    bundle, roll = queries.bundle_of(59), queries.file_of(59, 1, "roll")
    assert bundle
    assert roll
    assert verify_bundle(bundle, roll, result_file=queries.file_of(59, 1, "result")) == []
    assert queries.counts_by_state(held.id) == {"selected": 3, "waiting": 1}


def test_what_is_no_reveal(held: Wave) -> None:
    for name, at, said in (
        ("a", DUE - timedelta(seconds=1), ""), ("a", DUE + timedelta(days=1), ""), ("a", DUE, "00" * 32),
        ("d", DUE, ""),
    ):  # fmt: skip
        with pytest.raises(actions.RevealRefused):
            reveal(held, name, at, said)


def test_a_round_needs_no_reveal(wave: Wave) -> None:
    with pytest.raises(actions.RevealRefused):
        reveal(wave, "a", DRAWN)


def test_a_withheld_reveal_names_its_party(held: Wave, clock_at: ClockAt) -> None:
    reveal(held, "a")
    reveal(held, "c")
    with pytest.raises(actions.NotAnnulled):
        actions.propose_annulment(by=BY, at=DUE, wave_id=held.id, reason="reveal_withheld")
    at = DUE + timedelta(days=1)
    clock_at(at)
    tasks.end_silent(held.id)
    assert sign_annulment(held, at).state == "annulled"
    row = check_annulled("reveal_withheld")
    assert row.annulled["annulment"]["evidence"]["missing"] == ["b"]


def test_a_silent_beacon_is_waited_for_then_annulled(
    wave: Wave, clock_at: ClockAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Silent:
        def fetch(self, *, chain_hash: str, number: int) -> FetchedRound:
            raise RoundNotYet(number)

    monkeypatch.setattr(tasks, "open_port", lambda name: Silent())
    clock_at(DRAWN)
    with pytest.raises(actions.NotAnnulled):
        tasks.end_silent(wave.id)
    clock_at(SILENT)
    assert tasks.end_silent(wave.id).annulment
    sign_annulment(wave, SILENT)
    row = check_annulled("beacon_silent")
    assert "must not be annulled" in verify_annulment(row.annulled, row.commitment, shown=SHOWN)[0]


def test_a_late_beacon_is_drawn_with_after_all(wave: Wave, clock_at: ClockAt, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late:
        def fetch(self, *, chain_hash: str, number: int) -> FetchedRound:
            return FetchedRound(number, bytes.fromhex(SHOWN.randomness), bytes.fromhex(SHOWN.signature), None)

    monkeypatch.setattr(tasks, "open_port", lambda name: Late())
    clock_at(SILENT)
    assert tasks.end_silent(wave.id).state == "drawn"
    with pytest.raises(actions.AlreadyDrawn):
        actions.propose_annulment(by=BY, at=SILENT, wave_id=wave.id, reason="beacon_silent")


def test_a_draw_falls_due_once_its_round_is_there(
    wave: Wave, clock_at: ClockAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Exception] = [RoundNotYet("too early"), ConnectionError("no answer")]

    class Relay:
        def fetch(self, *, chain_hash: str, number: int) -> FetchedRound:
            if answers:
                raise answers.pop()
            return FetchedRound(number, bytes.fromhex(SHOWN.randomness), bytes.fromhex(SHOWN.signature), None)

    monkeypatch.setattr(tasks, "open_port", lambda name: Relay())
    clock_at(COMMIT)
    assert tasks.draw_due() == 0
    assert len(answers) == 2, "nobody is asked before the round is due"
    clock_at(DRAWN)
    assert [tasks.draw_due() for _ in range(4)] == [0, 0, 1, 0]


def test_a_draw_that_lacks_a_signature_waits(
    book: RuleBook, clock_at: ClockAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave = open_wave(book)
    joined(wave, book, 2)
    committed(wave, ceremony())
    signed(wave)
    clock_at(DUE)
    assert tasks.draw_due() == 0
    for name in PARTIES:
        reveal(wave, name)
    assert tasks.draw_due() == 0, "the parties of the ceremony have not signed"


def test_a_withdrawn_draw_is_drawn_anew_under_the_next_number(wave: Wave) -> None:
    at = COMMIT + timedelta(minutes=10)
    with pytest.raises(actions.NotAnnulled):
        actions.propose_annulment(by=BY, at=DRAWN, wave_id=wave.id, reason="withdrawn", why="too late")
    with pytest.raises(actions.NotAnnulled):
        actions.propose_annulment(by=BY, at=at, wave_id=wave.id, reason="withdrawn", why="")
    actions.propose_annulment(by=BY, at=at, wave_id=wave.id, reason="withdrawn", why="a list came late")
    assert sign_annulment(wave, at, witnesses=1).state == "committed"
    sign_annulment(wave, at)
    first = check_annulled("withdrawn")
    with pytest.raises(actions.NotYetDue):
        actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    actions.commit_roll(by=BY, at=at, wave_id=wave.id, source=ROUND)
    signed_anew(wave, at)
    second = actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    assert (second.sequence, second.commitment["previous"]) == (2, document_hash(first.annulled["annulment"]).hex())
    assert verify_bundle(second.bundle, bytes(second.roll)) == []
    assert [one.sequence for one in queries.draws_of(59)] == [2, 1]


def signed_anew(wave: Wave, at: datetime) -> None:
    found = queries.draw_of(59)
    assert found
    for name in ("sari", "tono"):
        actions.sign_commitment(by=Actor.staff(name), at=at, wave_id=wave.id, name=name)
    for name, key in WITNESSES.items():
        said = endorse(found.commitment, by=name, role="witness", private_key=key, at=at)
        actions.countersign(by=BY, at=at, wave_id=wave.id, name=name, signature=said["signature"], signed_at=at)


def test_a_draw_that_was_never_fully_signed(book: RuleBook) -> None:
    wave = open_wave(book)
    joined(wave, book, 3)
    committed(wave)
    signed(wave, witnesses=1)
    actions.register_witness(by=BY, at=COMMIT, name="Two", public_key=public_key_hex(WITNESSES["Two"]))
    actions.propose_annulment(by=BY, at=DRAWN, wave_id=wave.id, reason="unsigned")
    sign_annulment(wave, DRAWN)
    check_annulled("unsigned")


def test_a_fully_signed_draw_is_not_annulled_as_unsigned(wave: Wave) -> None:
    with pytest.raises(actions.NotAnnulled):
        actions.propose_annulment(by=BY, at=DRAWN, wave_id=wave.id, reason="unsigned")


def test_a_result_is_not_annulled_because_it_does_not_please(wave: Wave) -> None:
    for reason in ("output_test_failed", "beacon_silent", "reveal_withheld"):
        with pytest.raises(actions.NotAnnulled):
            actions.propose_annulment(by=BY, at=DRAWN, wave_id=wave.id, reason=reason)  # type: ignore[arg-type]
    actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    with pytest.raises(actions.AlreadyDrawn):
        actions.propose_annulment(by=BY, at=DRAWN, wave_id=wave.id, reason="withdrawn", why="other winners")


def test_a_failed_output_selects_nobody(wave: Wave, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own tests show when the output fails; here, what follows."""
    honest = draws.watch

    def failing(**said: Any) -> dict[str, Any]:
        report = honest(**said)
        report["tests"][0]["p"], report["passed"] = "0.000000", False
        return report

    monkeypatch.setattr(draws, "watch", failing)
    row = actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    assert (row.state, queries.counts_by_state(wave.id)) == ("failed", {"joined": 4})
    with pytest.raises(actions.AlreadyDrawn):
        actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    assert queries.bundle_of(59) is None
    actions.propose_annulment(by=BY, at=DRAWN, wave_id=wave.id, reason="output_test_failed")
    sign_annulment(wave, DRAWN)
    row = check_annulled("output_test_failed")
    assert row.bundle, "the annulled result is published too"
    assert list(queries.assignments(wave.id)) == []


def test_nothing_is_signed_that_nobody_proposed(wave: Wave) -> None:
    with pytest.raises(actions.NotAnnulled):
        actions.sign_annulment(by=BY, at=COMMIT, wave_id=wave.id, name="sari")


def test_a_forged_signature_under_an_annulment(wave: Wave) -> None:
    actions.propose_annulment(by=BY, at=COMMIT, wave_id=wave.id, reason="withdrawn", why="a list came late")
    for name, signature in (("One", "00" * 64), ("Nobody", "00" * 64)):
        with pytest.raises(actions.SignatureWrong):
            actions.countersign_annulment(
                by=BY, at=COMMIT, wave_id=wave.id, name=name, signature=signature, signed_at=COMMIT
            )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE waves_draw SET roll = ''", "UPDATE waves_draw SET commitment = '{}'",
        "UPDATE waves_draw SET sequence = 2",
        "UPDATE waves_draw SET bundle = '{}'", "UPDATE waves_draw SET result = ''", "DELETE FROM waves_draw",
        "UPDATE waves_endorsement SET name = 'x'", "DELETE FROM waves_endorsement",
        "INSERT INTO waves_draw SELECT gen_random_uuid(), 3, state, roll, leaves, strata, attributes, commitment, "
        "commitment_hash, bundle, result, report, annulment, annulled, committed_at, drawn_at, annulled_at, wave_id "
        "FROM waves_draw",
    ],
)  # fmt: skip
def test_the_database_keeps_what_was_committed_and_given(wave: Wave, change: str) -> None:
    actions.run_draw(by=BY, at=DRAWN, wave_id=wave.id, shown=SHOWN)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_production_commits_to_public_chains_only(book: RuleBook, settings: Any) -> None:
    wave = open_wave(book)
    joined(wave, book, 2)
    rehearsal = Drand(REHEARSAL, first_round_at(REHEARSAL, DRAWN), SILENT)
    settings.REHEARSAL = False
    with pytest.raises(actions.ChainNotTrusted):
        committed(wave, rehearsal)
    settings.REHEARSAL = True
    actions.commit_roll(by=BY, at=COMMIT, wave_id=wave.id, source=rehearsal)


def test_one_draw_of_a_wave_stands(wave: Wave) -> None:
    with pytest.raises(actions.AlreadyCommitted):
        actions.commit_roll(by=BY, at=COMMIT, wave_id=wave.id, source=Drand(QUICKNET, 123, SILENT))
    with pytest.raises(DatabaseError, match="draw_one_that_stands"), transaction.atomic():
        Draw.objects.create(
            id=wave.id, wave=wave, sequence=2, roll=b"", leaves=b"", strata=[], attributes=b"", commitment={},
            commitment_hash=b"", committed_at=COMMIT,
        )  # fmt: skip
