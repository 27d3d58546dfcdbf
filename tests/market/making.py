"""Buyers and purchases for tests.

People, organisations, trainings and purchases come from actions; the award is put beside its money, because drawing a
whole wave is another room's test.
"""

import re
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from bekal.access.models import OneTimeCode
from bekal.access.queries import bound_key
from bekal.catalogue.models import Schedule, Training
from bekal.citizens.actions import register_citizen
from bekal.citizens.rules import Registration
from bekal.core import ids, vault
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.rules import Opening, Posting
from bekal.market.actions import Reservation, authorise_purchase, reserve_purchase
from bekal.market.models import Purchase
from bekal.notices.models import Notice
from bekal.scholarships.models import Award
from bekal.waves.actions import plan_wave
from bekal.waves.models import Wave
from tests.catalogue.making import rulebook
from tests.partners.making import AT, BY

BALANCE = 3_500_000


def citizen(number: int) -> UUID:
    registration = Registration(
        nik=f"327301{(number // 300) % 28 + 1:02}0190{number:04}",
        family_card=f"327301{number:010}",
        name=f"Warga {'ABCDEFGHIJ'[number % 10]}",
        birth_date=date(1990, 1, (number // 300) % 28 + 1),
        sex="M",
        regency_code="32.73",
        phone=f"+62812{number:08}",
        schooling="senior",
        disability=None,
        occupation="job_seeker",
        consents=("identity_check", "recommendations"),
    )
    return register_citizen(by=BY, at=AT, registration=registration).id


def wave(number: int = 1) -> Wave:
    return plan_wave(
        by=BY, at=AT, rulebook_id=rulebook(), number=number, opens_at=AT, closes_at=AT + timedelta(days=7), places=10
    )


def award(number: int = 1, *, amount: int = BALANCE, wave_number: int = 1, **changes: Any) -> Award:
    citizen_id, wave_id = citizen(number), wave(wave_number).id
    made = Award.objects.create(
        **{
            "id": ids.fresh("award", str(citizen_id)),
            "wave_id": wave_id,
            "application_id": ids.fresh("application", str(citizen_id)),
            "citizen_id": citizen_id,
            "rulebook_id": rulebook(),
            "programme_code": "prakerja-2023",
            "region": "32",
            "regency_code": "32.73",
            "group": "general",
            "family_ref": UUID(int=number),
            "family_place": 1,
            "family_limit": 2,
            "card_number": f"{number:016}",
            "training_amount": amount,
            "incentive_amount": 0,
            "granted_at": AT,
            "purchase_due_at": AT + timedelta(days=15),
            **changes,
        }
    )
    account = f"award:{made.id}:training"
    accounts = [
        Opening("treasury", "treasury", limit="none"),
        Opening(f"wave:{wave_id}", "wave", busy=True),
        Opening(account, "award_training", owner=str(made.id)),
    ]
    open_accounts(by=BY, at=AT, accounts=accounts)
    post_transfers(by=BY, at=AT, transfers=[Posting("treasury", account, amount, "grant_training", f"grant:{made.id}")])
    return made


def reserve(made: Award, schedule: Schedule, platform_id: UUID, *, at: datetime = AT, **changes: Any) -> Reservation:
    training: Training = schedule.training
    wanted = {
        "platform_id": platform_id,
        "card_number": made.card_number,
        "course_code": training.code,
        "schedule_code": schedule.code,
        "amount": training.price,
        "platform_user": f"user-{made.card_number}",
    }
    return reserve_purchase(by=BY, at=at, **{**wanted, **changes})


def code_sent(purchase_id: UUID | None = None) -> str:
    """A one-time code sent for a purchase; for the only reserved one when none is named."""
    key = purchase_id or Purchase.objects.get(state="reserved").id
    code = OneTimeCode.objects.filter(purpose="purchase", bound_to=bound_key("purchase", str(key)))[0]
    notice = Notice.objects.get(reference=f"code:{code.id}")
    return code_in(vault.unseal(bytes(notice.text_sealed), place="notices.text"))


def code_in(words: str) -> str:
    found = re.search(r"\b[0-9]{6}\b", words)
    assert found
    return found.group()


def pay(
    reservation: Reservation, platform_id: UUID, *, invoice: str = "INV-1", otp: str | None = None, at: datetime = AT
) -> Purchase:
    return authorise_purchase(
        by=BY,
        at=at,
        platform_id=platform_id,
        payment_token=reservation.payment_token,
        otp=otp or code_sent(reservation.purchase_id),
        invoice_code=invoice,
        invoice_url=f"https://dp.example/{invoice}",
    )


def bought(
    made: Award, schedule: Schedule, platform_id: UUID, *, invoice: str = "INV-1", at: datetime = AT
) -> Purchase:
    return pay(reserve(made, schedule, platform_id, at=at), platform_id, invoice=invoice, at=at)
