"""What a simulation found, in lines to print."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from bekal.cli.simulation.drawn import TABLES, unknown_registers
from bekal.cli.simulation.from_file import FileOfPeople
from bekal.cli.simulation.people import DEFAULTS, Decision, People
from bekal.cli.trouble import Trouble
from bekal.core.texts import table, text
from bekal.eligibility.rules import rules_of
from bekal.engines.draw.quotas import QuotaRefused, allocate_places
from bekal.rulebooks.regions import PROVINCES, REGENCIES, region_weights
from bekal.rulebooks.rules import Programme, day_in_words
from bekal.scholarships.rules import allocation
from bekal.waves.rules import GENERAL, places_policy, region_of

Cell = tuple[str, str]
HOME = "Indonesia"


@dataclass(frozen=True, slots=True)
class Simulation:
    """A programme tried on people. `places` of a wave, or None; `take_up` in per cent, for an entitlement."""

    programme: Programme
    people: People
    decision: Decision
    on: date
    places: int | None
    take_up: int | None
    language: str

    def text(self, name: str, /, **facts: Any) -> str:
        """A sentence of the report."""
        return text(f"simulation.{name}", self.language, **facts)

    def number(self, count: int) -> str:
        """1.234.567, or 1,234,567 in English."""
        return f"{count:,}".replace(",", "." if self.language == "id" else ",")

    def percent(self, part: int, whole: int) -> str:
        """One digit behind the point."""
        tenths = (part * 2_000 + whole) // (2 * whole) if whole else 0
        return f"{tenths // 10}{',' if self.language == 'id' else '.'}{tenths % 10} %"

    def amount(self, amount: int) -> str:
        """In the programme's currency, in full."""
        return self.programme.currency.written(amount, self.language)

    @property
    def eligible(self) -> int:
        """How many may join."""
        return int(self.decision.are("eligible").sum())


def lines_of(found: Simulation) -> Iterator[str]:
    """The whole report but for where the people come from."""
    programme, size = found.programme, found.people.size
    yield found.text("eligible", people=found.number(found.eligible), percent=found.percent(found.eligible, size))
    if pending := int(found.decision.are("pending").sum()):
        yield found.text("pending", people=found.number(pending), percent=found.percent(pending, size))
    yield ""
    yield from _rules(found)
    counts = _cells(found)
    places = _places(found, counts[1])
    by_group = [(group.code, group.name[found.language]) for group in programme.selection.groups] if (
        programme.selection
    ) else []  # fmt: skip
    yield from _table(found, "groups", [*by_group, (GENERAL, found.text("general"))], 1, counts, places)
    level = programme.selection.region_level if programme.selection else "province"
    known = dict(PROVINCES) if level == "province" else {code: one.name for code, one in REGENCIES.items()}
    yield from _table(found, "regions", [*known.items(), ("", found.text("unknown"))], 0, counts, places)
    yield ""
    yield from _family_cards(found)
    yield from _cost(found, places)


def origin_of_drawn(found: Simulation, seed: int) -> Iterator[str]:
    """Where drawn people come from."""
    size = found.number(found.people.size)
    yield found.text("drawn", people=size, seed=seed, day=day_in_words(found.on, found.language))
    yield found.text("drawn_known", source=TABLES["ages"]["source"][found.language])
    yield found.text("drawn_house", source=TABLES["house"]["source"][found.language])
    if (programme := found.programme).country["en"] != HOME:
        yield found.text("drawn_abroad", country=programme.country[found.language])
    if missing := unknown_registers(programme):
        yield found.text("drawn_unknown", registers=", ".join(missing))


def nationwide(found: Simulation) -> Iterator[str]:
    """What the share of eligible people among those drawn would be in the whole country."""
    if found.programme.country["en"] == HOME:
        adults = 1_000 * sum(band[2] for band in TABLES["ages"]["bands"])
        people = round(found.eligible * adults // max(found.people.size, 1), -3)
        worth = found.amount(people * found.programme.total_benefit)
        yield found.text("nationwide", people=found.number(people), amount=worth)


def origin_of_file(found: Simulation, file: FileOfPeople, name: str) -> Iterator[str]:
    """Where the people of a file come from, and which rows were left out."""
    people, day = found.number(file.people.size), day_in_words(found.on, found.language)
    yield found.text("file", people=people, file=name, day=day)
    for column, close in file.ignored.items():
        yield found.text("ignored", column=column) + (f" {found.text('meant', column=close)}" if close else "")
    if file.missing:
        taken = ", ".join(f"{name} = {_default(name)}" for name in file.missing)
        yield found.text("missing", columns=taken)
    if file.bad_rows:
        yield found.text("left_out", rows=found.number(file.bad_rows))
        for column, rows in file.left_out.items():
            reason = found.text(f"bad.{column or 'row'}")
            yield f"  {found.text('left_out_by', rows=found.number(rows), column=column or '-', reason=reason)}"
        for bad in file.shown:
            yield f"  {found.text('bad_row', row=bad.row, column=bad.column or '-', value=bad.value)}"


def _default(name: str) -> str:
    value = DEFAULTS[name]
    return str(value).lower() if isinstance(value, bool) else (str(value) if value else "-")


def _rules(found: Simulation) -> Iterator[str]:
    """How many each rule refuses: as the first reason, and in all."""
    counts = np.bincount(found.decision.decided, minlength=len(found.decision.verdicts))
    first: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for (_, rules), count in zip(found.decision.verdicts, map(int, counts), strict=True):
        first.update(dict.fromkeys(rules[:1], count))
        every.update(dict.fromkeys(rules, count))
    names = [rule.code for rule in rules_of(found.programme)]
    rows = [[_rule(found, name), found.number(first[name]), found.number(every[name])] for name in names]
    if rows:
        yield from _columns([[found.text("refused"), found.text("first_reason"), found.text("all_reasons")], *rows])
        yield ""


def _rule(found: Simulation, rule: str) -> str:
    kind, _, code = rule.partition(":")
    rules = found.programme.eligibility
    names = {one.code: one.name[found.language] for one in (*rules.registers, *rules.required)} if rules else {}
    key = f"simulation.rule.{kind}"
    return text(key, found.language, name=names.get(code, code)) if key in table() else rule


def _cells(found: Simulation) -> tuple[Counter[Cell], Counter[Cell]]:
    """People and eligible people, by region and group."""
    selection = found.programme.selection
    level = selection.region_level if selection else "province"
    regency, decision = found.people.column("regency_code"), found.decision
    groups = len(decision.groups)
    key = (regency.rows * groups + decision.grouped) * 2 + decision.are("eligible")
    everybody: Counter[Cell] = Counter()
    eligible: Counter[Cell] = Counter()
    for mark, count in enumerate(map(int, np.bincount(key))):
        region = region_of(regency.values[mark // 2 // groups], level)
        cell = (region, decision.groups[mark // 2 % groups])
        everybody[cell] += count
        eligible[cell] += count if mark % 2 else 0
    return everybody, eligible


def _places(found: Simulation, eligible: Counter[Cell]) -> dict[Cell, int] | None:
    """How the places of a wave would be shared if all the eligible joined; None without a wave."""
    selection = found.programme.selection
    if selection is None or found.places is None:
        return None
    weights = region_weights(selection.region_weights, selection.region_level)
    people = {cell: count for cell, count in eligible.items() if count and cell[0]}
    try:
        policy = places_policy(selection, region_weights=weights)
        return allocate_places(places=found.places, people=people, policy=policy)
    except QuotaRefused as refused:
        raise Trouble(f"The places cannot be shared out: {refused}.") from refused


def _table(
    found: Simulation, title: str, named: Iterable[tuple[str, str]], part: int,
    counts: tuple[Counter[Cell], Counter[Cell]], places: dict[Cell, int] | None,
) -> Iterator[str]:  # fmt: skip
    """A line for each region (part 0 of a cell) or group (part 1) that has people."""
    sums = [_sum_by(part, one) for one in (*counts, places or {})]
    if title == "groups" and not found.programme.selection:
        return
    head = [found.text(title), found.text("people"), found.text("eligible_short"), found.text("share")]
    rows = [head + ([found.text("places")] if places is not None else [])]
    for code, name in named:
        if sums[0][code]:
            share = found.percent(sums[1][code], sums[0][code])
            row = [name, found.number(sums[0][code]), found.number(sums[1][code]), share]
            rows.append(row + ([found.number(sums[2][code])] if places is not None else []))
    yield from _columns(rows)
    if title == "groups":
        yield ""


def _sum_by(part: int, counts: Counter[Cell] | dict[Cell, int]) -> Counter[str]:
    sums: Counter[str] = Counter()
    for cell, count in counts.items():
        sums[cell[part]] += count
    return sums


def _family_cards(found: Simulation) -> Iterator[str]:
    limit = found.programme.eligibility.max_per_family_card if found.programme.eligibility else None
    cards = found.people.columns.get("family_card")
    if limit is None or cards is None:
        return
    named = np.array([bool(card) for card in cards.values], bool)[cards.rows]
    each = np.bincount(cards.rows[named & found.decision.are("eligible")])
    yield found.text("family_cards", people=found.number(int(np.maximum(each - limit, 0).sum())), limit=limit)


def _cost(found: Simulation, places: dict[Cell, int] | None) -> Iterator[str]:
    programme, eligible = found.programme, found.eligible
    if programme.scholarship is None:
        yield found.text("no_money")
        return
    balance, incentives = programme.scholarship.training_balance, programme.incentive_total
    worth = programme.total_benefit
    yield found.text(
        "per_person", balance=found.amount(balance), incentives=found.amount(incentives), total=found.amount(worth)
    )
    yield found.text("all_eligible", people=found.number(eligible), amount=found.amount(eligible * worth))
    if programme.is_entitlement and found.take_up is not None:
        people = (eligible * found.take_up * 2 + 100) // 200
        facts = {"percent": found.take_up, "people": found.number(people)}
        yield found.text("take_up", **facts, amount=found.amount(people * worth))
    if found.places is not None and places is not None:
        winners = sum(places.values())
        yield found.text(
            "wave", places=found.number(found.places), people=found.number(winners),
            balance=found.amount(winners * balance), incentives=found.amount(winners * incentives),
            total=found.amount(winners * worth),
        )  # fmt: skip
        yield found.text("set_aside", amount=found.amount(allocation(found.places, worth)))
        yield found.text("waves", waves=found.number(-(-eligible // found.places)))


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows as a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()
