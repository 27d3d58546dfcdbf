from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bekal.engines.draw.beacon import CHAINS, DEFAULT, QUICKNET, BeaconLied, BeaconRound, Chain, verify_round
from bekal.engines.draw.commitment import choose, first_round_at, round_time
from bekal.engines.draw.recorded import RECORDED_ROUNDS

QUICK, CHAINED = RECORDED_ROUNDS["quicknet", 123], RECORDED_ROUNDS["default", 1337]


@pytest.mark.parametrize("name", list(RECORDED_ROUNDS), ids=str)
def test_recorded_rounds_are_real(name: tuple[str, int]) -> None:
    verify_round(CHAINS[name[0]], RECORDED_ROUNDS[name])
    assert RECORDED_ROUNDS[name].number == name[1]


@pytest.mark.parametrize(
    ("chain", "shown"),
    [
        (QUICKNET, replace(QUICK, number=124)),
        (QUICKNET, replace(QUICK, number=0)),
        (QUICKNET, replace(QUICK, number=1 << 64)),
        (QUICKNET, replace(QUICK, randomness=CHAINED.randomness)),
        (QUICKNET, replace(QUICK, signature=QUICK.signature[:-2])),
        (QUICKNET, replace(QUICK, signature=QUICK.signature.upper())),
        (QUICKNET, replace(QUICK, signature="zz")),
        (QUICKNET, replace(QUICK, signature="")),
        (QUICKNET, replace(QUICK, previous_signature="00")),
        (QUICKNET, CHAINED),
        (QUICKNET, replace(QUICK, signature="c0" + "00" * 47)),
        (replace(QUICKNET, public_key="c0" + "00" * 95), QUICK),
        (replace(QUICKNET, public_key=DEFAULT.public_key), QUICK),
        (replace(QUICKNET, public_key="no key"), QUICK),
        (replace(QUICKNET, scheme="trust me"), QUICK),
        (DEFAULT, replace(CHAINED, previous_signature=CHAINED.signature)),
        (DEFAULT, replace(CHAINED, previous_signature="")),
        (DEFAULT, replace(CHAINED, number=1338)),
    ],
)
def test_a_lying_beacon_is_named(chain: Chain, shown: BeaconRound) -> None:
    with pytest.raises(BeaconLied):
        verify_round(chain, shown)


def test_round_times() -> None:
    choice = choose(QUICKNET, 123)
    assert round_time(choice, 123) == datetime(2023, 8, 23, 15, 15, 33, tzinfo=UTC)
    assert choice.chain == QUICKNET
    with pytest.raises(ValueError, match="count from 1"):
        round_time(choice, 0)


@pytest.mark.parametrize("chain", [QUICKNET, DEFAULT])
def test_first_round_at_or_after_an_instant(chain: Chain) -> None:
    due = round_time(chain, 77)
    assert first_round_at(chain, due) == 77
    assert first_round_at(chain, due + timedelta(microseconds=1)) == 78
    assert first_round_at(chain, due - timedelta(seconds=1)) == 77
    assert first_round_at(chain, datetime(2000, 1, 1, tzinfo=UTC)) == 1
