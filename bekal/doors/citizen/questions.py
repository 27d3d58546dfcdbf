"""The questions of a registration, one a page, in their order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from bekal.citizens import rules
from bekal.core import clock
from bekal.doors import answers
from bekal.doors.citizen.draft import Draft
from bekal.doors.fields import Asked, Choice, Field, WrongAnswer, asked, typed
from bekal.doors.languages import say, spoken
from bekal.doors.moments import day_words
from bekal.doors.pages import Fault
from bekal.doors.skill_names import interest_choices, interest_codes
from bekal.rulebooks.regions import PROVINCES, REGENCIES

DISABILITIES = ("none", "physical", "sight", "hearing", "mental", "other")
MOST_INTERESTS = 3
NOT_MINE = "no"


@dataclass(frozen=True, slots=True)
class Step:
    """One page, `/daftar/<slug>`. The field is made from the draft: a question may depend on an earlier answer."""

    slug: str
    name: str
    field: Callable[[Draft], Field]
    heading: Callable[[Draft], str] | None = None


def named(prefix: str, codes: Sequence[str]) -> Callable[[], tuple[Choice, ...]]:
    """Choices whose labels are the texts `<prefix>.<code>`."""
    return lambda: tuple(Choice(code, say(f"{prefix}.{code}")) for code in codes)


def refuse(fault: rules.Fault) -> WrongAnswer:
    """The citizens room's own refusal, with its own text."""
    return WrongAnswer(f"citizens.{fault.kind}", **fault.facts)


def first(given: Sequence[str]) -> str:
    if not given or not given[0].strip():
        raise WrongAnswer("missing")
    return given[0]


def read_phone(given: Sequence[str]) -> str:
    number = rules.read_phone(first(given))
    if isinstance(number, rules.Fault):
        raise refuse(number)
    return number


def read_name(given: Sequence[str]) -> str:
    name = rules.read_name(first(given))
    if isinstance(name, rules.Fault):
        raise refuse(name)
    return name


def nik_reading(given: Sequence[str]) -> rules.NikReading:
    """What the NIK says of itself: digits, birth date, sex, district."""
    reading = rules.read_nik(first(given), clock.now().date())
    if isinstance(reading, rules.Fault):
        raise refuse(reading)
    return reading


def births(draft: Draft) -> tuple[date, ...]:
    """The birth dates that the NIK of a draft can mean: its two-digit year may lie a century back for who would
    otherwise be too young for an identity card. Raises WrongAnswer without a readable NIK."""
    born, today = nik_reading(draft.get("nik", ())).birth_date, clock.now().date()
    if rules.age_on(born, today) >= rules.CARD_AGE:
        return (born,)
    try:
        return (born, born.replace(year=born.year - 100))
    except ValueError:  # 29 February 1900 was no day
        return (born,)


def _birth_date(draft: Draft) -> Field:
    """The date that the NIK tells, as a question. An answer carries the date, so it never confirms another one."""

    def read(given: Sequence[str]) -> date:
        said = given[0] if given else ""
        if not said:
            raise WrongAnswer("missing")
        found = next((born for born in births(draft) if born.isoformat() == said), None)
        if found is None:
            raise WrongAnswer("changed")
        if rules.age_on(found, clock.now().date()) < rules.CARD_AGE:
            raise refuse(rules.Fault("under_age", {"years": rules.CARD_AGE}))
        return found

    def choices() -> tuple[Choice, ...]:
        first, *others = births(draft)
        yes = Choice(first.isoformat(), say("form.birth_date.yes", born=day_words(first, spoken())))
        earlier = (Choice(one.isoformat(), say("form.birth_date.earlier", year=one.year)) for one in others)
        return (yes, *earlier, Choice(NOT_MINE, say("form.birth_date.no"), say("form.birth_date.no_hint")))

    return Field("birth_date", "choice", read, choices)


def _read_back(draft: Draft) -> str:
    return say("form.birth_date.read_back", born=day_words(births(draft)[0], spoken()))


def _regency(draft: Draft) -> Field:
    province = draft.get("province", [""])[0]
    own = {code: regency.name for code, regency in REGENCIES.items() if regency.province_code == province}
    listed = tuple(Choice(code, name) for code, name in sorted(own.items(), key=lambda pair: pair[1]))
    return Field("regency", "select", answers.one_of(own), lambda: listed)


def _provinces() -> tuple[Choice, ...]:
    return tuple(Choice(code, name) for code, name in sorted(PROVINCES.items(), key=lambda pair: pair[1]))


def _one(name: str, codes: Sequence[str]) -> Field:
    return Field(name, "choice", answers.one_of(codes), named(f"form.{name}", codes))


PHONE = Field("phone", "phone", read_phone, width="w20", autocomplete="tel", longest=40)
CODE = Field("code", "digits", answers.digits(6), width="w10", autocomplete="one-time-code", longest=12)
FIELDS = (
    ("telepon", PHONE),
    ("nama", Field("name", "text", read_name, autocomplete="name")),
    ("nik", Field("nik", "digits", lambda given: nik_reading(given).digits, width="w20", longest=40)),
    ("lahir", _birth_date),
    ("kk", Field("family_card", "digits", answers.digits(16), width="w20", longest=40)),
    ("provinsi", Field("province", "select", answers.one_of(PROVINCES), _provinces)),
    ("kabupaten", _regency),
    ("sekolah", _one("schooling", rules.SCHOOLING)),
    ("pekerjaan", _one("occupation", rules.OCCUPATIONS)),
    ("disabilitas", _one("disability", DISABILITIES)),
    ("minat", Field("interests", "choices", answers.some_of(interest_codes, MOST_INTERESTS), interest_choices)),
)


def _step(slug: str, field: Field | Callable[[Draft], Field]) -> Step:
    if isinstance(field, Field):
        return Step(slug, field.name, lambda draft: field)
    name = field({}).name
    return Step(slug, name, field, _read_back if name == "birth_date" else None)


STEPS = tuple(_step(slug, field) for slug, field in FIELDS)
CONSENT = Field("consent", "tick", answers.tick)


def step_of(slug: str) -> Step | None:
    return next((step for step in STEPS if step.slug == slug), None)


def question_of(step: Step, draft: Draft, values: Sequence[str] = (), faults: Sequence[Fault] = ()) -> Asked:
    """A step as its page shows it, asked in the words of the draft."""
    shown = asked(step.field(draft), values, faults)
    return replace(shown, label=step.heading(draft)) if step.heading else shown


def first_open(draft: Draft) -> Step | None:
    """The first question whose answer is missing or no longer fits the others."""
    return next((step for step in STEPS if not _answered(step, draft)), None)


def answered_values(draft: Draft) -> Mapping[str, Any]:
    """Every answer as a value. Raises WrongAnswer when one is missing."""
    return {step.name: step.field(draft).read(draft.get(step.name, ())) for step in STEPS}


def typed_answer(step: Step, draft: Draft, data: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    return typed(step.field(draft), data)


def _answered(step: Step, draft: Draft) -> bool:
    try:
        step.field(draft).read(draft.get(step.name, ()))
    except WrongAnswer:
        return False
    return True
