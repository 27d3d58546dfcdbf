"""What differs between two programmes: for whom, and from what to what, in words.

Walks every key of both, so that nothing can differ unsaid. What stands on paper alone (sources, legal basis, version)
is kept apart from what changes for people.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin

from bekal.core.texts import text
from bekal.rulebooks.rules.describing import Speaker
from bekal.rulebooks.rules.naming import SECTIONS, label, value_in_words, who_is
from bekal.rulebooks.rules.programme import Programme, Question, RegionList
from bekal.rulebooks.rules.reading import hints_of
from bekal.rulebooks.rules.words import Words

_KEYS = {"registers": "code", "required": "code", "groups": "code", "regions": "code", "incentives": "kind",
         "surveys": "number", "questions": "code", "region_lists": "code"}  # fmt: skip
_PAPERS = {"source", "legal_basis"}
_HEAD_PAPERS = {"code", "version"}
_NO_AGE = 1_000
_ADMITTED = {True: "now_bars", False: "bars_no_longer"}


@dataclass(frozen=True, slots=True)
class Change:
    """One sentence. `path`: the key, such as `eligibility.age_max`; `who`: whom it concerns, in words."""

    path: str
    who: str
    line: str


@dataclass(frozen=True, slots=True)
class Difference:
    """`changes`: for people, in the order of the file; `papers`: version, legal basis and sources."""

    changes: tuple[Change, ...]
    papers: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class _Table:
    """Where the walk is: the section's `kind`, its `path`, `who` it concerns, and the `item` it is about, or ""."""

    kind: type[Any]
    path: str
    who: str
    item: str = ""


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of a table that differs."""

    table: _Table
    name: str
    hint: Any

    @property
    def path(self) -> str:
        return f"{self.table.path}.{self.name}".lstrip(".")


def difference(old: Programme, new: Programme, language: str) -> Difference:
    """What changes from `old` to `new`, in "id" or "en". Empty when they say the same."""
    walk = _Walk(old, new, language)
    walk.benefit()
    walk.table(_Table(Programme, "", walk.who("everyone")), old, new)
    walk.entitlement()
    return Difference(tuple(walk.changes), tuple(walk.papers))


class _Walk:
    def __init__(self, old: Programme, new: Programme, language: str) -> None:
        self.old, self.new, self.language = old, new, language
        self.before, self.after = Speaker(old, language), Speaker(new, language)
        self.changes: list[Change] = []
        self.papers: list[Change] = []

    def text(self, name: str, /, **facts: Any) -> str:
        return text(f"rulebooks.change.{name}", self.language, **facts)

    def who(self, name: str, /, **facts: Any) -> str:
        return text(f"rulebooks.whom.{name}", self.language, **facts)

    def note(self, key: _Key, line: str, who: str = "") -> None:
        paper = key.name in _PAPERS or (key.table.kind is Programme and key.name in _HEAD_PAPERS)
        told = f"{key.table.item}: {line}" if key.table.item else line
        (self.papers if paper else self.changes).append(
            Change(key.path, who or key.table.who, told[:1].upper() + told[1:])
        )

    def benefit(self) -> None:
        worth = [say.amount(say.programme.total_benefit) for say in (self.before, self.after)]
        if worth[0] != worth[1]:
            line = self.text("value", what=self.text("total_benefit"), old=worth[0], new=worth[1])
            self.changes.append(Change("total_benefit", self.who("recipients"), line))

    def entitlement(self) -> None:
        if self.old.is_entitlement != self.new.is_entitlement:
            form = "added" if self.new.is_entitlement else "gone"
            lines = [self.text(form, line=line) for line in self.after.claim()]
            self.changes += [Change("selection", self.who("applicants"), line) for line in lines]

    def table(self, table: _Table, old: Any, new: Any) -> None:
        for name, hint in hints_of(table.kind).items():
            before, after = getattr(old, name), getattr(new, name)
            if before != after:
                who = self.who(who_is(table.kind, name)) if who_is(table.kind, name) else table.who
                self.key(_Key(_Table(table.kind, table.path, who, table.item), name, hint), before, after)

    def key(self, key: _Key, before: Any, after: Any) -> None:
        kind = _kind(key.hint)
        special = _ELIGIBILITY.get(key.name) if key.table.path == "eligibility" else None
        if special is not None:
            special(self, key, before, after)
        elif key.name in _KEYS and kind in SECTIONS:
            self.items(key, kind, before, after)
        elif kind in SECTIONS:
            self.section(key, kind, before, after)
        elif isinstance(after, tuple):
            self.several(key, before, after)
        else:
            self.plain(key, before, after)

    def plain(self, key: _Key, before: Any, after: Any, who: str = "", more: str = "") -> None:
        what = label(key.table.kind, key.name, self.language)
        old, new = (self.told(key, *side) for side in ((before, after, self.before), (after, before, self.after)))
        self.note(key, f"{self.text('value', what=what, old=old, new=new)} {more}".rstrip(), who)

    def told(self, key: _Key, value: Any, other: Any, say: Speaker) -> str:
        if isinstance(value, Words) and isinstance(other, Words) and value[self.language] == other[self.language]:
            return value["en" if self.language == "id" else "id"]
        return value_in_words(key.table.kind, key.name, value, say).removesuffix(".")

    def several(self, key: _Key, before: Sequence[str], after: Sequence[str]) -> None:
        what = label(key.table.kind, key.name, self.language)
        gone, added = _missing(before, after), _missing(after, before)
        for form, things, say in (("less", gone, self.before), ("more", added, self.after)):
            if things:
                told = value_in_words(key.table.kind, key.name, things, say)
                self.note(key, self.text(form, what=what, things=told))
        if not gone and not added:
            self.plain(key, before, after, more=self.text("order"))

    def section(self, key: _Key, kind: type[Any], before: Any, after: Any) -> None:
        who = self.who(who_is(kind)) if who_is(kind) else key.table.who
        if before is not None and after is not None:
            self.table(_Table(kind, key.path, who, key.table.item), before, after)
            return
        say, rules, form = (self.after, after, "added") if before is None else (self.before, before, "gone")
        for line in _sentences(say, rules) or [label(key.table.kind, key.name, self.language)]:
            self.note(key, self.text(form, line=line), who)

    def items(self, key: _Key, kind: type[Any], before: Sequence[Any], after: Sequence[Any]) -> None:
        olds, news = _by_key(key.name, before), _by_key(key.name, after)
        for mark in [*olds, *(mark for mark in news if mark not in olds)]:
            old, new = olds.get(mark), news.get(mark)
            say, item = (self.before, old) if new is None else (self.after, new)
            who, name = self.whom(key, kind, item, say), _name(say, item)
            path = f"{key.path}.{mark[0]}"
            if old is not None and new is not None:
                inside = name if not key.table.item else f"{key.table.item}, {name}"
                self.table(_Table(kind, path, who, inside), old, new)
            else:
                self.one(_Key(_Table(key.table.kind, key.table.path, who), key.name, key.hint), say, item, path)
        stay = [[mark for mark in side if mark in olds and mark in news] for side in (olds, news)]
        if stay[0] != stay[1]:
            told = [", ".join(_name(self.after, news[mark]) for mark in side) for side in stay]
            what = label(key.table.kind, key.name, self.language)
            line = self.text("value", what=what, old=told[0], new=told[1])
            self.note(key, f"{line} {self.text('order')}")

    def one(self, key: _Key, say: Speaker, item: Any, path: str) -> None:
        """An item that came (in the new programme) or went."""
        came = say is self.after
        if key.table.path == "eligibility":
            told = [self.text(_ADMITTED[came])]
        else:
            lines = _sentences(say, item) or [_name(say, item)]
            told = [self.text("added" if came else "gone", line=line) for line in lines]
        self.changes += [Change(path, key.table.who, line) for line in told]

    def whom(self, key: _Key, kind: type[Any], item: Any, say: Speaker) -> str:
        if key.name in ("registers", "required", "groups", "region_lists", "regions"):
            return self.who(key.name, name=_name(say, item))
        return self.who(who_is(kind))


def _ages(walk: _Walk, key: _Key, before: int | None, after: int | None) -> None:
    """Whoever stands between the two limits is let in or shut out."""
    lowest = key.name == "age_min"
    was, now = ((0 if lowest else _NO_AGE) if age is None else age for age in (before, after))
    low, high = min(was, now), max(was, now)
    first, last = (low, high - 1) if lowest else (low + 1, high)
    if last < first:
        return walk.plain(key, before, after)
    if last == _NO_AGE:
        who = walk.who("age_from", age=first)
    elif first == 0:
        who = walk.who("age_below", age=high)
    else:
        who = walk.who("age" if first == last else "age_between", first=first, last=last)
    return walk.plain(key, before, after, who, walk.text(_ADMITTED[now > was if lowest else now < was]))


def _switch(walk: _Walk, key: _Key, before: bool, after: bool) -> None:
    who = walk.who(key.name, country=walk.new.country[walk.language])
    walk.plain(key, before, after, who, walk.text(_ADMITTED[after]))


def _barred(walk: _Walk, key: _Key, before: Sequence[str], after: Sequence[str]) -> None:
    _each(walk, key, "received", _missing(after, before), bars=True)
    _each(walk, key, "received", _missing(before, after), bars=False)
    _only_order(walk, key, before, after)


def _admitted(walk: _Walk, key: _Key, before: Sequence[str], after: Sequence[str]) -> None:
    """A list of those who may join; empty: everybody."""
    if before and after:
        _each(walk, key, key.name, _missing(after, before), bars=False)
        _each(walk, key, key.name, _missing(before, after), bars=True)
        _only_order(walk, key, before, after)
        return
    say = walk.after if after else walk.before
    who = walk.who("others", name=value_in_words(key.table.kind, key.name, after or before, say))
    walk.plain(key, before, after, who, walk.text(_ADMITTED[bool(after)]))


def _each(walk: _Walk, key: _Key, who: str, things: Iterable[str], *, bars: bool) -> None:
    came = bars == (who == "received")
    for thing in things:
        told = value_in_words(key.table.kind, key.name, (thing,), walk.after if came else walk.before)
        what = label(key.table.kind, key.name, walk.language)
        line = walk.text("more" if came else "less", what=what, things=told)
        walk.note(key, f"{line} {walk.text(_ADMITTED[bars])}", walk.who(who, name=told))


def _only_order(walk: _Walk, key: _Key, before: Sequence[str], after: Sequence[str]) -> None:
    if not _missing(before, after) and not _missing(after, before):
        walk.plain(key, before, after, more=walk.text("order"))


_ELIGIBILITY: dict[str, Callable[[_Walk, _Key, Any, Any], None]] = {
    "age_min": _ages, "age_max": _ages, "identity_verified": _switch, "citizens_only": _switch,
    "face_matched": _switch, "once_in_a_lifetime": _switch, "occupations": _admitted, "regions": _admitted,
    "prior_awards": _barred,
}  # fmt: skip


def _missing(things: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """What stands in `things` more often than in `others`."""
    return tuple((Counter(things) - Counter(others)).elements())


def _kind(hint: Any) -> Any:
    """The type inside `X | None` and `tuple[X, ...]`."""
    while get_origin(hint) in (Union, UnionType, tuple):
        hint = get_args(hint)[0]
    return hint


def _by_key(name: str, items: Iterable[Any]) -> dict[tuple[str, int], Any]:
    seen: Counter[str] = Counter()
    found = {}
    for item in items:
        mark = str(getattr(item, _KEYS[name]))
        found[mark, seen[mark]] = item
        seen[mark] += 1
    return found


def _name(say: Speaker, item: Any) -> str:
    """What an item of a list is called."""
    if isinstance(item, Question):
        return f"“{item.text[say.language]}”"
    for name in ("name", "title"):
        if hasattr(item, name):
            return str(getattr(item, name)[say.language])
    if hasattr(item, "kind"):
        return value_in_words(type(item), "kind", item.kind, say)
    return say.region(item.code)


def _sentences(say: Speaker, rules: Any) -> list[str]:
    """A section or an item that is there or not, in the words of the rules page."""
    match SECTIONS[type(rules)]:
        case "eligibility":
            return say.who(rules)
        case "selection":
            return say.choice(rules)
        case "scholarship":
            return say.balance(rules)
        case "funds":
            return say.funds(rules)
        case "event":
            return say.event(rules)
        case "incentive":
            return say.incentive(rules)
        case "group":
            return say.group(rules)
        case "region":
            return say.fixed(rules)
        case "survey":
            return [f"{_name(say, rules)}, {_name(say, question)}" for question in rules.questions]
    return [f"{_name(say, rules)}: {_regions(say, rules)}"] if isinstance(rules, RegionList) else []


def _regions(say: Speaker, rules: RegionList) -> str:
    return ", ".join(map(say.region, rules.regions))
