"""Trainings and schedules for tests, made by calling actions."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from bekal.catalogue.actions import open_schedule, propose_training, review_training
from bekal.catalogue.models import Schedule, Training
from bekal.core.events import Actor
from bekal.rulebooks.actions import load_programme
from tests.partners.making import AT, BY

PROGRAMMES = Path(__file__).resolve().parents[2] / "programmes"
FIRST, SECOND = Actor.staff("assessor-1"), Actor.staff("assessor-2")


def rulebook(code: str = "prakerja-2023") -> UUID:
    return load_programme(by=BY, at=AT, text=(PROGRAMMES / code / "1.toml").read_text()).id


def proposed(provider_id: UUID, code: str = "TR-1", **changes: Any) -> Training:
    wanted = {
        "rulebook_id": rulebook(),
        "provider_id": provider_id,
        "code": code,
        "title": f"Pemasaran digital {code}",
        "summary": "Membuat konten, mengelola iklan, dan membaca hasilnya.",
        "skills": ["digital_marketing"],
        "mode": "webinar",
        "hours": 20,
        "price": 700_000,
    }
    return propose_training(by=BY, at=AT, **{**wanted, **changes})


def curated(provider_id: UUID, code: str = "TR-1", **changes: Any) -> Training:
    training = proposed(provider_id, code, **changes)
    for assessor in (FIRST, SECOND):
        training = review_training(by=assessor, at=AT, training_id=training.id, score=80, remark="baik")
    return training


def schedule(
    training: Training, code: str = "", *, seats: int = 5, starts_at: datetime = AT + timedelta(days=3), **changes: Any
) -> Schedule:
    wanted = {
        "training_id": training.id,
        "code": code or f"SCH-{training.code}",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(days=5),
        "sessions": 5,
        "days": "Senin sampai Jumat, 19.00 WIB",
        "seats": seats,
        "regency_code": "32.73" if training.mode == "offline" else None,
    }
    return open_schedule(by=BY, at=AT, **{**wanted, **changes})
