"""People for tests, made as the doors make them."""

import io
from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from PIL import Image

from bekal.citizens.actions import record_identity, register_citizen
from bekal.citizens.models import Citizen
from bekal.citizens.ports import RegistryAnswer
from bekal.citizens.readings import read_numbers
from bekal.citizens.rules import Registration
from bekal.core.clock import now
from bekal.core.events import Actor

BY = Actor.system("tests")
BORN = date(1995, 8, 15)


def nik(number: int = 1, *, born: date = BORN, sex: str = "F", district: str = "327310") -> str:
    """A NIK of the right form; `number` 1 to 9999."""
    day = born.day + (40 if sex == "F" else 0)
    return f"{district}{day:02}{born:%m%y}{number:04}"


def registration(number: int = 1, **said: Any) -> Registration:
    """What person `number` says; any answer can be another."""
    born, sex = said.get("birth_date", BORN), said.get("sex", "F")
    usual: dict[str, Any] = {
        "nik": nik(number, born=born, sex=sex),
        "family_card": f"327310010110{number:04}",
        "name": "Siti Nurhaliza",
        "birth_date": born,
        "sex": sex,
        "regency_code": "32.73",
        "phone": f"0812 3456 {number:04}",
        "schooling": "senior",
        "disability": None,
        "occupation": "job_seeker",
        "interests": ("computer", "design"),
        "consents": ("identity_check", "recommendations", "research"),
    }
    return Registration(**(usual | said))


def registered_citizen(number: int = 1, **said: Any) -> Citizen:
    """Person `number`, registered."""
    return register_citizen(by=BY, at=now(), registration=registration(number, **said))


def answered(
    result: str = "match", *registers: str, mismatching: tuple[str, ...] = (), as_of: date | None = None
) -> Any:
    """An answer of the civil registry."""
    if result == "mismatch" and not mismatching:
        mismatching = ("name",)
    return RegistryAnswer(result, mismatching, as_of or now().date(), registers)  # type: ignore[arg-type]


class Registry:
    """Answers what it was told to, and remembers what it was asked. A refusal to answer is a ConnectionError."""

    def __init__(self, *answers: RegistryAnswer | ConnectionError) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def check(self, **question: Any) -> RegistryAnswer:
        self.asked.append(question)
        answer = self.answers.pop(0)
        if isinstance(answer, ConnectionError):
            raise answer
        return answer


def numbers_of(citizen_id: UUID) -> Mapping[str, str]:
    """A person's numbers in the clear."""
    fields = ("nik", "family_card", "phone")
    return read_numbers(by=BY, at=now(), citizen_id=citizen_id, fields=fields, purpose="own_view")


def verified_citizen(number: int = 1, **said: Any) -> Citizen:
    """Person `number`, known to the registry."""
    citizen = registered_citizen(number, **said)
    return record_identity(by=BY, at=now(), citizen_id=citizen.id, answer=answered())


def picture(kind: str = "JPEG", size: tuple[int, int] = (480, 640), colour: Any = "tan", **options: Any) -> bytes:
    """An encoded picture of one colour."""
    made = io.BytesIO()
    Image.new(options.pop("mode", "RGB"), size, colour).save(made, kind, **options)
    return made.getvalue()
