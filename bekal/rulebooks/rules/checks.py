"""What must agree between the sections of one programme file."""

import difflib
import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from bekal.engines.draw.quotas import UNUSED_ORDERS
from bekal.rulebooks.regions import PROVINCES, REGENCIES
from bekal.rulebooks.rules.currency import RUPIAH
from bekal.rulebooks.rules.places import Path
from bekal.rulebooks.rules.programme import EligibilityRules, End, GroupShare, Programme, Question, Selection
from bekal.rulebooks.rules.reading import Reader


def check_programme(programme: Programme, end: End, reader: Reader) -> None:
    """Note every contradiction at the reader."""
    _check_end(programme, end, reader)
    _check_eligibility(programme, reader)
    _check_selection(programme, reader)
    _check_currency(programme, reader)
    _check_money(programme, reader)
    _check_incentives(programme, reader)
    _check_surveys(programme, reader)
    for number, entry in enumerate(programme.region_lists):
        _check_count(entry.count, entry.regions, ("region_lists", number, "regions"), reader)
    _check_once((entry.code for entry in programme.region_lists), ("region_lists",), reader)


def _check_end(programme: Programme, end: End, reader: Reader) -> None:
    sections = [path for path in reader.places.headers if path != ("end",)]
    if reader.places.headers and reader.places.headers[-1] != ("end",):
        reader.fault(("end",), "Sections follow after [end].", "Put [end] last.")
    if end.parts != len(sections):
        hint = f"Read the file again: is one lost or doubled? If not, write parts = {len(sections)}."
        reader.fault(("end", "parts"), f"The file has {len(sections)} sections, [end] counts {end.parts}.", hint)
    for key, told, real in (("programme", end.programme, programme.code), ("version", end.version, programme.version)):
        if told != real:
            reader.fault(("end", key), f"[end] says {told}, the head says {real}.", "Both must be the same.")


def _check_eligibility(programme: Programme, reader: Reader) -> None:
    rules = programme.eligibility
    if rules is None:
        return
    if rules.age_min is not None and rules.age_max is not None and rules.age_min > rules.age_max:
        reader.fault(("eligibility", "age_max"), "The upper age is below the lower one.", "Swap them?")
    _check_once(rules.registers_barred, ("eligibility", "registers"), reader)
    _check_once(rules.occupations, ("eligibility", "occupations"), reader)
    _check_required(rules, reader)
    _check_residence(programme, rules, reader)
    _check_once(rules.prior_awards, ("eligibility", "prior_awards"), reader)
    for number, code in enumerate(rules.prior_awards):
        if code == programme.code:
            problem = f"`{code}` is this programme itself."
            reader.fault(("eligibility", "prior_awards", number), problem, "Write once_in_a_lifetime = true.")


def _check_required(rules: EligibilityRules, reader: Reader) -> None:
    path: Path = ("eligibility", "required")
    _check_once((register.code for register in rules.required), path, reader)
    for number, register in enumerate(rules.required):
        if register.code in rules.registers_barred:
            problem = f"`{register.code}` is barred and required: nobody could join."
            reader.fault((*path, number, "code"), problem, "Keep it in one of the two lists.")


def _check_residence(programme: Programme, rules: EligibilityRules, reader: Reader) -> None:
    path: Path = ("eligibility", "regions")
    _check_once(rules.regions, path, reader)
    lists = {f"@{entry.code}": number for number, entry in enumerate(programme.region_lists)}
    for number, region in enumerate(rules.regions):
        if region in lists:
            entry = lists[region]
            for place, code in enumerate(programme.region_lists[entry].regions):
                _check_region(code, ("region_lists", entry, "regions", place), reader)
        elif region.startswith("@"):
            hint = _closest(region, lists) or "Add it as [[region_lists]]."
            reader.fault((*path, number), f"No region list has the code {region[1:]}.", hint)
        else:
            _check_region(region, (*path, number), reader)


def _check_region(code: str, path: Path, reader: Reader) -> None:
    if code not in PROVINCES and code not in REGENCIES:
        near = [known for known in REGENCIES if known.startswith(f"{code[:2]}.")]
        hint = f"{PROVINCES[code[:2]]} has {near[0]} to {near[-1]}." if near else "Codes look like 32, 32.73, @a_list."
        reader.fault(path, f"No province or regency has the code {code[:40]}.", hint)


def _closest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean `{close[0]}`?" if close else ""


def _check_currency(programme: Programme, reader: Reader) -> None:
    if programme.currency.code == RUPIAH.code and programme.currency != replace(
        RUPIAH, name=programme.currency.name, source=programme.currency.source
    ):
        problem = "Rupiah are kept whole and written Rp."
        reader.fault(("currency",), problem, 'Write digits = 0 and sign = "Rp", or drop [currency].')


def _check_selection(programme: Programme, reader: Reader) -> None:
    selection = programme.selection
    if selection is None:
        return
    if programme.scholarship is None or programme.eligibility is None:
        reader.fault(
            ("selection",),
            "A selection needs something to give and rules who may join.",
            "Add [scholarship] and [eligibility], or drop [selection].",
        )
    if selection.unused not in UNUSED_ORDERS:
        orders = " or ".join(json.dumps(order) for order in UNUSED_ORDERS)
        reader.fault(("selection", "unused"), "Unused places cannot flow in this order.", f"Write {orders}.")
    _check_regions(selection, reader)
    _check_once((group.code for group in selection.groups), ("selection", "groups"), reader)
    lists = {f"@{entry.code}" for entry in programme.region_lists}
    for number, group in enumerate(selection.groups):
        path: Path = ("selection", "groups", number)
        if group.code == "general":
            reader.fault((*path, "code"), "`general` is the name of all others.", "Choose another code.")
        for value in group.when.among:
            if value.startswith("@") and value not in lists:
                reader.fault(
                    (*path, "when"), f"No region list has the code {value[1:]}.", "Add it as [[region_lists]]."
                )
        if not group.when.among:
            reader.fault((*path, "when"), "Nobody can be in this group.", 'Name values, or "any".')
        _check_bounds(group, path, ("floor_places", "floor_percent", "cap_places", "cap_percent"), reader)
        if group.floor_places is group.floor_percent is group.cap_places is group.cap_percent is None:
            hint = "Add one of floor_percent, floor_places, cap_percent, cap_places."
            reader.fault(path, "The group has neither floor nor cap.", hint)
    _check_hundred((group.floor_percent for group in selection.groups), "floors of the groups", "groups", reader)


def _check_regions(selection: Selection, reader: Reader) -> None:
    above: Path = ("selection",)
    keys = ("region_floor", "region_floor_percent", "region_cap", "region_cap_percent")
    _check_bounds(selection, above, keys, reader)
    if selection.region_floor is selection.region_floor_percent is None:
        reader.fault(above, "`region_floor` is missing.", "Add a line `region_floor = 0`, or region_floor_percent.")
    known: Collection[str] = PROVINCES if selection.region_level == "province" else REGENCIES
    for number, region in enumerate(selection.regions):
        path: Path = (*above, "regions", number)
        if region.code not in known:
            problem = f"No {selection.region_level} has the code {region.code}."
            reader.fault((*path, "code"), problem, f"Codes look like {next(iter(known))}.")
        if (region.places is None) == (region.percent is None):
            reader.fault(path, "The region needs either places or percent.", "Write one of the two.")
    _check_once((region.code for region in selection.regions), (*above, "regions"), reader)
    shares = [region.percent for region in selection.regions]
    _check_hundred(shares, "shares of the regions", "regions", reader)
    named, others = sum(share or 0 for share in shares), len(known) - len(shares)
    least, most = selection.region_floor_percent, selection.region_cap_percent
    if least is not None and named <= 100 < named + others * least:
        problem = f"{least} % for each of the {others} regions not named below is more than there is."
        reader.fault((*above, "region_floor_percent"), problem, "Lower it, or write region_floor.")
    if most is not None and None not in shares and named + others * most < 100:
        problem = f"All regions together may take only {named + others * most} % of the places."
        reader.fault((*above, "region_cap_percent"), problem, "Raise it.")


def _check_bounds(entry: GroupShare | Selection, path: Path, keys: tuple[str, str, str, str], reader: Reader) -> None:
    """`keys`: floor in places, floor in per cent, cap in places, cap in per cent."""
    values = [getattr(entry, key) for key in keys]
    for one, other in ((0, 1), (2, 3)):
        if values[one] is not None and values[other] is not None:
            reader.fault((*path, keys[other]), f"`{keys[one]}` says it too.", "Keep one of the two.")
    for floor, cap in ((0, 2), (1, 3)):
        if values[floor] is not None and values[cap] is not None and values[floor] > values[cap]:
            reader.fault((*path, keys[cap]), "The cap is below the floor.", "Swap them?")


def _check_hundred(percents: Iterable[int | None], what: str, key: str, reader: Reader) -> None:
    total = sum(percent or 0 for percent in percents)
    if total > 100:
        reader.fault(("selection", key), f"The {what} add up to {total} %.", "At most 100 %.")


def _check_money(programme: Programme, reader: Reader) -> None:
    if programme.purchase.paid_from == "scholarship" and programme.scholarship is None:
        reader.fault(
            ("purchase", "paid_from"),
            "There is no scholarship to pay from.",
            'Add [scholarship], or write paid_from = "own_money".',
        )
    if not programme.purchase.modes:
        reader.fault(("purchase", "modes"), "No mode can be bought.", "Name at least one.")
    _check_once(programme.purchase.modes, ("purchase", "modes"), reader)


def _check_incentives(programme: Programme, reader: Reader) -> None:
    _check_once((incentive.kind for incentive in programme.incentives), ("incentives",), reader)
    for number, incentive in enumerate(programme.incentives):
        path: Path = ("incentives", number)
        if programme.scholarship is None:
            reader.fault(path, "Incentives belong to a scholarship.", "Add [scholarship], or drop the incentive.")
        if (incentive.kind == "survey") != (incentive.of == "each_survey"):
            reader.fault(
                (*path, "of"),
                f"A {incentive.kind} incentive cannot be of {incentive.of}.",
                "survey goes with each_survey, completion with first_training.",
            )
        if incentive.kind == "survey" and incentive.times > len(programme.surveys):
            reader.fault((*path, "times"), f"There are only {len(programme.surveys)} surveys.", "Add [[surveys]].")
        _check_once(incentive.conditions, (*path, "conditions"), reader)


def _check_surveys(programme: Programme, reader: Reader) -> None:
    for number, survey in enumerate(programme.surveys):
        path: Path = ("surveys", number)
        if survey.number != number + 1:
            reader.fault((*path, "number"), f"This is survey {number + 1} of the file.", "Number them 1, 2, 3.")
        if not survey.questions:
            reader.fault(path, "The survey asks nothing.", "Add [[surveys.questions]].")
        _check_once((question.code for question in survey.questions), (*path, "questions"), reader)
        for place, question in enumerate(survey.questions):
            _check_question(question, (*path, "questions", place), reader)


def _check_question(question: Question, path: Path, reader: Reader) -> None:
    lengths = {len(question.choice_codes), len(question.choice_labels_id), len(question.choice_labels_en)}
    if len(lengths) > 1:
        reader.fault(
            path,
            "Codes and labels of the choices differ in number.",
            "choice_codes, choice_labels_id and choice_labels_en need one entry for each choice.",
        )
    if (question.kind == "choice") != (max(lengths) > 1):
        reader.fault(path, "A choice question has two choices or more, the others have none.", "Look at `kind`.")
    _check_once(question.choice_codes, (*path, "choice_codes"), reader)
    if (question.kind in ("number", "scale")) != (question.least is not None):
        reader.fault(path, "Numbers and scales, and only they, need `least`.", "Look at `kind`.")
    if (question.kind == "choice") != (question.most is None):
        reader.fault(path, "All but choice questions need `most`.", "Add `most = …`, or look at `kind`.")
    if question.least is not None and question.most is not None and question.least >= question.most:
        reader.fault((*path, "most"), "`most` is not above `least`.", "Swap them?")


def _check_count(count: int, things: tuple[str, ...], path: Path, reader: Reader) -> None:
    if len(things) != count:
        hint = f"Is a line lost or doubled? If not, write count = {len(things)}."
        reader.fault(path, f"The list has {len(things)} entries, `count` says {count}.", hint)
    _check_once(things, path, reader)


def _check_once(codes: Iterable[str], path: Path, reader: Reader) -> None:
    for code, times in Counter(codes).items():
        if times > 1:
            reader.fault(path, f"`{code}` stands here {times} times.", "Each may stand once.")
