"""A drand relay: replays recorded rounds of real networks, and mints those of the rehearsals' own chain. A round whose
time has not come on this stand-in's clock is too early.

Chain parameters and rounds in beacon.json are the networks' published values
(https://docs.drand.love/dev-guide/developer/http-api/).
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from py_ecc.bls.hash_to_curve import hash_to_G1
from py_ecc.bls.point_compression import compress_G1
from py_ecc.optimized_bls12_381 import optimized_curve as curve

from simulators.http import Reply, Request
from simulators.standin import StandIn, refuse

PUBLISHED = Path(__file__).with_name("beacon.json")
REHEARSAL = "rehearsal"
KNOWN_KEY = int(hashlib.sha256(b"bekal rehearsal chain, secret known to all").hexdigest(), 16) % curve.curve_order
SUITE = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"


def minted(number: int) -> dict[str, Any]:
    """A round of the rehearsals' chain, signed as quicknet signs (RFC 9380 hash to G1, key in G2)."""
    message = hashlib.sha256(number.to_bytes(8, "big")).digest()
    point = hash_to_G1(message, SUITE, hashlib.sha256)  # type: ignore[arg-type]
    signature = compress_G1(curve.multiply(point, KNOWN_KEY)).to_bytes(48, "big")
    randomness = hashlib.sha256(signature).hexdigest()
    return {"round": number, "randomness": randomness, "signature": signature.hex()}


def falsified(recorded: dict[str, Any]) -> dict[str, Any]:
    """The same round with one bit of its signature turned."""
    signature = recorded["signature"]
    return recorded | {"signature": signature[:-1] + f"{int(signature[-1], 16) ^ 1:x}"}


class Beacon(StandIn):
    """Mounted at /beacon. Unsigned and open, like a public relay."""

    name = "beacon"
    schema = """
    CREATE TABLE IF NOT EXISTS chains (hash TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS rounds (chain_hash TEXT, round INTEGER, value TEXT, PRIMARY KEY (chain_hash, round))
    WITHOUT ROWID;
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.verbs |= {
            "chains": lambda r: self.learn(r.data["chains"], []),
            "rounds": lambda r: self.learn([], r.data["rounds"]),
        }
        published = json.loads(PUBLISHED.read_text())
        self.learn(published["chains"], published["rounds"])

    def learn(self, chains: list[dict[str, Any]], rounds: list[dict[str, Any]]) -> dict[str, Any]:
        """Load chains and recorded rounds, in the form of beacon.json."""
        self.books.load(
            "INSERT OR REPLACE INTO chains VALUES (?, ?)", [(chain["hash"], json.dumps(chain)) for chain in chains]
        )
        rows = [
            (r["chain_hash"], r["round"], json.dumps({k: v for k, v in r.items() if k != "chain_hash"})) for r in rounds
        ]
        self.books.load("INSERT OR REPLACE INTO rounds VALUES (?, ?, ?)", rows)
        return {"loaded": len(chains) + len(rounds)}

    def respond(self, request: Request) -> Reply:
        """GET /beacon/{chain hash}/info, /public/latest, /public/{round}."""
        match request.path.split("/")[2:]:
            case ["chains"]:
                return Reply(200, [row[0] for row in self.books.rows("SELECT hash FROM chains ORDER BY hash")])
            case [chain_hash, "info"]:
                return Reply(200, self.chain(chain_hash))
            case [chain_hash, "public", number]:
                return self.tell(self.chain(chain_hash), number, request.lie)
        raise refuse(404, "there are /{chain hash}/info and /{chain hash}/public/{round or latest}")

    def chain(self, chain_hash: str) -> dict[str, Any]:
        """The parameters of a chain, or a 404."""
        row = self.books.row("SELECT value FROM chains WHERE hash = ?", chain_hash)
        if row is None:
            raise refuse(404, "unknown chain")
        return dict(json.loads(row[0]))

    def tell(self, chain: dict[str, Any], wanted: str, lie: bool) -> Reply:
        """A round that is not in the future; 425 before its time, 404 when it was neither recorded nor is minted."""
        passed = self.clock.now().timestamp() - chain["genesis_time"]
        newest = int(passed // chain["period"]) + 1 if passed >= 0 else 0
        mints = chain.get("metadata", {}).get("beaconID") == REHEARSAL
        if wanted == "latest" and mints:
            wanted = str(newest)
        if wanted == "latest":
            sql = "SELECT value FROM rounds WHERE chain_hash = ? AND round <= ? ORDER BY round DESC LIMIT 1"
            row = self.books.row(sql, chain["hash"], newest)
        elif not wanted.isdigit():
            raise refuse(400, "a round is a number")
        elif int(wanted) > newest:
            raise refuse(425, "this round lies in the future")
        elif mints and int(wanted):
            found = minted(int(wanted))
            return Reply(200, falsified(found) if lie else found)
        else:
            row = self.books.row(
                "SELECT value FROM rounds WHERE chain_hash = ? AND round = ?", chain["hash"], int(wanted)
            )
        if row is None:
            raise refuse(404, "this round is not recorded here")
        recorded = json.loads(row[0])
        return Reply(200, falsified(recorded) if lie else recorded)

    def audit(self) -> dict[str, Any]:
        """Which rounds are recorded."""
        return {"rounds": self.books.dicts("SELECT chain_hash, round FROM rounds ORDER BY chain_hash, round")}
