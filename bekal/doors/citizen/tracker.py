"""The whole way as at most nine steps with four states; each says what it waits for, whose turn it is, and a date."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from bekal.citizens.queries import CitizenView
from bekal.doors.languages import say, spoken
from bekal.doors.moments import moment_words, zone_of
from bekal.eligibility.queries import VerdictView
from bekal.incentives.queries import Entitlement
from bekal.learning.queries import LearningView
from bekal.scholarships.queries import AwardView
from bekal.surveys.queries import SurveyStanding
from bekal.waves.queries import ApplicationView, WaveView

TONES = {"done": "good", "yours": "care", "process": "info", "waiting": ""}
CERTIFYING = ("reported", "verified")
PAYING = {"due": "us", "planned": "us", "held": "us", "approved": "us", "sent": "bank", "unknown": "bank"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One step. `state`: done, yours, process (someone else's turn) or waiting; `words`: what it is or waits for;
    `turn`: whose turn; `date_words`: a date in words; `address`: its page, "" when it cannot start."""

    code: str
    state: str
    words: str
    turn: str = ""
    date_words: str = ""
    address: str = ""

    @property
    def title(self) -> str:
        return say(f"stage.{self.code}")

    @property
    def act(self) -> str:
        return say(f"stage.{self.code}.act" if self.state == "yours" else f"stage.{self.code}.look")

    @property
    def state_words(self) -> str:
        return say(f"state.{self.state}")

    @property
    def tone(self) -> str:
        return TONES[self.state]


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything the way is made of, read once. `done`: conditions of the incentives (rated, account_linked).

    `face`: state of the face check, "first" before the first photo, "" when the programme asks for none."""

    person: CitizenView
    verdict: VerdictView | None
    wave: WaveView | None
    application: ApplicationView | None
    award: AwardView | None
    learning: Sequence[LearningView]
    done: Mapping[str, bool]
    entitlements: Sequence[Entitlement]
    surveys: Sequence[SurveyStanding]
    face: str = ""

    @property
    def zone(self) -> timezone:
        return zone_of(self.person.regency_code)

    @property
    def certified(self) -> bool:
        return any(one.certificate_state == "issued" for one in self.learning)


def way(found: Standing) -> tuple[Stage, ...]:
    """The nine steps in their order."""
    makers = (_identity, _wave, _draw, _buy, _learn, _rate, _account, _incentive, _survey)
    return tuple(make(found) for make in makers)


def _identity(found: Standing) -> Stage:
    if found.person.state == "verified" and found.face in ("first", "open", "refused"):
        return Stage("face", "yours", say("track.face_open"), say("turn.you"), address="/saya/wajah")
    if found.person.state == "verified" and found.face in ("waiting", "review"):
        return Stage("face", "process", say(f"track.face_{found.face}"), say("turn.us"), address="/saya/wajah")
    state = {"verified": "done", "mismatched": "yours"}.get(found.person.state, "process")
    turn = {"yours": say("turn.you"), "process": say("turn.us")}.get(state, "")
    return Stage("identity", state, say(f"track.identity_{found.person.state}"), turn, address="/saya/data")


def _wave(found: Standing) -> Stage:
    address = "/saya/gelombang"
    if found.application is not None:
        words = say("track.wave_joined", number=found.application.wave_number)
        return Stage(
            "wave", "done", words, date_words=_when("date.on", found.application.joined_at, found), address=address
        )
    if found.verdict is not None and not found.verdict.eligible and found.person.state == "verified":
        return Stage("wave", "waiting", say("track.wave_not_eligible"), address="/saya/data")
    if found.person.state == "mismatched" or (found.person.state != "verified" and found.wave is None):
        return Stage("wave", "waiting", say("track.wave_identity"))
    if found.wave is None:
        return Stage("wave", "waiting", say("track.wave_none"), say("turn.us"))
    words = say("track.wave_open", number=found.wave.number)
    return Stage("wave", "yours", words, say("turn.you"), _when("date.until", found.wave.closes_at, found), address)


def _draw(found: Standing) -> Stage:
    application, address = found.application, "/saya/gelombang"
    if application is None:
        return Stage("draw", "waiting", say("track.draw_not_joined"))
    if found.award is not None:
        return Stage(
            "draw",
            "done",
            say("track.draw_won"),
            date_words=_when("date.on", found.award.granted_at, found),
            address=address,
        )
    if application.state == "waiting":
        return Stage(
            "draw",
            "process",
            say("track.draw_waiting", place=application.position_in_waiting),
            say("turn.us"),
            address=address,
        )
    if application.state == "excluded":
        return Stage("draw", "done", say("track.draw_excluded"), address=address)
    if application.state in ("skipped", "not_drawn"):
        return Stage("draw", "done", say("track.draw_ended"), address=address)
    closes = _when("date.after", found.wave.closes_at, found) if found.wave else ""
    return Stage("draw", "process", say("track.draw_soon"), say("turn.us"), closes, address)


def _buy(found: Standing) -> Stage:
    award = found.award
    if found.learning:
        return Stage(
            "buy", "done", say("track.buy_done", title=found.learning[-1].training_title), address="/saya/pelatihan"
        )
    if award is None:
        return Stage("buy", "waiting", say("track.buy_no_award"))
    if award.state != "active":
        return Stage("buy", "waiting", say("track.buy_ended"), address="/saya/saldo")
    due = _when("date.until", award.purchase_due_at, found)
    return Stage("buy", "yours", say("track.buy_now"), say("turn.you"), due, "/saya/saran")


def _learn(found: Standing) -> Stage:
    address = "/saya/pelatihan"
    if not found.learning:
        return Stage("learn", "waiting", say("track.learn_not_bought"))
    if found.certified:
        return Stage("learn", "done", say("track.learn_certified"), address=address)
    one = found.learning[0]
    if one.certificate_state in CERTIFYING:
        return Stage("learn", "process", say("track.learn_checking"), say("turn.us"), address=address)
    if one.attended >= one.sessions:
        return Stage("learn", "process", say("track.learn_report"), say("turn.provider"), address=address)
    words = say("track.learn_attend", attended=one.attended, sessions=one.sessions)
    return Stage("learn", "yours", words, say("turn.you"), _when("date.starts", one.starts_at, found), address)


def _rate(found: Standing) -> Stage:
    if found.done.get("rated"):
        return Stage("rate", "done", say("track.rate_done"))
    if not found.certified:
        return Stage("rate", "waiting", say("track.rate_not_yet"))
    code = next(one.training_code for one in found.learning if one.certificate_state == "issued")
    return Stage("rate", "yours", say("track.rate_now"), say("turn.you"), address=f"/saya/nilai/{code}")


def _account(found: Standing) -> Stage:
    address = "/saya/rekening"
    if found.done.get("account_linked"):
        return Stage("account", "done", say("track.account_done"), address=address)
    if found.award is None:
        return Stage("account", "waiting", say("track.account_no_award"))
    return Stage("account", "yours", say("track.account_now"), say("turn.you"), address=address)


def _incentive(found: Standing) -> Stage:
    address = "/saya/insentif"
    first = next((one for one in found.entitlements if one.kind == "completion"), None)
    if first is None:
        return Stage("incentive", "waiting", say("track.incentive_none"))
    if first.state == "paid":
        return Stage("incentive", "done", say("track.incentive_paid"), address=address)
    if first.state in PAYING:
        turn = say(f"turn.{PAYING[first.state]}")
        return Stage("incentive", "process", say(f"track.incentive_{first.state}"), turn, address=address)
    if first.state in ("refused", "returned"):
        words = say(f"track.incentive_{first.state}")
        return Stage("incentive", "yours", words, say("turn.you"), address="/saya/rekening")
    return Stage("incentive", "waiting", say("track.incentive_waiting"), address=address)


def _survey(found: Standing) -> Stage:
    if found.surveys and all(one.state == "answered" for one in found.surveys):
        return Stage("survey", "done", say("track.survey_done"))
    ready = next((one for one in found.surveys if one.state == "open"), None)
    if ready is not None:
        return Stage(
            "survey", "yours", say("track.survey_now"), say("turn.you"), address=f"/saya/survei/{ready.survey.number}"
        )
    later = next((one.opens_at for one in found.surveys if one.state == "waiting" and one.opens_at), None)
    return Stage("survey", "waiting", say("track.survey_later"), date_words=_when("date.opens", later, found))


def _when(key: str, moment: datetime | None, found: Standing) -> str:
    return say(key, moment=moment_words(moment, spoken(), found.zone)) if moment else ""
