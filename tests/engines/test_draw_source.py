"""Sources of randomness: a round of drand that was named, or a ceremony whose parties all open their seals."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bekal.engines.draw.beacon import DEFAULT, QUICKNET, BeaconLied, BeaconRound, Chain
from bekal.engines.draw.instants import instant, instant_text
from bekal.engines.draw.recorded import RECORDED_ROUNDS
from bekal.engines.draw.source import (
    Ceremony,
    CeremonyOpen,
    Drand,
    Party,
    Secrets,
    SourceRefused,
    first_round_at,
    read_shown,
    read_source,
    round_time,
    seal,
)
from tests.engines import draw_naive as naive
from tests.engines.draw_vectors import CEREMONY, PATIENCE, secret, source_of

HASH = bytes(range(32))
QUICK = RECORDED_ROUNDS["quicknet", 123]
DUE = datetime(2023, 8, 23, 15, 15, 33, tzinfo=UTC)
DRAND = Drand(QUICKNET, 123, DUE + PATIENCE)
SECRETS = {name: secret(name) for name in CEREMONY}
HELD = cast(Ceremony, source_of("ceremony")[0])
PARTIES = HELD.parties


@pytest.mark.parametrize(("kind", "number"), [("quicknet", 123), ("default", 1337)])
def test_a_round_gives_the_hash_of_its_signature(kind: Any, number: int) -> None:
    source, shown, _ = source_of(kind)
    assert isinstance(shown, BeaconRound)
    assert source.randomness(HASH, shown) == naive.sha(bytes.fromhex(RECORDED_ROUNDS[kind, number].signature))


def test_the_document_of_a_round() -> None:
    assert DRAND.document() == {
        "kind": "drand",
        "chain_hash": QUICKNET.chain_hash,
        "scheme": QUICKNET.scheme,
        "public_key": QUICKNET.public_key,
        "genesis": 1692803367,
        "period": 3,
        "round": 123,
        "due_at": "2023-08-23T15:15:33Z",
        "wait_until": "2023-08-30T15:15:33Z",
    }
    assert read_source(DRAND.document()) == DRAND


@pytest.mark.parametrize(
    ("shown", "problem"),
    [
        (RECORDED_ROUNDS["quicknet", 3], "round 3 shown, round 123"),
        (replace(RECORDED_ROUNDS["quicknet", 3], number=123), "round 123: "),
        (replace(QUICK, signature=RECORDED_ROUNDS["quicknet", 3].signature), "round 123: "),
        (replace(QUICK, randomness="00" * 32), "not SHA-256"),
        (replace(QUICK, signature="zz" * 48), "lower-case hex"),
        (replace(QUICK, signature=QUICK.signature.upper()), "lower-case hex"),
        (replace(QUICK, previous_signature="00"), "no previous signature"),
        (Secrets(SECRETS), "secrets shown"),
    ],
)
def test_another_round_or_a_lie_is_refused(shown: Any, problem: str) -> None:
    with pytest.raises(BeaconLied, match=problem):
        DRAND.randomness(HASH, shown)


def test_a_ceremony_gives_the_hash_of_all_secrets() -> None:
    expected = {"format": "bekal-draw-ceremony/1", "commitment": HASH.hex(), "secrets": SECRETS}
    assert HELD.randomness(HASH, Secrets(SECRETS)) == naive.hash_of(expected)
    assert HELD.randomness(HASH, Secrets(dict(reversed(SECRETS.items())))) == naive.hash_of(expected)
    assert HELD.randomness(bytes(32), Secrets(SECRETS)) != naive.hash_of(expected)
    for name in CEREMONY:
        sealed = naive.hash_of({"format": "bekal-draw-secret/1", "by": name, "secret": secret(name)})
        assert seal(name, secret(name)) == sealed.hex() == next(p.sealed for p in PARTIES if p.name == name)


@given(st.sets(st.sampled_from(CEREMONY)))
def test_whoever_did_not_reveal_is_named(revealed: set[str]) -> None:
    shown = Secrets({name: SECRETS[name] for name in revealed})
    missing = tuple(name for name in CEREMONY if name not in revealed)
    assert HELD.missing(shown.secrets) == missing
    if missing:
        with pytest.raises(CeremonyOpen, match="not revealed") as refusal:
            HELD.randomness(HASH, shown)
        assert refusal.value.missing == missing


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"students": "00" * 32}, "secret of students does not open"),
        ({"students": SECRETS["audit_board"]}, "secret of students does not open"),
        ({"stranger": "00" * 32}, "stranger is no party"),
        ({"students": "00" * 31}, "32 bytes of lower-case hex"),
        ({"students": SECRETS["students"].upper()}, "32 bytes of lower-case hex"),
        ({"students": f" {SECRETS['students'][1:]}"}, "32 bytes of lower-case hex"),
        ({"students": "no hex"}, "32 bytes of lower-case hex"),
        ({"students": ""}, "32 bytes of lower-case hex"),
    ],
)
def test_a_secret_that_opens_no_seal_is_refused(change: dict[str, str], problem: str) -> None:
    with pytest.raises(CeremonyOpen, match=problem) as refusal:
        HELD.randomness(HASH, Secrets({**SECRETS, **change}))
    assert refusal.value.missing == ()


def test_a_round_opens_no_ceremony() -> None:
    with pytest.raises(CeremonyOpen, match="a round shown"):
        HELD.randomness(HASH, QUICK)


def test_a_copied_secret_opens_only_under_its_own_name() -> None:
    """Who copies another's seal can neither take part beside it nor open it later under an own name."""
    copied = replace(PARTIES[2], sealed=PARTIES[0].sealed)
    with pytest.raises(SourceRefused, match="share a key or a seal"):
        Ceremony((*PARTIES[:2], copied), HELD.due_at, HELD.wait_until)
    assert seal("students", SECRETS["audit_board"]) != PARTIES[0].sealed


@pytest.mark.parametrize(
    ("parties", "problem"),
    [
        ((), "needs 3"),
        (PARTIES[:2], "2 parties"),
        ((*PARTIES[:2], PARTIES[1]), "each once"),
        ((PARTIES[1], PARTIES[0], PARTIES[2]), "by name"),
        ((*PARTIES[:2], replace(PARTIES[2], public_key=PARTIES[0].public_key)), "share a key"),
    ],
)
def test_what_is_no_ceremony_is_refused(parties: tuple[Party, ...], problem: str) -> None:
    with pytest.raises(SourceRefused, match=problem):
        Ceremony(parties, HELD.due_at, HELD.wait_until)


def test_read_shown() -> None:
    assert read_shown({"secrets": SECRETS}) == Secrets(SECRETS)
    members = {"number": 1, "randomness": "", "signature": "", "previous_signature": ""}
    assert read_shown(members) == BeaconRound(1, "", "")
    bad = [{**members, "more": 1}, *({k: v for k, v in members.items() if k != name} for name in members)]
    for wrong in ({"secrets": {}, "number": 1}, {}, *bad):
        with pytest.raises(TypeError):
            read_shown(wrong)


SOURCES = pytest.mark.parametrize("source", [DRAND, HELD], ids=["drand", "ceremony"])


@SOURCES
def test_sources_are_read_as_they_were_written(source: Any) -> None:
    assert read_source(source.document()) == source


REFUSALS = (SourceRefused, LookupError, TypeError, ValueError)


@SOURCES
def test_missing_and_unknown_members_are_refused(source: Any) -> None:
    document = source.document()
    for name in document:
        with pytest.raises(REFUSALS):
            read_source({key: value for key, value in document.items() if key != name})
    with pytest.raises(REFUSALS):
        read_source({**document, "more": 1})


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "dice"},
        {"due_at": "2023-08-23T15:15:34Z"},
        {"due_at": "2023-08-23T15:15:33+00:00"},
        {"round": 124},
        {"round": 0},
        {"round": True},
        {"round": "123"},
        {"period": 4},
        {"wait_until": "2023-08-30T15:15:33.000000Z"},
        {"parties": []},
    ],
)
def test_a_changed_round_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(REFUSALS):
        read_source({**DRAND.document(), **change})


@pytest.mark.parametrize("change", [{"name": None}, {"more": 1}, {"sealed": PARTIES[1].sealed}, {"name": "zz"}])
def test_a_changed_party_is_refused(change: dict[str, Any]) -> None:
    first, *others = HELD.document()["parties"]
    with pytest.raises(REFUSALS):
        read_source({**HELD.document(), "parties": [{**first, **change}, *others]})
    with pytest.raises(REFUSALS):
        read_source({**HELD.document(), "parties": [{"name": first["name"]}, *others]})


def test_round_times() -> None:
    assert round_time(QUICKNET, 123) == DUE
    assert round_time(QUICKNET, 1) == datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)
    with pytest.raises(ValueError, match="count from 1"):
        round_time(QUICKNET, 0)


@pytest.mark.parametrize("chain", [QUICKNET, DEFAULT])
@given(number=st.integers(1, 10**8))
@settings(max_examples=30, deadline=None)
def test_first_round_at_or_after_an_instant(chain: Chain, number: int) -> None:
    due = round_time(chain, number)
    assert first_round_at(chain, due) == number
    assert first_round_at(chain, due + timedelta(microseconds=1)) == number + 1
    assert first_round_at(chain, due - timedelta(seconds=1)) == number
    assert first_round_at(chain, datetime(2000, 1, 1, tzinfo=UTC)) == 1


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_have_one_form(at: datetime) -> None:
    assert instant(instant_text(at)) == at
    assert instant_text(at).endswith("Z")


@pytest.mark.parametrize(
    "bad",
    [
        "2023-01-01T00:00:00.000000Z",
        "2023-01-01T00:00:00.123Z",
        "2023-01-01T00:00:00+00:00",
        "2023-01-01T00:00:00",
        "2023-01-01 00:00:00Z",
        "2023-13-01T00:00:00Z",
        "2023-01-01T24:00:00Z",
        "2023-01-01T00:00:60Z",
        "2023-01-01T00:00:00Z\n",
        "٢٠٢٣-01-01T00:00:00Z",
        "",
    ],
)
def test_other_forms_of_instants_are_refused(bad: str) -> None:
    with pytest.raises(ValueError):
        instant(bad)
    with pytest.raises(ValueError, match="aware"):
        instant_text(datetime(2023, 1, 1))
