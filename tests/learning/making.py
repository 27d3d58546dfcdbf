"""Recipients who bought a training, and how far they came; made by calling actions once the award itself stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from bekal.citizens.actions import register_citizen
from bekal.citizens.ports import FaceAnswer
from bekal.citizens.rules import Registration
from bekal.core import ids
from bekal.core.events import Actor
from bekal.learning.actions import (
    confirm_attendance,
    give_feedback,
    issue_certificates,
    open_attendance,
    report_completion,
    submit_assignment,
)
from bekal.ledger.actions import open_accounts, post_transfers
from bekal.ledger.rules import Opening, Posting
from bekal.market.actions import authorise_purchase, reserve_purchase
from bekal.partners.models import Organisation
from bekal.rulebooks.queries import programme_of
from bekal.scholarships.models import Award
from bekal.waves.models import Wave
from tests.catalogue.making import curated, rulebook, schedule
from tests.partners.making import AT, BY, organisation

STARTS_AT = AT + timedelta(days=3)
LEARNS_AT = STARTS_AT + timedelta(hours=1)
ENDS_AT = STARTS_AT + timedelta(days=5)
ALIKE = FaceAnswer(live=True, score=91)
SESSIONS = 2


@dataclass(frozen=True)
class Bought:
    """One paid purchase: whose, of what, and the code that opens it."""

    citizen_id: UUID
    award_id: UUID
    provider_id: UUID
    platform_id: UUID
    training_id: UUID
    schedule_id: UUID
    code: str


@dataclass(frozen=True)
class Shop:
    """A provider with one training on sale at a platform."""

    provider: Organisation
    platform: Organisation
    training_id: UUID
    schedule_id: UUID


def shop(code: str = "TR-1", *, price: int = 700_000) -> Shop:
    provider, platform = organisation("provider", f"LP-{code}"), organisation("platform", f"DP-{code}")
    training = curated(provider.id, code, price=price)
    made = schedule(training, seats=50, sessions=SESSIONS, starts_at=STARTS_AT)
    return Shop(provider, platform, training.id, made.id)


def registration(number: int) -> Registration:
    return Registration(
        nik=f"327301{15:02}0695{number:04}",
        family_card=f"327301{10:02}0610{number:04}",
        name=f"Budi Santoso {'ABCDEFGHIJ'[number % 10]}",
        birth_date=date(1995, 6, 15),
        sex="M",
        regency_code="32.73",
        phone=f"0812345{number:05}",
        schooling="senior",
        disability=None,
        occupation="job_seeker",
    )


def awarded(number: int = 1) -> Award:
    """A registered recipient; the award's row and money stand as after a draw, which other tests play."""
    citizen = register_citizen(by=BY, at=AT, registration=registration(number))
    book = rulebook()
    programme = programme_of(book)
    assert programme.scholarship
    wave, _ = Wave.objects.get_or_create(
        programme_code=programme.code, number=1,
        defaults={"id": ids.fresh("wave"), "rulebook_id": book, "opens_at": AT - timedelta(days=9),
                  "closes_at": AT - timedelta(days=5), "places": 100},
    )  # fmt: skip
    award = Award.objects.create(
        id=ids.fresh("award", str(number)), wave_id=wave.id, application_id=ids.fresh("application", str(number)),
        citizen_id=citizen.id, rulebook_id=book, programme_code=programme.code, region="32", regency_code="32.73",
        group="general", family_ref=UUID(int=number), family_place=1, family_limit=2,
        card_number=f"{number:016}", training_amount=programme.scholarship.training_balance,
        incentive_amount=programme.incentive_total, granted_at=AT, purchase_due_at=AT + timedelta(days=15),
    )  # fmt: skip
    fund(award)
    return award


def fund(award: Award) -> None:
    open_accounts(by=BY, at=AT, accounts=[Opening("treasury", "treasury", limit="none")])
    parts = {"training": award.training_amount, "incentive": award.incentive_amount}
    for part, amount in parts.items():
        key = f"award:{award.id}:{part}"
        open_accounts(by=BY, at=AT, accounts=[Opening(key, f"award_{part}", owner=str(award.id))])
        post_transfers(
            by=BY, at=AT, transfers=[Posting("treasury", key, amount, f"grant_{part}", f"grant:{award.id}:{part}")]
        )


def bought(at_shop: Shop | None = None, number: int = 1) -> Bought:
    """A recipient with a paid purchase. Needs the `seeded` fixture, which makes one-time codes known."""
    sold, award = at_shop or shop(), awarded(number)
    user = f"user-{number}"
    wish = reserve_purchase(
        by=BY, at=AT, platform_id=sold.platform.id, card_number=award.card_number, course_code="TR-1",
        schedule_code="SCH-TR-1", amount=700_000, platform_user=user,
    )  # fmt: skip
    otp = ids.fresh_digits(6, "code", "purchase", str(wish.purchase_id), "0")
    purchase = authorise_purchase(
        by=BY, at=AT, platform_id=sold.platform.id, payment_token=wish.payment_token, otp=otp,
        invoice_code=f"INV-{number}", invoice_url="https://dp.example/inv",
    )  # fmt: skip
    assert purchase.redeem_code
    return Bought(
        award.citizen_id, award.id, sold.provider.id, sold.platform.id, sold.training_id, sold.schedule_id,
        purchase.redeem_code,
    )  # fmt: skip


def attend(one: Bought, sequence: int, *, face: FaceAnswer | None = ALIKE, at: datetime = LEARNS_AT) -> str:
    """Attend one session; the state it is left in."""
    link = open_attendance(
        by=BY, at=at, provider_id=one.provider_id, redeem_code=one.code, sequence=sequence,
        redirect_uri="https://lp.example/kembali", email=f"{one.code}@lp.example",
    )  # fmt: skip
    citizen = Actor.citizen(one.citizen_id)
    return confirm_attendance(by=citizen, at=at, token=link.token, citizen_id=one.citizen_id, face=face).state


def hand_in(one: Bought, *, accepted: bool = True) -> None:
    task = {"provider_id": one.provider_id, "redeem_code": one.code, "scope": "tpm", "sequence": 1}
    submit_assignment(by=BY, at=LEARNS_AT, url_file="https://lp.example/tugas.pdf", **task)  # type: ignore[arg-type]
    give_feedback(by=BY, at=LEARNS_AT, notes="rapi", accepted=accepted, **task)  # type: ignore[arg-type]


def learned(one: Bought, *, score: int = 88, sessions: Sequence[int] = (1, 2)) -> Bought:
    """Attend, hand in, and be reported."""
    for sequence in sessions:
        attend(one, sequence)
    hand_in(one)
    report_completion(by=BY, at=ENDS_AT, provider_id=one.provider_id, redeem_code=one.code, post_test_score=score)
    return one


def certified(one: Bought) -> Bought:
    learned(one)
    issue_certificates(by=BY, at=ENDS_AT, limit=100)
    return one
