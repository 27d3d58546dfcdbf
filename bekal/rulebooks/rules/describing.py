"""A programme in plain words, for the public rules page."""

from dataclasses import dataclass
from typing import Any

from bekal.core.money import format_rupiah
from bekal.core.texts import text
from bekal.engines.draw.quotas import Share
from bekal.rulebooks.regions import PROVINCES, REGENCIES
from bekal.rulebooks.rules.days import MONTHS, day_in_words
from bekal.rulebooks.rules.programme import (
    EligibilityRules,
    Event,
    Incentive,
    LearningRules,
    Programme,
    PurchaseRules,
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
    say = _Speaker(language)
    sections = [say.section("about", say.about(programme), programme.source)]
    if programme.eligibility:
        sections.append(say.section("who", say.who(programme.eligibility), programme.eligibility.source))
    if programme.selection:
        sections.append(say.section("choice", say.choice(programme.selection), programme.selection.source))
    if programme.scholarship:
        sections.append(say.section("balance", say.balance(programme.scholarship), programme.scholarship.source))
    if programme.event:
        sections.append(say.section("event", say.event(programme.event), programme.event.source))
    sections.append(say.section("buying", say.buying(programme.purchase), programme.purchase.source))
    sections.append(say.section("learning", say.learning(programme.learning), programme.learning.source))
    if programme.incentives:
        sources = "; ".join(dict.fromkeys(incentive.source for incentive in programme.incentives))
        sections.append(say.section("incentives", say.incentives(programme), sources))
    return sections


class _Speaker:
    def __init__(self, language: str) -> None:
        self.language = language

    def text(self, name: str, **facts: Any) -> str:
        return text(f"rulebooks.{name}", self.language, **facts)

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
        if programme.total_benefit:
            lines.append(self.text("total_benefit", amount=format_rupiah(programme.total_benefit)))
        return lines

    def who(self, rules: EligibilityRules) -> list[str]:
        lines = [self.text("identity_verified")] if rules.identity_verified else []
        if rules.age_min is not None:
            lines.append(self.text("age_min", years=rules.age_min))
        if rules.age_max is not None:
            lines.append(self.text("age_max", years=rules.age_max))
        if rules.occupations:
            lines.append(self.text("occupations", occupations=self.words("occupation", rules.occupations)))
        if rules.once_in_a_lifetime:
            lines.append(self.text("once_in_a_lifetime"))
        if rules.max_per_family_card is not None:
            lines.append(self.text("max_per_family_card", people=rules.max_per_family_card))
        barred = [
            self.text("barred", register=item.name[self.language], keeper=item.keeper) for item in rules.registers
        ]
        return lines + barred

    def choice(self, rules: Selection) -> list[str]:
        lines = [self.text("method.lottery"), self.text(f"weights.{rules.region_weights}.{rules.region_level}")]
        lines += self.bound("region_floor", rules.floor_of_regions)
        lines += self.bound("region_cap", rules.cap_of_regions)
        for region in rules.regions:
            name = PROVINCES.get(region.code) or REGENCIES[region.code].name
            lines += self.bound("region_fixed", region.share, region=name)
        for group in rules.groups:
            lines += self.bound("group_floor", group.floor, group=group.name[self.language])
            lines += self.bound("group_cap", group.cap, group=group.name[self.language])
        reserved = any(group.floor for group in rules.groups)
        lines += [self.text(f"unused.{step}") for step in rules.unused if reserved or step == "all"]
        return lines + ([self.text("waiting_list")] if rules.waiting_list else [])

    def bound(self, name: str, share: Share | None, **facts: str) -> list[str]:
        if share is None or not (count := share.places or share.percent):
            return []
        form = "percent" if share.percent else "place" if count == 1 else "places"
        told = f"{count:,}".replace(",", "." if self.language == "id" else ",")
        return [self.text(name, share=self.text(f"share.{form}", count=told), **facts)]

    def balance(self, rules: Scholarship) -> list[str]:
        month, day = rules.ends_on.split("-")
        lines = [
            self.text("training_balance", amount=format_rupiah(rules.training_balance)),
            self.text("first_purchase", days=rules.first_purchase_days),
            self.text("ends_on", day=f"{int(day)} {MONTHS[self.language][int(month) - 1]}"),
        ]
        if rules.next_purchase_days is not None:
            lines.insert(2, self.text("next_purchase", days=rules.next_purchase_days))
        return lines

    def event(self, rules: Event) -> list[str]:
        return [self.text("event", days=rules.days), self.text("event_completion", days=rules.completion_days)]

    def buying(self, rules: PurchaseRules) -> list[str]:
        lines = [self.text(f"paid_from.{rules.paid_from}"), self.text("modes", modes=self.words("mode", rules.modes))]
        if rules.min_hours:
            lines.append(self.text("min_hours", hours=rules.min_hours))
        if rules.price_max is not None:
            lines.append(self.text("price_max", amount=format_rupiah(rules.price_max)))
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
        lines = [self.text(f"incentive.{rules.kind}", amount=format_rupiah(rules.amount), times=rules.times)]
        if rules.days_between:
            lines.append(self.text("incentive_spacing", days=rules.days_between))
        return [*lines, *(self.text(f"condition.{condition}") for condition in rules.conditions)]
