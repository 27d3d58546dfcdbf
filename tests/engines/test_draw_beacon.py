import hashlib
from dataclasses import replace
from typing import Any

import pytest

from bekal.engines.draw.beacon import CHAINS, DEFAULT, QUICKNET, BeaconLied, BeaconRound, Chain, verify_round
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


@pytest.mark.parametrize("change", [{"number": True}, {"number": 123.0}, {"previous_signature": None}])
def test_members_of_another_kind_are_refused(change: Any) -> None:
    """Not even those that would otherwise count as the same."""
    with pytest.raises(BeaconLied):
        verify_round(QUICKNET, replace(QUICK, **change))


@pytest.mark.parametrize(("chain", "shown"), [(QUICKNET, QUICK), (DEFAULT, CHAINED)], ids=["unchained", "chained"])
def test_any_flipped_bit_of_a_signature_is_caught(chain: Chain, shown: BeaconRound) -> None:
    raw = bytes.fromhex(shown.signature)
    for bit in [*range(8), *range(8, 8 * len(raw), 23)]:
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        randomness = hashlib.sha256(changed).hexdigest()
        with pytest.raises(BeaconLied):
            verify_round(chain, replace(shown, signature=changed.hex(), randomness=randomness))
