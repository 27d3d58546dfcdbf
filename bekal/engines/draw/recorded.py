"""Real rounds of public drand chains, recorded as facts for demonstrations and tests, and the rehearsals' own chain.

Sources of the values: test suites and README files of the projects named beside each. Every one verifies against
the key of its chain.
"""

from collections.abc import Mapping
from types import MappingProxyType

from bekal.engines.draw.beacon import UNCHAINED, BeaconRound, Chain

RECORDED_ROUNDS: Mapping[tuple[str, int], BeaconRound] = MappingProxyType(
    {
        # source: bbjubjub2494/dshuf integration/integration_test.go
        ("quicknet", 1): BeaconRound(
            number=1,
            randomness="1466a6cd24e327188770752f6134001c64d6efcc590ccc26b721611ad96f165a",
            signature="b55e7cb2d5c613ee0b2e28d6750aabbb78c39dcc96bd9d38c2c2e12198df95571de8e8e402a0cc48871c7089a2b3af4b",
        ),
        # source: bbjubjub2494/dshuf integration/integration_test.go
        ("quicknet", 2): BeaconRound(
            number=2,
            randomness="5782d6987841c654515a0e72b2d1ebb4e741234042c37cb19608ae50d93fb60c",
            signature="b6b6a585449b66eb12e875b64fcbab3799861a00e4dbf092d99e969a5eac57dd3f798acf61e705fe4f093db926626807",
        ),
        # source: bbjubjub2494/dshuf integration/integration_test.go
        ("quicknet", 3): BeaconRound(
            number=3,
            randomness="7ef4621ace1c6da4eb2eee7cd901f81385bca5b189771ec0f08d0d2566dd1a21",
            signature="b3fab6df720b68cc47175f2c777e86d84187caab5770906f515ff1099cb01e4deaa027075d860823e49477b93c72bd64",
        ),
        # source: noislabs/drand-verify src/verify.rs
        ("quicknet", 123): BeaconRound(
            number=123,
            randomness="fb8f7bc29bf24db51871ec8c79f3a1e4bd0557bc0dfcee9ed1d924e69d1c60dc",
            signature="b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92",
        ),
        # source: noislabs/drand-verify README.md
        ("default", 1337): BeaconRound(
            number=1337,
            randomness="2660664f8d4bc401194d80d81da20a1e79480f65b8e2d205aecbd143b5bfb0d3",
            signature="945b08dcb30e24da281ccf14a646f0630ceec515af5c5895e18cc1b19edd65d156b71c776a369af3487f1bc6af106250"
            "0b059e01095cc0eedce91713977d7735cac675554edfa0d0481bb991ed93d333d08286192c05bf6b65d20f23a37fc7bb",
            previous_signature="80d95247ddf1bb3acf5738497a5f10406be283144603f63d714bb1a44ff6b93285ae2697fffeb50c68862bd9fbecd4b2"
            "04b1798d2686b4ac5d573615031d9d67e6168bde9a7adf1161430a498ca701a25c216aee3e38ffd5290369034fa050a2",
        ),
    }
)

REHEARSAL = Chain(
    chain_hash="30414cd53b367148b3f8157c7492e20b2042113c9c65ff5cb43639e70ac2d8b3",
    scheme=UNCHAINED,
    public_key="98696cde4016b32b4c3cdc6018bc86c154aa1ae3d63280b86b95d55a27af482a9edbe3060beb1bd0b4de2b56e3f20116"
    "13daa092ac3a516a793bd2ff4ae4a38d155f744d5eeeb4fdfc73975dc9a88bcc344c6a0cc0e782b9e5d5920083a8c625",
    genesis=1577836800,
    period=3,
)
"""A chain whose secret key stands in `simulators/beacon.py`, so that any round can be minted: no verifier trusts it
unless told to, and no installation in production commits to it."""
