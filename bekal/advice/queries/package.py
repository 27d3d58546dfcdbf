"""A set of trainings toward a goal, within the balance."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from bekal.advice.queries.person import next_schedules, person_of
from bekal.advice.queries.shelf import shelf
from bekal.advice.rules.package import Option, best_package
from bekal.careers.queries import graduate_profiles
from bekal.catalogue.queries import TrainingCard
from bekal.core import clock
from bekal.engines.skills import load_vocabulary


class NoSuchGoal(LookupError):
    """The vocabulary has no such field of skills."""


@dataclass(frozen=True, slots=True)
class Package:
    """`missing`: skills of the goal that neither the person nor the package has. Prices and balance in whole rupiah."""

    goal: str
    trainings: tuple[TrainingCard, ...]
    total_price: int
    balance: int
    skills_gained: tuple[str, ...]
    skills_held: tuple[str, ...]
    skills_missing: tuple[str, ...]


def goals() -> dict[str, tuple[str, ...]]:
    """Every field of the vocabulary with its skill codes, in the vocabulary's order; named by `advice.field_<code>`."""
    fields: dict[str, list[str]] = {}
    for code, skill in load_vocabulary().skills.items():
        fields.setdefault(skill.field, []).append(code)
    return {field: tuple(codes) for field, codes in fields.items()}


def package_for(citizen_id: UUID, goal: str, *, at: datetime | None = None) -> Package:
    """The trainings that teach most of the goal's skills for the balance left; of equals the cheapest, then the fewest.

    Only trainings not bought yet that have a seat in reach. Without an active award the package is empty.
    Raises NoSuchGoal and `Citizen.DoesNotExist`.
    """
    if goal not in goals():
        raise NoSuchGoal(goal)
    at = at or clock.now()
    person, goods, field = person_of(citizen_id), shelf(at), frozenset(goals()[goal])
    held = frozenset(skill for profile in graduate_profiles([citizen_id]) for skill in profile.skills) & field
    wanted, money = field - held, person.balance or 0
    near = [
        card for card, skills in zip(goods.cards, goods.skills, strict=True)
        if card.price <= money and skills & wanted and card.id not in person.barred
    ]  # fmt: skip
    schedules = next_schedules((card.id for card in near), person.regency_code, at)
    cards = [replace(card, next_schedule=schedules[card.id]) for card in near if card.id in schedules]
    choice = best_package([Option(card.code, card.price, frozenset(card.skills)) for card in cards], wanted, money)
    return Package(
        goal=goal,
        trainings=tuple(cards[position] for position in choice.positions),
        total_price=choice.price,
        balance=money,
        skills_gained=choice.gained,
        skills_held=tuple(sorted(held)),
        skills_missing=tuple(sorted(wanted - set(choice.gained))),
    )
