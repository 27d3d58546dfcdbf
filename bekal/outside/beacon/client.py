"""Client of a drand relay (https://docs.drand.love/dev-guide/developer/http-api/). What it fetches is proved by its
signature, elsewhere."""

from typing import Any

from bekal.core import clock
from bekal.outside.wire import BadAnswer, Clock, Config, Wire
from bekal.waves.ports import Beacon, FetchedRound, RoundNotYet

NOT_YET = (404, 425)


class Relay:
    """Asks over GET /{chain hash}/public/{round}."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def fetch(self, *, chain_hash: str, number: int) -> FetchedRound:
        """See `Beacon.fetch`."""
        answer = self._wire.send("GET", f"/{chain_hash}/public/{number}", {}, repeatable=True)
        if answer.status in NOT_YET:
            raise RoundNotYet(f"the relay does not have round {number} of {chain_hash[:8]}")
        if answer.status != 200:
            raise BadAnswer(f"the relay answered HTTP {answer.status}", status=answer.status)
        fetched = _read(answer.record())
        if fetched.number != number:
            self._wire.distrust()
            raise BadAnswer(f"the relay answered with round {fetched.number} instead of {number}")
        return fetched


def _read(record: dict[str, Any]) -> FetchedRound:
    try:
        previous = record.get("previous_signature")
        return FetchedRound(
            number=int(record["round"]),
            randomness=bytes.fromhex(record["randomness"]),
            signature=bytes.fromhex(record["signature"]),
            previous_signature=bytes.fromhex(previous) if previous else None,
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise BadAnswer("the relay's answer is not a round") from wrong


def connect(config: Config, now: Clock = clock.now) -> Beacon:
    """A client from config: url, and what `Wire` knows."""
    return Relay(Wire(config, now))
