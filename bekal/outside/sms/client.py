"""Client of the SMS gateway."""

from bekal.core import clock
from bekal.notices.ports import TextGateway
from bekal.outside.signed import SignedWire
from bekal.outside.wire import BadAnswer, Clock, Config


class Gateway:
    """Sends over POST /v1/messages. Trying again is safe: the gateway sends each reference once."""

    def __init__(self, wire: SignedWire) -> None:
        self._wire = wire

    def send(self, *, to: str, text: str, reference: str) -> None:
        """See `TextGateway.send`."""
        message = {"to": to, "text": text, "reference": reference}
        record = self._wire.ask("POST", "/v1/messages", message, echo=("reference", reference))
        if record.get("accepted") is not True:
            raise BadAnswer("the gateway did not accept the message")


def connect(config: Config, now: Clock = clock.now) -> TextGateway:
    """A client from config: url, client_id, secret, and what `Wire` knows."""
    return Gateway(SignedWire(config, now))
