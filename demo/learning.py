"""The story of a recipient: advice, purchase, sessions, assignment, test, certificate, rating, survey, account."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bekal.catalogue.models import Training
from bekal.learning.tasks import issue_due
from bekal.market.models import Purchase
from demo.cast import Player, portrait
from demo.town import LESSONS, PLATFORMS
from demo.visitors import Visitor
from demo.wire import Partner, Surprise

if TYPE_CHECKING:
    from demo.story import Story

PRICES = {lesson.code: lesson.price for lesson in LESSONS}
SESSIONS = {lesson.code: lesson.sessions for lesson in LESSONS}
PROVIDER = {lesson.code: lesson.provider for lesson in LESSONS}
INSTITUTION = "https://lembaga.example"
PHOTO_THAT_FAILS = b"\xff\xd8\xff\xe0 a blurred picture"


@dataclass(frozen=True, slots=True)
class Learner:
    """A recipient who bought: the visitor, the training's code and the redeem code they read on their page."""

    visitor: Visitor
    training: str
    redeem_code: str

    @property
    def player(self) -> Player:
        return self.visitor.player


class School:
    """Everything a cohort of recipients does, run `A` or `B`."""

    def __init__(self, story: "Story", run: str) -> None:
        self.story = story
        self.run = run
        self.partners = {code: story.partner(code) for code in {*PROVIDER.values(), *(p[0] for p in PLATFORMS)}}

    def recipients(self) -> list[Player]:
        """Players of this run with an active award: `A` the drawn, `B` those who came from the waiting list."""
        return self.story.recipients(self.run)

    def buy(self) -> str:
        """Each who buys looks at the advice, picks one of it, and pays on a platform with a code from the phone."""
        buyers = [player for player in self.recipients() if player.buys]
        bought = self._bought()
        visitors = [v for v in self.story.visitors.all(buyers) if v.player.number not in bought]
        wishes = list(self._progress(self._choose, visitors))
        for start in range(0, len(wishes), 200):
            batch = wishes[start : start + 200]
            tokens = list(self.story.rehearsal.many(self._reserve, batch))
            self.story.send_notices()
            paid = self.story.rehearsal.many(
                self._pay, [(*wish, token) for wish, token in zip(batch, tokens, strict=True)]
            )
            for _ in self.story.progress.over(paid, len(batch)):
                pass
        self.story.send_notices()
        return f"{len(buyers)} bought, {len(self.recipients()) - len(buyers)} did not"

    def attend(self) -> str:
        """Sessions with a face check; a few photos fail and the institution gives its word."""
        learners = self._learners()
        vouched = sum(self._progress(self._attend, learners))
        return f"{len(learners)} attended, {vouched} sessions confirmed by the institution"

    def finish(self) -> str:
        """Assignment, feedback, post-test, report; certificates are issued; learners rate."""
        learners = [learner for learner in self._learners() if learner.player.finishes]
        for _ in self._progress(self._finish, learners):
            pass
        issued = issue_due()
        for _ in self._progress(self._rate, learners):
            pass
        self.story.send_notices()
        return f"{issued} certificates"

    def link(self) -> str:
        """Each links a bank account or wallet of their own, opened there with the same NIK."""
        players = [learner.player for learner in self._learners() if learner.player.finishes]
        for name in ("bank", "wallet"):
            accounts = [{"number": account_of(p), "holder": p.name, "nik": p.nik} for p in players if p.pays_to == name]
            self.story.rehearsal.control.load_accounts(name, accounts)
        linked = sum(self._progress(self._link, list(self.story.visitors.all(players))))
        return f"{linked} accounts linked"

    def survey(self, number: int) -> str:
        """Each who has a certificate answers survey `number`."""
        players = [learner.player for learner in self._learners() if learner.player.finishes]
        answered = sum(self._progress(lambda v: self._survey(v, number), list(self.story.visitors.all(players))))
        return f"{answered} answered survey {number}"

    def _progress(self, work: Callable, things: Sequence) -> Sequence:  # type: ignore[type-arg]
        return list(self.story.progress.over(self.story.rehearsal.many(work, things), len(things)))

    def _bought(self) -> dict[int, tuple[str, str]]:
        """Player number -> code of the training and redeem code, of everybody who has bought."""
        codes = {key: code for code, key in Training.objects.values_list("code", "id")}
        rows = Purchase.objects.filter(state="paid", redeem_code__isnull=False).values_list(
            "citizen_id", "training_id", "redeem_code"
        )
        bought = {citizen_id: (codes[training], str(redeem_code)) for citizen_id, training, redeem_code in rows}
        return {number: bought[key] for number, key in self.story.citizens.items() if key in bought}

    def _choose(self, visitor: Visitor) -> tuple[Visitor, str]:
        page = visitor.browser.get("/saya/saran")
        advised = [code for code in re.findall(r'href="/pelatihan/([A-Z0-9-]+)', page.text) if code in PRICES]
        if not advised:
            raise Surprise(f"no advice for player {visitor.player.number}: HTTP {page.status}")
        dice = random.Random(f"choice {self.story.rehearsal.wish.seed} {visitor.player.number}")
        return visitor, dice.choice(advised[:3])

    def _reserve(self, wish: tuple[Visitor, str]) -> str:
        visitor, training = wish
        data = self._platform(visitor.player).call(
            "payment/send-otp", self.story.now(),
            {
                "prakerja_id": self.story.card_of(visitor.player), "user_platform_id": f"u{visitor.player.number}",
                "course_code": training, "amount": PRICES[training], "schedule_code": f"{training}-{self.run}",
            },
        )  # fmt: skip
        return str(data["payment_token"])

    def _pay(self, wish: tuple[Visitor, str, str]) -> None:
        visitor, _, token = wish
        invoice = f"INV-{self.run}-{visitor.player.number:07d}"
        self._platform(visitor.player).call(
            "payment/authorize", self.story.now(),
            {
                "otp": self.story.code_on(visitor.player.phone, to_sign_in=False), "invoice_code": invoice,
                "invoice_url": f"https://platform.example/{invoice}",
            },
            authorization=f"Payment {token}",
        )  # fmt: skip

    def _learners(self) -> list[Learner]:
        """Those who bought, with the code that stands on their page."""
        bought = self._bought()
        players = [player for player in self.recipients() if player.buys]
        return [Learner(visitor, *bought[visitor.player.number]) for visitor in self.story.visitors.all(players)]

    def _attend(self, learner: Learner) -> int:
        provider = self._provider(learner.training)
        return sum(self._session(provider, learner, n) for n in range(1, SESSIONS[learner.training] + 1))

    def _session(self, provider: Partner, learner: Learner, sequence: int) -> int:
        """One session; 1 when the institution had to give its word."""
        named = {"redeem_code": learner.redeem_code, "sequence": sequence}
        link = provider.call(
            "oauth/url-generate", self.story.now(),
            {**named, "redirect_uri": f"{INSTITUTION}/kembali", "email": f"p{learner.player.number}@example.org"},
        )  # fmt: skip
        blurred = (learner.player.number + sequence) % 23 == 0
        photo = PHOTO_THAT_FAILS if blurred else portrait(learner.player.nik)
        path = link["url"].removeprefix(self.story.rehearsal.site)
        page = learner.visitor.browser.post(path, photo=photo)
        if not page.header("location").startswith(f"{INSTITUTION}/kembali"):
            raise Surprise(f"attendance of player {learner.player.number}: HTTP {page.status}")
        status = provider.call("payment/redeem-code/status", self.story.now(), named)
        if status["attendance_status"] == 1:
            return 0
        provider.call(
            "attendance/confirm", self.story.now(),
            {**named, "reason": "Peserta hadir dan menjawab panggilan; kameranya buram."},
        )  # fmt: skip
        return 1

    def _finish(self, learner: Learner) -> None:
        provider, now = self._provider(learner.training), self.story.now()
        task = {"redeem_code": learner.redeem_code, "scope": "tpm", "sequence": 1}
        file = f"{INSTITUTION}/tugas/{learner.redeem_code}.pdf"
        provider.call("tpm/submission", now, {**task, "url_file": file})
        provider.call(
            "tpm/feedback/submission", now, {**task, "notes": "Hasil rapi dan sesuai tugas.", "url_file": file}
        )
        score = 72 + learner.player.number % 27
        provider.call("completion/report", now, {"redeem_code": learner.redeem_code, "post_test_score": score})

    def _rate(self, learner: Learner) -> None:
        stars = "5" if learner.player.number % 3 else "4"
        page = learner.visitor.browser.post(
            f"/saya/nilai/{learner.training}", stars=stars, words="Pengajar jelas dan tugasnya berguna."
        )
        if page.leads_to != "/saya":
            raise Surprise(f"rating of player {learner.player.number}: HTTP {page.status}")

    def _link(self, visitor: Visitor) -> int:
        player = visitor.player
        page = visitor.browser.post("/saya/rekening", channel=player.pays_to, account=account_of(player))
        return int(page.leads_to == "/saya/rekening")

    def _survey(self, visitor: Visitor, number: int) -> int:
        answers = survey_answers(visitor.player, number)
        return int(visitor.browser.post(f"/saya/survei/{number}", **answers).leads_to == "/saya")

    def _platform(self, player: Player) -> Partner:
        return self.partners[PLATFORMS[player.number % len(PLATFORMS)][0]]

    def _provider(self, training: str) -> Partner:
        return self.partners[PROVIDER[training]]


def account_of(player: Player) -> str:
    """The player's own account: a wallet stands under the telephone number."""
    return player.phone.removeprefix("+") if player.pays_to == "wallet" else f"00310{player.number:08d}"


def survey_answers(player: Player, number: int) -> dict[str, str]:
    """What the player writes into a survey."""
    works = player.number % 5 < 3
    income = player.base_income if works else 0
    answers = {"employment": "own_business" if player.number % 2 else "employee", "monthly_income": str(income)}
    if not works:
        answers["employment"] = "not_working"
    if number == 1:
        scale = str(4 + player.number % 2)
        return answers | {
            "reason": "new_skill",
            "searching": "no" if works else "yes",
            "relevance": scale,
            "trainer": scale,
        }
    return answers | {
        "weekly_hours": "36" if works else "0", "used_certificate": "yes", "incentive_use": "food",
        "advice": "Tambah jadwal malam.",
    }  # fmt: skip
