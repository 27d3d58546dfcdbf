"""Giving a person a copy of everything, and forgetting them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from bekal.access.actions import forget_principal
from bekal.careers.actions import forget_graduate
from bekal.catalogue.actions import forget_rater
from bekal.citizens.actions import forget_identity
from bekal.citizens.models import Citizen
from bekal.citizens.readings import read_contacts, read_numbers
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.eligibility.actions import forget_decisions
from bekal.evaluation.actions import forget_outcomes
from bekal.incentives.actions import forget_payee
from bekal.incentives.readings import read_account
from bekal.learning.actions import forget_learner
from bekal.market.actions import forget_buyer
from bekal.notices.actions import queue_notice
from bekal.privacy.queries import holds_of
from bekal.scholarships.queries import family_counts
from bekal.surveys.actions import forget_answers


class NotYet(Refused):
    """Something holds the person: money, a wave, a purchase, a review or a change of phone."""

    code: ClassVar[str] = "privacy.not_yet"


@action
def read_own_numbers(*, by: Actor, at: datetime, citizen_id: UUID) -> dict[str, str]:
    """All numbers of a person in the clear, for the copy of their data; records that it was made."""
    numbers = dict(
        read_numbers(
            by=by, at=at, citizen_id=citizen_id, fields=("nik", "family_card", "phone"), purpose="export"
        )
    )  # fmt: skip
    account = read_account(by=by, at=at, citizen_id=citizen_id, purpose="export")
    if account is not None:
        numbers |= {"account": account.account, "holder": account.holder}
    events.record_person(kind="privacy.data_exported", by=by, at=at, person=citizen_id)
    return numbers


@action
def forget_citizen(*, by: Actor, at: datetime, citizen_id: UUID) -> None:
    """Forget who a person is, in every room; what money and draws rest on stays under a key that leads nowhere.

    The caller has redeemed a code bound to this act. Raises NotYet, `Citizen.DoesNotExist`.
    """
    citizen = Citizen.objects.select_for_update().get(id=citizen_id)
    if holds_of(citizen_id, at):
        raise NotYet
    contact = read_contacts(by=by, at=at, citizen_ids=[citizen_id])[citizen_id]
    queue_notice(
        by=by, at=at, to=contact.phone, template="privacy.forgotten_message", language=contact.language, facts={},
        reference=f"forgotten:{citizen_id}",
    )  # fmt: skip
    forget_outcomes(by=by, at=at, citizen_id=citizen_id)
    forget_graduate(by=by, at=at, citizen_id=citizen_id)
    forget_payee(by=by, at=at, citizen_id=citizen_id)
    forget_answers(by=by, at=at, citizen_id=citizen_id)
    forget_learner(by=by, at=at, citizen_id=citizen_id)
    forget_buyer(by=by, at=at, citizen_id=citizen_id)
    forget_rater(by=by, at=at, citizen_id=citizen_id)
    facts_stay = forget_decisions(by=by, at=at, citizen_id=citizen_id)
    household = family_counts(citizen.family_ref)
    forget_identity(
        by=by, at=at, citizen_id=citizen_id, phone=contact.phone, keep_nik_mark=facts_stay, keep_family_mark=household
    )  # fmt: skip
    forget_principal(by=by, at=at, principal=Actor.citizen(citizen_id))
    events.record_person(kind="privacy.citizen_forgotten", by=by, at=at, person=citizen_id)
