"""The story after learning: revocation, incentives, settlement, vacancies, year end, evidence, seal, proofs."""

import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from bekal.advice.tasks import train
from bekal.careers.tasks import fetch_vacancies, match_due
from bekal.core import clock
from bekal.core.events import Actor
from bekal.evaluation.actions import invite_sample, record_outcome
from bekal.evaluation.queries import effect_estimates
from bekal.incentives.actions import approve_pay_run
from bekal.incentives.models import PaymentOrder
from bekal.incentives.queries import pay_runs, payout_figures
from bekal.incentives.tasks import enquire_due, plan_due, send_due
from bekal.ledger.actions import seal_journal
from bekal.ledger.queries import books_in_order
from bekal.market.tasks import settle_due
from bekal.rulebooks.regions import REGENCIES
from bekal.scholarships.actions import (
    award_waiting,
    close_awards,
    pass_on_pnbp,
    receive_pnbp,
    return_unused,
    spend_administration,
)
from bekal.scholarships.queries import administration_room
from bekal.scholarships.rules import share_of
from bekal.scholarships.tasks import expire_due, revoke_due
from bekal.waves.actions import end_waiting_list
from bekal.waves.queries import wave_view
from demo.opening import WAVE, agree, staff_actor
from demo.rehearsal import CLIENT, FOLDER, PROGRAMME, SOURCE_ACCOUNT
from demo.wire import request

if TYPE_CHECKING:
    from demo.story import Story

REVOKE = datetime(2023, 9, 9, 2, tzinfo=UTC)
PAY_FIRST = datetime(2023, 10, 2, 2, tzinfo=UTC)
PAY_SECOND = datetime(2023, 12, 4, 2, tzinfo=UTC)
YEAR_END = datetime(2023, 12, 16, 2, tzinfo=UTC)
BANK_FAULTS = (
    {"match": {"path": "/bank/v1.0/transfer-intrabank", "share": 0.03, "seed": 1}, "do": "fail500"},
    {"match": {"path": "/bank/v1.0/transfer-interbank", "share": 0.03, "seed": 1}, "do": "fail500"},
)
FULL_WALLETS = {"match": {"path": "/wallet/v1.0/emoney/topup", "share": 0.03, "seed": 7}, "do": "refuse:4033802"}


def retrain(story: "Story") -> str:
    """The nightly training of the recommender."""
    model = train()
    return f"model {model.kind}"


def revoke(story: "Story") -> str:
    """Who bought nothing in time is revoked; the money returns; the next on the waiting list are awarded."""
    revoked = 0
    while batch := revoke_due():
        revoked += batch
    given = award_waiting(by=staff_actor(story, "sari@bekal.example"), at=clock.now(), wave_id=wave_view(WAVE).id)
    story.send_notices()
    return f"{revoked} revoked, {given} awarded from the waiting list"


def open_purse(story: "Story") -> str:
    """The state's bank holds the cash for payouts; the partners will misbehave a little."""
    control = story.rehearsal.control
    control.load_accounts(
        "bank",
        [{"number": SOURCE_ACCOUNT, "holder": "BEKAL", "partner_id": CLIENT, "balance": 10**13}],
    )
    control.load_deposit(CLIENT, 10**13)
    control.faults("bank", BANK_FAULTS)
    return "an answer will be lost, some payments will fail"


def pay(story: "Story") -> str:
    """Incentives and settlements: planned by one, approved by another, sent; doubts settled by enquiry."""
    maker, checker = staff_actor(story, "ratih@bekal.example"), staff_actor(story, "bima@bekal.example")
    settle_due()
    doubtful = 0
    for _ in range(3):
        plan_due(maker)
        for run in pay_runs():
            if run.state == "planned":
                approve_pay_run(by=checker, at=clock.now(), pay_run_id=run.id, digest=run.digest)
        _lose_one(story)
        for _ in range(2):
            doubtful += send_due().get("unknown", 0)
            _step(story, timedelta(minutes=40))
            enquire_due()
        story.send_notices()
        _link_again(story)
    states: dict[str, int] = {}
    for figure in payout_figures():
        states[figure.state] = states.get(figure.state, 0) + figure.orders
    told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
    return f"{told}; {doubtful} unknown answers settled by enquiry"


def _lose_one(story: "Story") -> None:
    """The wallet will book one payment and lose its answer; which one follows from its reference, not from chance."""
    waiting = PaymentOrder.objects.filter(channel="wallet", state="approved").order_by("reference")
    lost = [
        {"match": {"path": "/wallet/v1.0/emoney/topup", "reference": order.reference}, "do": "lose_answer"}
        for order in waiting[:1]
    ]
    story.rehearsal.control.faults("wallet", [*lost, FULL_WALLETS])


def _step(story: "Story", by: timedelta) -> None:
    story.rehearsal.set_time(clock.now() + by)


def _link_again(story: "Story") -> None:
    """Whose wallet was full links a bank account, as the message asks."""
    players = story.with_refused_account()
    if not players:
        return
    story.rehearsal.control.load_accounts(
        "bank", [{"number": f"00320{p.number:08d}", "holder": p.name, "nik": p.nik} for p in players]
    )
    for visitor in story.visitors.all(players):
        visitor.browser.post("/saya/rekening", channel="bank", account=f"00320{visitor.player.number:08d}")


def find_work(story: "Story") -> str:
    """Vacancies arrive from the portal; graduates are matched."""
    dice = random.Random(f"places {story.rehearsal.wish.seed}")
    codes = sorted(REGENCIES)
    places = list(dice.choices(codes, [REGENCIES[c].population for c in codes], k=160))
    seed = int.from_bytes(story.derive("vacancies")[:4], "big")
    listed = [{"code": code, "name": REGENCIES[code].name} for code in sorted(set(places))]
    story.rehearsal.control.generate_vacancies(seed, max(300, story.places * 2), listed)
    fetched = fetch_vacancies()
    matched = 0
    while looked := match_due():
        matched += looked
    return f"{fetched.new} vacancies, {matched} graduates matched"


def measure(story: "Story") -> str:
    """A sample of winners and losers of the draw is asked what they earn; the draw itself is the experiment."""
    wave = wave_view(WAVE)
    invite_sample(by=Actor.system("evaluation"), at=clock.now(), wave_id=wave.id, size=story.places * 2)
    answered = 0
    invited = story.invited(wave.id)
    for player, citizen_id in story.progress.over(invited, len(invited)):
        outcome = story.outcome(player, citizen_id)
        if outcome is None:
            continue
        employed, income = outcome
        record_outcome(
            by=Actor.citizen(citizen_id), at=clock.now(), citizen_id=citizen_id, wave_id=wave.id, employed=employed,
            monthly_income=income,
        )  # fmt: skip
        answered += 1
    story.send_notices()
    return f"{answered} of {len(invited)} answered, {len(effect_estimates(wave.id))} effects estimated"


def keep_house(story: "Story") -> str:
    """What running the programme cost, and the bank's interest on the fund, which is the state's."""
    checker, at = staff_actor(story, "bima@bekal.example"), clock.now()
    held = administration_room(PROGRAMME) or 0
    costs = {"staff": share_of(held, 40), "systems": share_of(held, 20)}
    for number, (category, amount) in enumerate(costs.items(), 1):
        told = {"reference": f"SPM-2023-{number}", "amount": amount}
        agree(story, "administration", purpose=category, **told)  # type: ignore[arg-type]
        spend_administration(by=checker, at=at, programme_code=PROGRAMME, category=category, **told)  # type: ignore[arg-type]
    interest = 1_250_000
    receive_pnbp(
        by=checker, at=at, programme_code=PROGRAMME, source="interest", reference="BUNGA-2023", amount=interest
    )
    agree(story, "pnbp", "NTPN-2023-1", interest)
    pass_on_pnbp(by=checker, at=at, programme_code=PROGRAMME, reference="NTPN-2023-1", amount=interest)
    return f"{sum(costs.values()):,} rupiah of administration, {interest:,} of interest".replace(",", ".")


def year_end(story: "Story") -> str:
    """Balances expire, awards close, and everything unused goes back to the treasury."""
    wave = wave_view(WAVE)
    while expire_due():
        pass
    close_awards(by=Actor.system("year end"), at=clock.now(), wave_id=wave.id)
    end_waiting_list(by=Actor.system("year end"), at=clock.now(), wave_id=wave.id)
    return_unused(by=Actor.system("year end"), at=clock.now(), wave_id=wave.id)
    return "unused money is back in the treasury"


def seal(story: "Story") -> str:
    """The ledger is sealed."""
    seal_journal(by=Actor.system("ledger"), at=clock.now())
    problems = books_in_order()
    if problems:
        raise AssertionError(problems)
    return "every transfer is under a root"


def prove(story: "Story") -> str:
    """An outsider fetches what is published and checks it with tools that import nothing of the product."""
    folder = FOLDER / "published"
    folder.mkdir(exist_ok=True)
    site = story.rehearsal.site
    published = {
        **{name: f"/terbuka/undian/{WAVE}/1/{name}" for name in ("bundle.json", "roll.bin", "result.bin")},
        "journal.json": "/terbuka/uang/journal.json?" + urlencode({"ref": story.some_transfers(60)}, doseq=True),
    }
    for name, path in published.items():
        page = request(site, "GET", path)
        assert page.status == 200, f"{path}: HTTP {page.status}"
        (folder / name).write_bytes(page.body)
    checks = [
        story.rehearsal.verify(
            "verify_draw.py", folder / "bundle.json", folder / "roll.bin", "--result", folder / "result.bin"
        ),
        story.rehearsal.verify("verify_ledger.py", folder / "journal.json"),
    ]
    for number in story.some_certificates(20):
        page = request(site, "GET", f"/sertifikat/{number}.json")
        file = folder / f"certificate-{number}.json"
        file.write_bytes(page.body)
        json.loads(page.body)
        checks.append(story.rehearsal.verify("verify_certificate.py", file))
    if not all(checks):
        raise AssertionError("a proof does not hold")
    return f"draw, journal and {len(checks) - 2} certificates hold"


def paid_twice(story: "Story") -> int:
    """How many references the bank's and the wallet's own books show paid more than once."""
    seen: Counter[str] = Counter()
    for name in ("bank", "wallet"):
        seen.update(payment["partner_reference"] for payment in story.rehearsal.control.books(name)["payments"])
    return sum(count > 1 for count in seen.values())
