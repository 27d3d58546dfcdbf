"""Client of the face match."""

import base64

from bekal.citizens.ports import FaceAnswer, FaceMatch
from bekal.core import clock
from bekal.outside.signed import SignedWire
from bekal.outside.wire import BadAnswer, Clock, Config


class Faces:
    """Asks over POST /v1/compare."""

    def __init__(self, wire: SignedWire) -> None:
        self._wire = wire

    def compare(self, *, nik: str, photo: bytes, reference: str) -> FaceAnswer:
        """See `FaceMatch.compare`."""
        question = {"nik": nik, "photo": base64.b64encode(photo).decode(), "reference": reference}
        record = self._wire.ask_once("/v1/compare", question)
        live, score = record.get("live"), record.get("score")
        if not isinstance(live, bool) or not isinstance(score, int) or not 0 <= score <= 100:
            raise BadAnswer("the face match's answer lacks live or a score from 0 to 100")
        return FaceAnswer(live=live, score=score)


def connect(config: Config, now: Clock = clock.now) -> FaceMatch:
    """A client from config: url, client_id, secret, and what `Wire` knows."""
    return Faces(SignedWire(config, now))
