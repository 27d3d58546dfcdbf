"""What the notices room needs from outside: a gateway for text messages."""

from typing import Protocol


class TextGateway(Protocol):
    def send(self, *, to: str, text: str, reference: str) -> None:
        """Hand one message to the gateway. `to`: E.164 (+62...). The gateway sends one message per `reference`,
        however often it is asked.

        Raises ConnectionError when it is not known to be accepted; sending again with the same reference is safe.
        """
        ...
