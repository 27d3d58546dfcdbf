"""What is due in learning: face checks that a learner asked for, and certificates to issue."""

from hashlib import sha256
from uuid import UUID

from bekal.citizens.ports import FaceAnswer, FaceMatch
from bekal.citizens.readings import read_numbers
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.ports import open_port
from bekal.learning.actions import confirm_attendance, issue_certificates
from bekal.learning.queries import AttendancePage

BATCH = 500


def check_face(*, token: str, citizen_id: UUID, photo: bytes) -> AttendancePage:
    """Compare a learner's photo (JPEG or PNG) with the registry's portrait, then record the session.

    No answer from the face match never costs a session: it waits for the provider's word. Raises what
    `confirm_attendance` raises.
    """
    answer = _compare(token=token, citizen_id=citizen_id, photo=photo)
    return confirm_attendance(
        by=Actor.citizen(citizen_id), at=clock.now(), token=token, citizen_id=citizen_id, face=answer
    )


def issue_due() -> int:
    """Issue every verified certificate, in batches; returns how many."""
    total = 0
    while issued := issue_certificates(by=Actor.system("learning.issue_due"), at=clock.now(), limit=BATCH):
        total += issued
    return total


def _compare(*, token: str, citizen_id: UUID, photo: bytes) -> FaceAnswer | None:
    port: FaceMatch = open_port("face_match")
    numbers = read_numbers(
        by=Actor.citizen(citizen_id), at=clock.now(), citizen_id=citizen_id, fields=("nik",), purpose="identity_check",
        to="face_match",
    )  # fmt: skip
    reference = f"attendance-{token[:32]}-{sha256(photo).hexdigest()[:16]}"
    try:
        return port.compare(nik=numbers["nik"], photo=photo, reference=reference)
    except ConnectionError:
        return None
