"""A programme in plain words, for the public rules page."""

from dataclasses import dataclass
from typing import Any

from bekal.core.texts import text
from bekal.engines.draw.quotas import Share
from bekal.rulebooks.regions import PROVINCES, REGENCIES
from bekal.rulebooks.rules.currency import RUPIAH
from bekal.rulebooks.rules.days import MONTHS, day_in_words
from bekal.rulebooks.rules.programme import (
    EligibilityRules,
    Event,
    Funds,
    GroupShare,
    Incentive,
    LearningRules,
    Programme,
    PurchaseRules,
    RegionShare,
    Scholarship,
    Selection,
)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the rules: its title, its sentences, and the decree or page behind it."""

    title: str
    lines: tuple[str, ...]
    source: str


def describe(programme: Programme, language: str) -> list[Section]:
    """The programme in sentences, "id" or "en", in the order of a person's way through it."""
    say = Speaker(programme, language)
    sections = [say.section("about", say.about(programme), programme.source)]
    if programme.eligibility:
        sections.append(say.section("who", say.who(programme.eligibility), programme.eligibility.source))
    if programme.selection:
        sections.append(say.section("choice", say.choice(programme.selection), programme.selection.source))
    if programme.is_entitlement and programme.scholarship:
        sections.append(say.section("claim", say.claim(), programme.scholarship.source))
    if programme.scholarship:
        sections.append(say.section("balance", say.balance(programme.scholarship), programme.scholarship.source))
    if programme.event:
        sections.append(say.section("event", say.event(programme.event), programme.event.source))
    sections.append(say.section("buying", say.buying(programme.purchase), programme.purchase.source))
    sections.append(say.section("learning", say.learning(programme.learning), programme.learning.source))
    if programme.funds:
        sections.append(say.section("funds", say.funds(programme.funds), programme.funds.source))
    if programme.incentives:
        sources = "; ".join(dict.fromkeys(incentive.source for incentive in programme.incentives))
        sections.append(say.section("incentives", say.incentives(programme), sources))
    return sections


class Speaker:
    """Says the parts of one programme in one language."""

    def __init__(self, programme: Programme, language: str) -> None:
        self.programme = programme
        self.language = language

    def text(self, name: str, **facts: Any) -> str:
        return text(f"rulebooks.{name}", self.language, **facts)

    def amount(self, amount: int) -> str:
        return self.programme.currency.written(amount, self.language)

    def words(self, name: str, codes: tuple[str, ...]) -> str:
        return ", ".join(self.text(f"{name}.{code}") for code in codes)

    def section(self, name: str, lines: list[str], source: str) -> Section:
        return Section(self.text(f"title.{name}"), tuple(lines), source)

    def about(self, programme: Programme) -> list[str]:
        day = day_in_words(programme.in_force_from, self.language)
        lines = [
            programme.summary[self.language],
            self.text("in_force", day=day, version=programme.version),
            self.text("legal_basis", basis=", ".join(programme.legal_basis)),
        ]
        if programme.currency != RUPIAH:
            lines.append(self.text("currency", currency=programme.currency.name[self.language]))
        if programme.total_benefit:
            lines.append(self.text("total_benefit", amount=self.amount(programme.total_benefit)))
        return lines

    def who(self, rules: EligibilityRules) -> list[str]:
        lines = [self.text("citizens_only", country=self.programme.country[self.language])] * rules.citizens_only
        lines += [self.text("identity_verified")] * rules.identity_verified
        lines += [self.text("face_matched")] * rules.face_matched
        if rules.age_min is not None:
            lines.append(self.text("age_min", years=rules.age_min))
        if rules.age_max is not None:
            lines.append(self.text("age_max", years=rules.age_max))
        if rules.occupations:
            lines.append(self.text("occupations", occupations=self.words("occupation", rules.occupations)))
        if rules.regions:
            lines.append(self.text("regions", regions=", ".join(map(self.region, rules.regions))))
        if rules.once_in_a_lifetime:
            lines.append(self.text("once_in_a_lifetime"))
        if rules.max_per_family_card is not None:
            lines.append(self.text("max_per_family_card", people=rules.max_per_family_card))
        for name, registers in (("required", rules.required), ("barred", rules.registers)):
            lines += [self.text(name, register=item.name[self.language], keeper=item.keeper) for item in registers]
        return lines + [self.text("prior_award", programme=code) for code in rules.prior_awards]

    def region(self, code: str) -> str:
        """The name of a province, a regency, or a list of the file ("@code")."""
        lists = {f"@{entry.code}": entry.name[self.language] for entry in self.programme.region_lists}
        if code in lists or code in PROVINCES:
            return lists.get(code) or PROVINCES[code]
        return REGENCIES[code].name if code in REGENCIES else code

    def choice(self, rules: Selection) -> list[str]:
        lines = [self.text("method.lottery"), self.text(f"weights.{rules.region_weights}.{rules.region_level}")]
        lines += self.bound("region_floor", rules.floor_of_regions)
        lines += self.bound("region_cap", rules.cap_of_regions)
        lines += [line for region in rules.regions for line in self.fixed(region)]
        lines += [line for group in rules.groups for line in self.group(group)]
        reserved = any(group.floor for group in rules.groups)
        lines += [self.text(f"unused.{step}") for step in rules.unused if reserved or step == "all"]
        return lines + ([self.text("waiting_list")] if rules.waiting_list else [])

    def fixed(self, rules: RegionShare) -> list[str]:
        return self.bound("region_fixed", rules.share, region=self.region(rules.code))

    def group(self, rules: GroupShare) -> list[str]:
        name = rules.name[self.language]
        return self.bound("group_floor", rules.floor, group=name) + self.bound("group_cap", rules.cap, group=name)

    def claim(self) -> list[str]:
        return [self.text("entitlement"), self.text("entitlement_no_draw")]

    def bound(self, name: str, share: Share | None, **facts: str) -> list[str]:
        if share is None or not (count := share.places or share.percent):
            return []
        form = "percent" if share.percent else "place" if count == 1 else "places"
        told = f"{count:,}".replace(",", "." if self.language == "id" else ",")
        return [self.text(name, share=self.text(f"share.{form}", count=told), **facts)]

    def balance(self, rules: Scholarship) -> list[str]:
        lines = [self.text("training_balance", amount=self.amount(rules.training_balance))]
        if rules.first_purchase_days is not None:
            lines.append(self.text("first_purchase", days=rules.first_purchase_days))
        if rules.next_purchase_days is not None:
            lines.append(self.text("next_purchase", days=rules.next_purchase_days))
        if rules.ends_on is None:
            return [*lines, self.text("never_lapses")]
        return [*lines, self.text("ends_on", day=self.day_of_year(rules.ends_on))]

    def day_of_year(self, month_day: str) -> str:
        """`15 Desember` for "12-15"."""
        month, day = month_day.split("-")
        return f"{int(day)} {MONTHS[self.language][int(month) - 1]}"

    def event(self, rules: Event) -> list[str]:
        return [self.text("event", days=rules.days), self.text("event_completion", days=rules.completion_days)]

    def funds(self, rules: Funds) -> list[str]:
        cap = rules.administration_cap_percent
        lines = [] if cap is None else [self.text("administration_cap", percent=cap)]
        return [*lines, self.text(f"repaid_to.{rules.repaid_to}")]

    def buying(self, rules: PurchaseRules) -> list[str]:
        lines = [self.text(f"paid_from.{rules.paid_from}"), self.text("modes", modes=self.words("mode", rules.modes))]
        if rules.min_hours:
            lines.append(self.text("min_hours", hours=rules.min_hours))
        if rules.price_max is not None:
            lines.append(self.text("price_max", amount=self.amount(rules.price_max)))
        if rules.discount_percent_min is not None:
            lines.append(self.text("discount", percent=rules.discount_percent_min))
        lines.append(self.text("reservation", minutes=rules.reservation_minutes))
        lines.append(self.text("commission", percent=rules.commission_cap_percent))
        return lines

    def learning(self, rules: LearningRules) -> list[str]:
        lines = []
        if rules.attendance_percent:
            lines.append(self.text("attendance", percent=rules.attendance_percent))
        if rules.post_test_pass:
            lines.append(self.text("post_test", mark=rules.post_test_pass))
        if rules.assignment_required:
            lines.append(self.text("assignment"))
        days = rules.report_days + rules.platform_days + rules.check_days
        return [*lines, self.text("certificate_days", days=days)]

    def incentives(self, programme: Programme) -> list[str]:
        return [line for incentive in programme.incentives for line in self.incentive(incentive)]

    def incentive(self, rules: Incentive) -> list[str]:
        lines = [self.text(f"incentive.{rules.kind}", amount=self.amount(rules.amount), times=rules.times)]
        if rules.days_between:
            lines.append(self.text("incentive_spacing", days=rules.days_between))
        return [*lines, *(self.text(f"condition.{condition}") for condition in rules.conditions)]
