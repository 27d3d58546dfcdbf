"""Face checks through the port, and issuing what is due."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from bekal.citizens.ports import FaceAnswer
from bekal.learning import tasks
from bekal.learning.actions import open_attendance
from tests.citizens.making import numbers_of
from tests.learning.making import BY, ENDS_AT, LEARNS_AT, Bought, bought, learned, shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]


class Faces:
    """A face match that answers what it is told to."""

    def __init__(self, answer: FaceAnswer | None) -> None:
        self.answer = answer
        self.asked: list[dict[str, Any]] = []

    def compare(self, *, nik: str, photo: bytes, reference: str) -> FaceAnswer:
        self.asked.append({"nik": nik, "photo": photo, "reference": reference})
        if self.answer is None:
            raise ConnectionError("silence")
        return self.answer


def token_of(one: Bought) -> str:
    return open_attendance(
        by=BY, at=LEARNS_AT, provider_id=one.provider_id, redeem_code=one.code, sequence=1,
        redirect_uri="https://lp.example/", email="a@b.example",
    ).token  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "state"), [(FaceAnswer(True, 90), "present"), (FaceAnswer(True, 10), "to_confirm"), (None, "to_confirm")]
)
def test_a_photo_is_compared_outside_the_action(
    answer: FaceAnswer | None, state: str, clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    faces = Faces(answer)
    monkeypatch.setattr(tasks, "open_port", {"face_match": faces}.__getitem__)
    one = bought()
    clock_at(LEARNS_AT)
    page = tasks.check_face(token=token_of(one), citizen_id=one.citizen_id, photo=b"jpeg")
    assert page.state == state
    assert [(call["nik"], call["photo"]) for call in faces.asked] == [(numbers_of(one.citizen_id)["nik"], b"jpeg")]
    assert len(faces.asked[0]["reference"]) <= 64


def test_everything_verified_is_issued(clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "BATCH", 2)
    sold = shop()
    for number in (1, 2, 3):
        learned(bought(sold, number))
    clock_at(ENDS_AT)
    assert tasks.issue_due() == 3
    assert tasks.issue_due() == 0
