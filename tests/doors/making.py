"""A small world behind the pages, made by calling actions: one wave of eight people, three winners, one certificate."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.test import Client

from bekal.access.actions import add_staff, create_sign_in_link
from bekal.catalogue.models import Schedule
from bekal.citizens.ports import FaceAnswer
from bekal.core import clock
from bekal.core.events import Actor
from bekal.incentives.actions import plan_pay_run
from bekal.learning.actions import (
    confirm_attendance,
    give_feedback,
    issue_certificates,
    open_attendance,
    report_completion,
    submit_assignment,
)
from bekal.market.actions import rate_purchase
from bekal.market.models import Purchase
from bekal.partners.models import Organisation
from bekal.scholarships.models import Award
from bekal.waves.models import Application
from tests.careers.making import posting, taken_in
from tests.catalogue.making import curated, schedule
from tests.citizens.making import numbers_of
from tests.incentives.making import linked
from tests.learning.making import Bought
from tests.market.making import bought
from tests.partners.making import organisation
from tests.rulebooks.making import loaded_programme
from tests.scholarships.making import awarded_wave
from tests.waves.making import DRAWN

BY = Actor.system("tests")
FIRST_CLASS = DRAWN + timedelta(days=2)
PRESENT_DAY = DRAWN + timedelta(days=10)
BACK = "https://lp.example/kembali?kelas=1"


@dataclass(frozen=True)
class World:
    """`graduate` holds a certificate and a linked account, `learner` sits in class now (`token`: attendance link),
    `winner` bought nothing yet, `waiting` stands on the waiting list."""

    graduate: UUID
    learner: UUID
    winner: UUID
    waiting: UUID
    provider: Organisation
    training: str
    certificate: str
    token: str
    maker: UUID
    checker: UUID
    redeem_code: str


def world() -> World:
    """Needs the fixtures `seeded` and `clock_at`."""
    book = loaded_programme()
    wave = awarded_wave(book, people=8, places=3)
    awards = list(Award.objects.filter(wave_id=wave.id).order_by("card_number"))
    waiting = Application.objects.filter(wave_id=wave.id, state="waiting").order_by("rank")[0].citizen_id
    provider, platform = organisation("provider", "LP-1"), organisation("platform", "DP-1")
    first = _class(provider.id, "TR-1", FIRST_CLASS)
    second = _class(
        provider.id, "TR-2", PRESENT_DAY, title="Servis telepon genggam", skills=["phone-repair"], price=900_000
    )
    done = _purchase(bought(awards[0], first, platform.id, at=DRAWN + timedelta(hours=2)), provider)
    now = _purchase(bought(awards[1], second, platform.id, invoice="INV-2", at=DRAWN + timedelta(hours=2)), provider)
    certificate = _certified(done)
    clock.freeze(PRESENT_DAY)
    purchase = Purchase.objects.get(redeem_code=done.code)
    rate_purchase(
        by=BY, at=PRESENT_DAY, citizen_id=done.citizen_id, purchase_id=purchase.id, stars=5, words="Jelas dan sabar."
    )
    linked(done, at=PRESENT_DAY)
    link = _attendance(now, PRESENT_DAY)
    taken_in(posting(1), posting(2, title="Teknisi Ponsel", skills=("servis hp",), valid_until=None))
    maker = add_staff(
        by=BY, at=PRESENT_DAY, name="Rina Wulandari", email="rina@bekal.example", roles=["finance_maker", "operator"]
    )
    checker = add_staff(
        by=BY, at=PRESENT_DAY, name="Yosef Tabuni", email="yosef@bekal.example", roles=["finance_checker"]
    )
    plan_pay_run(by=Actor.staff(maker.id), at=PRESENT_DAY, channel="bank")
    return World(
        done.citizen_id, now.citizen_id, awards[2].citizen_id, waiting, provider, "TR-2", certificate, link,
        maker.id, checker.id, now.code,
    )  # fmt: skip


def _class(provider_id: UUID, code: str, starts_at: datetime, **changes: object) -> Schedule:
    training = curated(provider_id, code, **changes)
    later = PRESENT_DAY + timedelta(days=9)
    schedule(training, f"SCH-{code}-B", sessions=2, starts_at=later, ends_at=later + timedelta(days=1))
    return schedule(training, seats=20, sessions=1, starts_at=starts_at, ends_at=starts_at + timedelta(hours=6))


def _purchase(row: Purchase, provider: Organisation) -> Bought:
    assert row.redeem_code
    return Bought(
        row.citizen_id, row.award_id, provider.id, row.platform_id, row.training_id, row.schedule_id, row.redeem_code
    )


def _attendance(one: Bought, at: datetime) -> str:
    return open_attendance(
        by=BY, at=at, provider_id=one.provider_id, redeem_code=one.code, sequence=1, redirect_uri=BACK,
        email=f"{one.code}@lp.example",
    ).token  # fmt: skip


def _certified(one: Bought) -> str:
    at = FIRST_CLASS + timedelta(hours=1)
    confirm_attendance(
        by=Actor.citizen(one.citizen_id), at=at, token=_attendance(one, at), citizen_id=one.citizen_id,
        face=FaceAnswer(live=True, score=91),
    )  # fmt: skip
    task = {"provider_id": one.provider_id, "redeem_code": one.code, "scope": "tpm", "sequence": 1}
    submit_assignment(by=BY, at=at, url_file="https://lp.example/tugas.pdf", **task)  # type: ignore[arg-type]
    give_feedback(by=BY, at=at, notes="rapi", accepted=True, **task)  # type: ignore[arg-type]
    done = report_completion(
        by=BY, at=FIRST_CLASS + timedelta(days=1), provider_id=one.provider_id, redeem_code=one.code, post_test_score=88
    )
    issue_certificates(by=BY, at=FIRST_CLASS + timedelta(days=2), limit=10)
    return done.number


def signed_in(principal: Actor, *roles: str, client: Client | None = None) -> Client:
    """A client that came in through a sign-in link, as people do."""
    visitor = client or Client()
    token = create_sign_in_link(by=BY, at=clock.now(), principal=principal, roles=roles)
    answer = visitor.post(f"/tautan/{token}")
    assert answer.status_code == 302, answer.content
    return visitor


def as_citizen(citizen_id: UUID) -> Client:
    return signed_in(Actor.citizen(citizen_id), "citizen")


def as_provider(provider: Organisation) -> Client:
    return signed_in(Actor.partner(provider.code), "provider")


def as_staff(staff_id: UUID, *roles: str) -> Client:
    return signed_in(Actor.staff(staff_id), *roles)


def phone_of(citizen_id: UUID) -> str:
    return numbers_of(citizen_id)["phone"]
