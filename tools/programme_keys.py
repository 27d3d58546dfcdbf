"""Every key of a programme file, from the dataclasses that read it: writes docs/generated/programme-keys.md."""

from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from bekal.rulebooks.rules.cases import Amounts, Case, Expected, Given
from bekal.rulebooks.rules.naming import SECTIONS, label
from bekal.rulebooks.rules.programme import End
from bekal.rulebooks.rules.reading import Range, Shape, hints_of
from bekal.rulebooks.rules.words import Words

PAGE = Path(__file__).resolve().parent.parent / "docs" / "generated" / "programme-keys.md"
HEADS = {
    "programme": "Head of the file", "currency": "[currency]", "eligibility": "[eligibility]",
    "register": "[[eligibility.registers]] and [[eligibility.required]]", "selection": "[selection]",
    "region": "[[selection.regions]]", "group": "[[selection.groups]]", "when": "`when` of a group",
    "scholarship": "[scholarship]", "purchase": "[purchase]", "learning": "[learning]", "event": "[event]",
    "funds": "[funds]", "incentive": "[[incentives]]", "survey": "[[surveys]]", "question": "[[surveys.questions]]",
    "region_list": "[[region_lists]]",
}  # fmt: skip
KINDS = {str: "text", int: "whole number", bool: "true or false"}


def page() -> str:
    """The whole page."""
    parts = ["# Keys of a programme file\n\nMade from `bekal/rulebooks/rules` by `make docs`; do not edit.\n"]
    for kind, section in SECTIONS.items():
        head = "| key | meaning | value | may be left out |\n| --- | --- | --- | --- |"
        rows = [f"| `{name}` | {label(kind, name, 'en')} | {value} | {absent} |" for name, value, absent in _keys(kind)]
        parts.append("\n".join([f"## {HEADS[section]}\n", head, *rows, ""]))
    others = ((End, "[end]"), (Amounts, "[amounts] of cases.toml"), (Case, "[[cases]] of cases.toml"),
              (Given, "`given` of a case"), (Expected, "`expect` of a case"))  # fmt: skip
    for kind, title in others:
        rows = [f"| `{name}` | {value} | {absent} |" for name, value, absent in _keys(kind)]
        parts.append("\n".join([f"## {title}\n", "| key | value | may be left out |\n| --- | --- | --- |", *rows, ""]))
    return "\n".join(parts)


def _keys(kind: type[Any]) -> list[tuple[str, str, str]]:
    hints = hints_of(kind)
    return [
        (one.name, _value(hints[one.name]), "" if one.default is MISSING else f"yes: {_default(one.default)}")
        for one in fields(kind)
    ]


def _default(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return str(getattr(value, "code", value["en"] if isinstance(value, Words) else value))


def _value(hint: Any) -> str:
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bound = inside[1]
        if isinstance(bound, Range):
            return f"{bound.least:,} to {bound.most:,}"
        return f"text such as `{bound.like}`" if isinstance(bound, Shape) else _value(inside[0])
    if origin in (Union, UnionType):
        return _value(inside[0]) if is_dataclass(inside[0]) else f'{_value(inside[0])}, or "none"'
    if origin is Literal:
        return " · ".join(f"`{one}`" for one in inside)
    if origin is tuple:
        return "repeated tables" if inside[0] in SECTIONS or inside[0] is Case else f"list: {_value(inside[0])}"
    if hint is Words:
        return "`{ id = …, en = … }`"
    return KINDS.get(hint, "table" if is_dataclass(hint) else "date")


if __name__ == "__main__":
    PAGE.write_text(page())
