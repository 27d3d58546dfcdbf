"""Writes of the evaluation room: inviting a sample of winners and losers, and recording what they answer."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from bekal.citizens.actions import Word, tell_citizens
from bekal.citizens.queries import who_allow
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.evaluation import rules
from bekal.evaluation.models import OutcomeAnswer
from bekal.waves.queries import assignments


class NotDrawn(Refused):
    code: ClassVar[str] = "evaluation.not_drawn"


class NotInvited(Refused):
    code: ClassVar[str] = "evaluation.not_invited"


class AlreadyAnswered(Refused):
    code: ClassVar[str] = "evaluation.already_answered"


class IncomeOutOfRange(Refused):
    code: ClassVar[str] = "evaluation.income_out_of_range"


@action
def invite_sample(*, by: Actor, at: datetime, wave_id: UUID, size: int) -> list[UUID]:
    """Ask `size` people of a drawn wave, half winners and half losers, of those who allow research; returns those newly
    asked, in order of id.

    The same call again asks nobody; a larger `size` adds people. Raises NotDrawn.
    """
    drawn = list(assignments(wave_id))
    if not drawn:
        raise NotDrawn
    allowed = who_allow([person for person, _, _, _ in drawn], "research")
    drawn = [one for one in drawn if one[0] in allowed]
    winners = [person for person, _, _, won in drawn if won]
    losers = [person for person, _, _, won in drawn if not won]
    ask_winners, ask_losers = rules.sides(size, len(winners), len(losers))
    wanted = {*rules.chosen(winners, wave_id, ask_winners), *rules.chosen(losers, wave_id, ask_losers)}
    asked = set(OutcomeAnswer.objects.filter(wave_id=wave_id).values_list("citizen_id", flat=True))
    fresh = sorted(wanted - asked)
    if not fresh:
        events.nothing_changed()
        return []
    OutcomeAnswer.objects.bulk_create([_asked(person, wave_id, at) for person in fresh], batch_size=5_000)
    words = [Word(person, f"outcome:{wave_id}:{person}") for person in fresh]
    tell_citizens(by=by, at=at, template="evaluation.notice_invited", words=words)
    events.record_batch(
        kind="evaluation.sample_invited",
        by=by,
        at=at,
        about="wave",
        key=str(wave_id),
        lines=((str(person), {}) for person in fresh),
    )
    return fresh


@action
def record_outcome(
    *, by: Actor, at: datetime, citizen_id: UUID, wave_id: UUID, employed: bool, monthly_income: int
) -> OutcomeAnswer:
    """Keep one person's answer. The same answer again changes nothing.

    Raises NotInvited, AlreadyAnswered (another answer stands) or IncomeOutOfRange.
    """
    if rules.income_fault(monthly_income):
        raise IncomeOutOfRange(monthly_income=monthly_income)
    row = OutcomeAnswer.objects.select_for_update().filter(citizen_id=citizen_id, wave_id=wave_id).first()
    if row is None:
        raise NotInvited
    if row.answered_at is not None:
        if (row.employed, row.monthly_income) != (employed, monthly_income):
            raise AlreadyAnswered
        events.nothing_changed()
        return row
    row.employed, row.monthly_income, row.answered_at = employed, monthly_income, at
    row.save(update_fields=["employed", "monthly_income", "answered_at"])
    events.record(kind="evaluation.outcome_recorded", by=by, at=at, about="wave", key=str(wave_id), person=citizen_id)
    return row


def _asked(person: UUID, wave_id: UUID, at: datetime) -> OutcomeAnswer:
    key = ids.fresh("outcome", str(wave_id), str(person))
    return OutcomeAnswer(id=key, citizen_id=person, wave_id=wave_id, asked_at=at)


@action
def forget_outcomes(*, by: Actor, at: datetime, citizen_id: UUID) -> None:
    """Drop what a person told after a draw."""
    OutcomeAnswer.objects.filter(citizen_id=citizen_id).delete()
    events.record_person(kind="evaluation.outcomes_forgotten", by=by, at=at, person=citizen_id)
