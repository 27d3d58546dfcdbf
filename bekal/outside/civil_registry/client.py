"""Client of the civil registry."""

from datetime import date

from bekal.citizens.ports import CivilRegistry, RegistryAnswer
from bekal.core import clock
from bekal.outside.signed import SignedWire
from bekal.outside.wire import BadAnswer, Clock, Config


class Registry:
    """Asks over POST /v1/check."""

    def __init__(self, wire: SignedWire) -> None:
        self._wire = wire

    def check(self, *, nik: str, family_card: str, name: str, birth_date: date, reference: str) -> RegistryAnswer:
        """See `CivilRegistry.check`."""
        question = {
            "nik": nik,
            "family_card": family_card,
            "name": name,
            "birth_date": birth_date.isoformat(),
            "reference": reference,
        }
        record = self._wire.ask_once("/v1/check", question)
        try:
            if record["result"] not in ("match", "mismatch", "not_found"):
                raise BadAnswer(f"unknown result {record['result']!r}")
            return RegistryAnswer(
                result=record["result"],
                mismatching=tuple(record["mismatching"]),
                as_of=date.fromisoformat(record["as_of"]),
                registers=tuple(sorted(name for name, stands in record["registers"].items() if stands)),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            raise BadAnswer("the registry's answer lacks a field") from wrong


def connect(config: Config, now: Clock = clock.now) -> CivilRegistry:
    """A client from config: url, client_id, secret, and what `Wire` knows."""
    return Registry(SignedWire(config, now))
