"""What a programme file says, as frozen values. Amounts are whole minor units of its currency, shares whole percent.

Every section names its `source`: the decree or page that fixes it, or "house setting" where none was published.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from bekal.core.money import Money
from bekal.engines.draw.quotas import Share
from bekal.rulebooks.rules.currency import RUPIAH, Currency
from bekal.rulebooks.rules.reading import Range, Shape
from bekal.rulebooks.rules.words import Words

Code = Annotated[str, Shape(r"[a-z0-9]+(?:[_-][a-z0-9]+)*", "small-letters-and-2-digits")]
MonthDay = Annotated[str, Shape(r"(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])", "12-15")]
RegionCode = Annotated[str, Shape(r"[0-9]{2}(?:[.][0-9]{2})?", "32.73")]
Percent = Annotated[int, Range(0, 100)]
Days = Annotated[int, Range(0, 3_660)]
Amount = Annotated[int, Range(0, 1_000_000_000)]
Number = Annotated[int, Range(1, 1_000)]
PlaceCount = Annotated[int, Range(1, 10_000_000)]
CapPercent = Annotated[int, Range(1, 100)]
Age = Annotated[int, Range(0, 130)]
INDONESIA = Words("Indonesia", "Indonesia")

Occupation = Literal["job_seeker", "laid_off", "worker", "furloughed", "small_business"]
Mode = Literal["self_paced", "webinar", "offline", "blended"]
Unused = Literal["group", "region", "all"]
Condition = Literal["certified", "rated", "account_linked", "survey_answered"]


@dataclass(frozen=True, slots=True)
class Register:
    """A register that the rules look into. `keeper`: the agency that answers for it and corrects it."""

    code: Code
    name: Words
    keeper: str
    source: str


@dataclass(frozen=True, slots=True)
class EligibilityRules:
    """Who may join. `occupations` empty: any. None: no such limit.

    `registers` bar whoever stands in one; `required` bar whoever does not. `regions`: codes of provinces or regencies,
    or "@code" of a list; empty: everywhere. `prior_awards`: programmes whose recipients may not join.
    """

    source: str
    identity_verified: bool
    age_min: Age | None
    age_max: Age | None
    occupations: tuple[Occupation, ...]
    max_per_family_card: Number | None
    once_in_a_lifetime: bool
    registers: tuple[Register, ...] = ()
    required: tuple[Register, ...] = ()
    citizens_only: bool = False
    face_matched: bool = False
    regions: tuple[str, ...] = ()
    prior_awards: tuple[Code, ...] = ()

    @property
    def registers_barred(self) -> tuple[str, ...]:
        """The codes of the barred registers, in the order of the file."""
        return tuple(register.code for register in self.registers)


@dataclass(frozen=True, slots=True)
class GroupTest:
    """True when the person's `fact` is among the values. "any": it has some value. "@code": it is in that list."""

    fact: Literal["disability", "occupation", "region", "schooling", "sex"]
    among: tuple[str, ...]


def _share(places: int | None, percent: int | None) -> Share | None:
    return None if places is None and percent is None else Share(places, percent)


@dataclass(frozen=True, slots=True)
class GroupShare:
    """A group with a least number of places, as long as it has applicants, or a largest one, or both; each in places
    or in per cent of the wave's places."""

    code: Code
    name: Words
    when: GroupTest
    source: str
    floor_percent: Percent | None = None
    floor_places: PlaceCount | None = None
    cap_percent: CapPercent | None = None
    cap_places: PlaceCount | None = None

    @property
    def floor(self) -> Share | None:
        """Reserved in the whole wave; None: nothing."""
        return _share(self.floor_places, self.floor_percent)

    @property
    def cap(self) -> Share | None:
        """The most in the whole wave; None: no limit."""
        return _share(self.cap_places, self.cap_percent)


@dataclass(frozen=True, slots=True)
class RegionShare:
    """A region that gets just so many places, or per cent of the wave's places, as long as it has applicants."""

    code: RegionCode
    source: str
    places: PlaceCount | None = None
    percent: CapPercent | None = None

    @property
    def share(self) -> Share:
        """Its places."""
        return Share(self.places, self.percent)


@dataclass(frozen=True, slots=True)
class Selection:
    """How a wave chooses. Places go to regions by weight, inside floor and cap; `regions` have numbers of their own. A
    person counts for the first group that fits. `unused`: where a reserved place goes that finds nobody, in order: to
    the same `group` in other regions, to everybody in its `region`, to `all` other regions."""

    source: str
    method: Literal["lottery"]
    region_level: Literal["province", "regency"]
    region_weights: Literal["applicants", "population", "labour_force"]
    unused: tuple[Unused, ...]
    waiting_list: bool
    region_floor: Annotated[int, Range(0, 10_000)] | None = None
    region_floor_percent: Percent | None = None
    region_cap: PlaceCount | None = None
    region_cap_percent: CapPercent | None = None
    regions: tuple[RegionShare, ...] = ()
    groups: tuple[GroupShare, ...] = ()

    @property
    def floor_of_regions(self) -> Share | None:
        """The least of each region while applicants last; None: nothing."""
        return _share(self.region_floor, self.region_floor_percent)

    @property
    def cap_of_regions(self) -> Share | None:
        """The most of each region; None: no limit."""
        return _share(self.region_cap, self.region_cap_percent)


@dataclass(frozen=True, slots=True)
class Scholarship:
    """The balance and its windows, in days; None: no window. `ends_on`: the year's last day (month-day); None: the
    balance does not lapse."""

    source: str
    training_balance: Amount
    first_purchase_days: Days | None
    next_purchase_days: Days | None
    ends_on: MonthDay | None

    def end_in(self, year: int) -> date | None:
        """The last day of the balances of `year`; None: there is none."""
        if self.ends_on is None:
            return None
        month, day = self.ends_on.split("-")
        return date(year, int(month), int(day))


@dataclass(frozen=True, slots=True)
class PurchaseRules:
    """What may be bought and how. A price fits when it is at most `price_max` or at least `discount_percent_min` below
    the usual one; both None: any price."""

    source: str
    paid_from: Literal["scholarship", "own_money"]
    min_hours: Annotated[int, Range(0, 1_000)]
    modes: tuple[Mode, ...]
    commission_cap_percent: Percent
    price_max: Amount | None
    discount_percent_min: Percent | None
    reservation_minutes: Annotated[int, Range(1, 1_440)]
    settlement_after_days: Days


@dataclass(frozen=True, slots=True)
class LearningRules:
    """When a training is completed. Working days: the provider reports, the platform forwards, the programme checks."""

    source: str
    attendance_percent: Percent
    post_test_pass: Percent
    assignment_required: bool
    report_days: Days
    platform_days: Days
    check_days: Days


@dataclass(frozen=True, slots=True)
class Funds:
    """How the programme's money is kept. `administration_cap_percent`: the most of what the treasury paid in that
    administration may cost; None: no cap. `repaid_to`: whether money claimed back is the state's revenue or the fund's.
    """

    source: str
    administration_cap_percent: CapPercent | None
    repaid_to: Literal["state", "fund"]


@dataclass(frozen=True, slots=True)
class Event:
    """A programme that runs for `days`; bought trainings are to be finished `completion_days` after it."""

    source: str
    days: Number
    completion_days: Days


@dataclass(frozen=True, slots=True)
class Incentive:
    """`amount` is paid up to `times` times, at least `days_between` apart, once all `conditions` hold."""

    kind: Literal["completion", "survey"]
    amount: Amount
    times: Number
    days_between: Days
    of: Literal["first_training", "each_survey"]
    conditions: tuple[Condition, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to choose."""

    code: str
    text: Words


@dataclass(frozen=True, slots=True)
class Question:
    """A question. `choice` has choices; `number` and `scale` run from `least` to `most`; `text` has `most` letters."""

    code: Code
    kind: Literal["choice", "number", "text", "scale"]
    text: Words
    choice_codes: tuple[Code, ...] = ()
    choice_labels_id: tuple[str, ...] = ()
    choice_labels_en: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The choices in their order."""
        rows = zip(self.choice_codes, self.choice_labels_id, self.choice_labels_en, strict=True)
        return tuple(Choice(code, Words(indonesian, english)) for code, indonesian, english in rows)


@dataclass(frozen=True, slots=True)
class Survey:
    """A questionnaire that opens `opens_after_days` after the first training is finished."""

    number: Number
    title: Words
    opens_after_days: Days
    source: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class RegionList:
    """Regions that a decree names. `count` guards against a line that got lost."""

    code: Code
    name: Words
    count: Number
    regions: tuple[RegionCode, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """One version of one scheme. An absent section is an absent step: no `selection`, no wave.

    `country`: whose citizens, in `citizens_only`. Without `currency`: rupiah.
    """

    code: Code
    version: Number
    name: Words
    summary: Words
    in_force_from: date
    legal_basis: tuple[str, ...]
    source: str
    purchase: PurchaseRules
    learning: LearningRules
    eligibility: EligibilityRules | None = None
    selection: Selection | None = None
    scholarship: Scholarship | None = None
    funds: Funds | None = None
    event: Event | None = None
    incentives: tuple[Incentive, ...] = ()
    surveys: tuple[Survey, ...] = ()
    region_lists: tuple[RegionList, ...] = ()
    country: Words = INDONESIA
    currency: Currency = RUPIAH

    @property
    def is_entitlement(self) -> bool:
        """Whether everybody who is eligible receives it: something to give, and no selection."""
        return self.scholarship is not None and self.selection is None

    @property
    def incentive_total(self) -> Money:
        """What one person can receive in incentives."""
        return Money(sum(incentive.amount * incentive.times for incentive in self.incentives))

    @property
    def total_benefit(self) -> Money:
        """Balance and incentives together."""
        balance = self.scholarship.training_balance if self.scholarship else 0
        return Money(balance + self.incentive_total)

    def regions_in(self, code: str) -> frozenset[str]:
        """The region codes of one of the file's lists."""
        return frozenset(region for entry in self.region_lists if entry.code == code for region in entry.regions)


@dataclass(frozen=True, slots=True)
class End:
    """The last section: repeats code and version and counts the other sections, so that a cut file is noticed."""

    programme: str
    version: int
    parts: int
