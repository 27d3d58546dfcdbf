"""Rows of lists: a training, a vacancy, as every page shows them."""

from dataclasses import dataclass
from datetime import datetime

from bekal.careers.queries import VacancyCard
from bekal.catalogue.queries import TrainingCard
from bekal.core.money import format_rupiah
from bekal.doors.languages import say, spoken
from bekal.doors.moments import day_words
from bekal.doors.skill_names import skill_names
from bekal.rulebooks.regions import REGENCIES


@dataclass(frozen=True, slots=True)
class TrainingRow:
    code: str
    title: str
    summary: str
    provider: str
    mode: str
    hours: int
    price: int
    rating: float | None
    rating_count: int
    skills: str
    starts_at: datetime | None
    seats_left: int
    place: str


@dataclass(frozen=True, slots=True)
class JobRow:
    title: str
    employer: str
    place: str
    wage: str
    posted: str
    until: str
    url: str
    skills: str


def place_name(regency_code: str | None) -> str:
    """The regency's name; "" for none or one that is not in force."""
    regency = REGENCIES.get(regency_code or "")
    return regency.name if regency else ""


def mode_name(mode: str) -> str:
    words = say(f"rulebooks.mode.{mode}")
    return words[:1].upper() + words[1:]


def training_row(card: TrainingCard) -> TrainingRow:
    schedule = card.next_schedule
    return TrainingRow(
        card.code, card.title, card.summary, card.provider_name, mode_name(card.mode), card.hours, card.price,
        card.rating, card.rating_count, ", ".join(skill_names(card.skills)), schedule.starts_at if schedule else None,
        schedule.seats_left if schedule else 0, place_name(schedule.regency_code if schedule else None),
    )  # fmt: skip


def job_row(card: VacancyCard) -> JobRow:
    return JobRow(
        card.title, card.employer, place_name(card.regency_code) or say("jobs.anywhere"), _wage(card),
        day_words(card.posted_on, spoken()), day_words(card.valid_until, spoken()) if card.valid_until else "",
        card.url if card.url.startswith(("https://", "http://")) else "", ", ".join(skill_names(card.skills)),
    )  # fmt: skip


def _wage(card: VacancyCard) -> str:
    low, high = card.wage_low, card.wage_high
    if low is None and high is None:
        return say("careers.wage_not_said")
    if low is None or high is None or low == high:
        return format_rupiah(low if low is not None else high or 0)
    return f"{format_rupiah(low)} – {format_rupiah(high)}"
