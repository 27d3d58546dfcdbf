"""The story up to the award: programme, money, partners, people, wave, draw."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bekal.access.actions import add_staff, approve, propose
from bekal.catalogue.actions import open_schedule, propose_training, review_training
from bekal.catalogue.queries import training_view
from bekal.citizens.actions import UnderAge, register_citizen
from bekal.citizens.rules import PURPOSES, Registration
from bekal.cli.installation import ROOT
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.vault import derived_key, signing_key
from bekal.doors.passes import JOIN, JOIN_COOKIE, JOIN_LIFE, make_pass
from bekal.eligibility.queries import verdict_of
from bekal.eligibility.tasks import verify_and_decide
from bekal.engines.draw.beacon import QUICKNET
from bekal.engines.draw.commitment import endorse, public_key_hex
from bekal.engines.draw.source import Drand, round_time
from bekal.engines.joining import verify_join_receipt
from bekal.partners.actions import issue_credential, register_organisation
from bekal.partners.queries import organisation_of_code
from bekal.rulebooks.actions import load_programme
from bekal.rulebooks.queries import programme_of, rulebook_of
from bekal.scholarships.actions import award_selected, fund_programme, fund_wave, funding_digest
from bekal.scholarships.rules import allocation, share_of
from bekal.waves import tasks as waves
from bekal.waves.actions import (
    commit_roll,
    countersign,
    plan_wave,
    register_witness,
    sign_commitment,
)
from bekal.waves.queries import RECEIPTS, counts_by_state, draw_of, wave_view
from demo.cast import Player, portrait
from demo.rehearsal import PROGRAMME
from demo.town import LESSONS, PLATFORMS, PROVIDERS, RUNS, STAFF, WITNESSES
from demo.wire import Surprise, request

if TYPE_CHECKING:
    from demo.story import Story

WAVE = 59
DIRECTOR = Actor.staff("bekal demo")
PREPARE = datetime(2023, 8, 11, 2, tzinfo=UTC)
REGISTER = datetime(2023, 8, 14, 2, tzinfo=UTC)
OPEN = datetime(2023, 8, 18, 2, tzinfo=UTC)
CLOSE = datetime(2023, 8, 22, 16, 59, 59, tzinfo=UTC)
COMMIT = datetime(2023, 8, 23, 14, 30, tzinfo=UTC)
ROUND = 123
DRAW = round_time(QUICKNET, ROUND) + timedelta(seconds=30)
SILENT = DRAW + timedelta(days=7)
AWARD = datetime(2023, 8, 24, 2, tzinfo=UTC)


def staff_actor(story: "Story", email: str) -> Actor:
    return Actor.staff(story.staff[email])


def load_and_fund(story: "Story") -> str:
    """Load the programme file; the treasury funds it, approved by two people."""
    for email, name, roles in STAFF:
        story.staff[email] = str(add_staff(by=DIRECTOR, at=PREPARE, name=name, email=email, roles=roles).id)
    for code in ("prakerja-2022", PROGRAMME, "skills-week"):
        load_programme(by=DIRECTOR, at=PREPARE, text=(ROOT / "programmes" / code / "1.toml").read_text())
    programme = programme_of(rulebook_of(PROGRAMME).id)
    benefits = allocation(story.places, programme.total_benefit)
    amount = benefits + share_of(benefits, 1)
    agree(story, "fund", "DIPA-2023-1", amount)
    checker = staff_actor(story, "bima@bekal.example")
    fund_programme(by=checker, at=PREPARE, programme_code=PROGRAMME, reference="DIPA-2023-1", amount=amount)
    return f"{amount:,} rupiah".replace(",", ".")


def agree(story: "Story", kind: str, reference: str, amount: int, purpose: str = "") -> None:
    """One proposes that money moves, another approves exactly that."""
    digest = funding_digest(PROGRAMME, reference, amount, purpose)
    maker, checker, at = (
        staff_actor(story, "ratih@bekal.example"),
        staff_actor(story, "bima@bekal.example"),
        clock.now(),
    )
    propose(by=maker, at=at, kind=kind, key=reference, digest=digest)
    approve(by=checker, at=at, kind=kind, key=reference, digest=digest)


def welcome_partners(story: "Story") -> str:
    """Platforms and institutions register and get credentials; each will be paid to its own bank account."""
    accounts = []
    for number, (code, name, percent) in enumerate(PLATFORMS):
        _welcome(story, "platform", code, name, "31.71", f"00280000{number:04d}", percent)
        accounts.append({"number": f"00280000{number:04d}", "holder": name})
    for number, (code, name, regency) in enumerate(PROVIDERS):
        _welcome(story, "provider", code, name, regency, f"00290000{number:04d}", None)
        accounts.append({"number": f"00290000{number:04d}", "holder": name})
    story.rehearsal.control.load_accounts("bank", accounts)
    return f"{len(PLATFORMS)} platforms, {len(PROVIDERS)} institutions"


def _welcome(story: "Story", kind: str, code: str, name: str, regency: str, account: str, percent: int | None) -> None:
    if organisation_of_code(code) is not None:
        return
    organisation = register_organisation(
        by=DIRECTOR, at=PREPARE, kind=kind, code=code, name=name, regency_code=regency, bank_account=account,
        commission_percent=percent,
    )  # fmt: skip
    credential = issue_credential(by=DIRECTOR, at=PREPARE, organisation_id=organisation.id)
    story.keep_credential(code, credential.client_code, credential.sign_key)


def curate(story: "Story") -> str:
    """Institutions propose trainings, two assessors score each blind, admitted ones get schedules."""
    book = rulebook_of(PROGRAMME)
    assessors = (staff_actor(story, "dian@bekal.example"), staff_actor(story, "oka@bekal.example"))
    refused = 0
    for lesson in story.progress.over(LESSONS, len(LESSONS)):
        if training_view(lesson.code) is not None:
            continue
        provider = organisation_of_code(lesson.provider)
        assert provider
        training = propose_training(
            by=Actor.partner(lesson.provider), at=PREPARE, rulebook_id=book.id, provider_id=provider.id,
            code=lesson.code, title=lesson.title, summary=lesson.summary, skills=lesson.skills, mode=lesson.mode,
            hours=lesson.hours, price=lesson.price,
        )  # fmt: skip
        for number, assessor in enumerate(assessors):
            score = 86 - number * 4 if lesson.good else 38
            remark = "Kurikulum dan alat nilai jelas." if lesson.good else "Tanpa kurikulum dan tanpa alat nilai."
            review_training(by=assessor, at=PREPARE, training_id=training.id, score=score, remark=remark)
        refused += not lesson.good
        if lesson.good:
            _schedule(training.id, lesson.provider, lesson.code, lesson.sessions, seats=max(60, story.places))
    return f"{len(LESSONS) - refused} admitted, {refused} refused"


def _schedule(training_id: UUID, provider: str, code: str, sessions: int, *, seats: int) -> None:
    for run, starts, ends in RUNS:
        open_schedule(
            by=Actor.partner(provider), at=PREPARE, training_id=training_id, code=f"{code}-{run}", starts_at=starts,
            ends_at=ends, sessions=sessions, days="Senin-Jumat 09.00-12.00 WIB", seats=seats,
        )  # fmt: skip


def plan(story: "Story") -> str:
    """The wave is planned and its money set aside; outside witnesses publish their keys."""
    book = rulebook_of(PROGRAMME)
    wave = plan_wave(
        by=staff_actor(story, "sari@bekal.example"), at=PREPARE, rulebook_id=book.id, number=WAVE, opens_at=OPEN,
        closes_at=CLOSE, places=story.places,
    )  # fmt: skip
    fund_wave(by=staff_actor(story, "bima@bekal.example"), at=PREPARE, wave_id=wave.id)
    for name in WITNESSES:
        key = public_key_hex(witness_key(story, name))
        register_witness(by=DIRECTOR, at=PREPARE, name=name, public_key=key)
    return f"wave {WAVE}, {story.places} places"


def witness_key(story: "Story", name: str) -> Ed25519PrivateKey:
    """A witness's own key, which the product never sees."""
    return Ed25519PrivateKey.from_private_bytes(story.derive(f"witness {name}"))


def introduce_people(story: "Story") -> str:
    """The state's registers know the people; that is not our doing."""
    people = [
        {
            "nik": player.nik, "family_card": player.family_card, "name": player.registry_name,
            "birth_date": player.birth_date.isoformat(), "registers": list(player.registers),
            "portrait_sha256": hashlib.sha256(portrait(player.nik)).hexdigest(),
        }
        for player in story.players
    ]  # fmt: skip
    loaded = story.rehearsal.control.load_people(people)
    return f"{loaded} people in the civil registry"


def register_people(story: "Story") -> str:
    """People register, the civil registry is asked, the rules decide; a few do it through the site's pages."""
    book = rulebook_of(PROGRAMME).id
    known = story.citizens
    for player in story.players:
        if player.by_pages and player.number not in known:
            story.visitors.register(player)
    known = story.citizens
    casting = [(player, known.get(player.number)) for player in story.players]
    accepted = story.rehearsal.crew(partial(_register, book), casting)
    eligible = sum(story.progress.over(accepted, len(story.players)))
    return f"{len(story.players) - eligible} refused with reasons"


def _register(book: UUID, casting: tuple[Player, UUID | None]) -> bool:
    player, known = casting
    verdict = verdict_of(known, book) if known else None
    if verdict is None:
        citizen_id = known or _sign_up(player)
        if citizen_id is None:
            return False
        verdict = verify_and_decide(citizen_id, book)
    return verdict.eligible


def _sign_up(player: Player) -> UUID | None:
    try:
        citizen = register_citizen(
            by=Actor.system("registration"), at=REGISTER,
            registration=Registration(
                nik=player.nik, family_card=player.family_card, name=player.name, birth_date=player.birth_date,
                sex=player.sex, regency_code=player.regency_code, phone=player.phone, schooling=player.schooling,
                disability=player.disability, occupation=player.occupation, interests=player.interests,
                language=player.language, consents=PURPOSES,
            ),
        )  # fmt: skip
    except UnderAge:
        return None
    return citizen.id


def join(story: "Story") -> str:
    """Everybody joins through the hot lane, as their browsers would; some press the button twice."""
    waves.open_and_close_due()
    wave = wave_view(WAVE)
    door = (story.rehearsal.lane, story.rehearsal.site)
    people = [(story.players[number], citizen_id) for number, citizen_id in sorted(story.citizens.items())]
    receipts = story.rehearsal.many(partial(_join, door, wave.id), people)
    key = public_key_hex(signing_key(RECEIPTS))
    for receipt in story.progress.over(receipts, len(people)):
        assert verify_join_receipt(receipt, key) == [], receipt
    return f"{len(people)} receipts, each checked"


def _join(door: tuple[str, str], wave_id: UUID, casting: tuple[Player, UUID]) -> dict[str, Any]:
    player, citizen_id = casting
    until = clock.now() + JOIN_LIFE
    card = make_pass(derived_key(JOIN), citizen=citizen_id.bytes, wave=wave_id.bytes, until=until)
    headers = {"Cookie": f"{JOIN_COOKIE}={card}", "Origin": door[1], "Accept": "application/json"}
    for _ in range(2 if player.number % 50 == 0 else 1):
        page = request(door[0], "POST", "/saya/gelombang", f"wave={wave_id}".encode(), headers)
        if page.status != 200:
            raise Surprise(f"player {player.number} got no receipt: HTTP {page.status} {page.text[:300]}")
    return dict(json.loads(page.body))


def close(story: "Story") -> str:
    """The wave closes at its instant; the rules decide about everybody who joined."""
    waves.open_and_close_due()
    waves.settle_due()
    counts = counts_by_state(wave_view(WAVE).id)
    return f"{counts.get('joined', 0)} on the roll, {counts.get('excluded', 0)} excluded with reasons"


def commit(story: "Story") -> str:
    """The roll is committed, signed by two operators and countersigned by two witnesses."""
    wave = wave_view(WAVE)
    operator = staff_actor(story, "sari@bekal.example")
    if draw_of(WAVE) is None:
        commit_roll(by=operator, at=COMMIT, wave_id=wave.id, source=Drand(QUICKNET, ROUND, SILENT))
    for email in ("sari@bekal.example", "tono@bekal.example"):
        sign_commitment(by=staff_actor(story, email), at=COMMIT + timedelta(minutes=5), wave_id=wave.id, name=email)
    draw = draw_of(WAVE)
    assert draw
    for name in WITNESSES:
        signed_at = COMMIT + timedelta(minutes=30)
        signed = endorse(draw.commitment, by=name, role="witness", private_key=witness_key(story, name), at=signed_at)
        countersign(
            by=Actor("witness", name), at=signed_at, wave_id=wave.id, name=name, signature=signed["signature"],
            signed_at=signed_at,
        )  # fmt: skip
    return f"beacon round {ROUND} of drand quicknet, not yet known"


def draw(story: "Story") -> str:
    """The round appears; its signature is checked; the draw follows from it."""
    wave = wave_view(WAVE)
    if wave.state == "committed":
        waves.draw_now(wave.id)
    found = draw_of(WAVE)
    assert found
    assert found.bundle
    result = found.bundle["result"]
    return f"{result['winners']} drawn, {result['waiting']} on the waiting list"


def award(story: "Story") -> str:
    """The result is announced to everybody; winners get their award and its money."""
    wave = wave_view(WAVE)
    if wave.state == "drawn":
        waves.announce(wave.id)
    given = award_selected(by=staff_actor(story, "sari@bekal.example"), at=AWARD, wave_id=wave.id)
    story.send_notices()
    return f"{given} awards"
