"""Reading ISO 20022 files of others: bounded, without document types, each part found by its whole name."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import NoReturn

from bekal.incentives.ports import StatementBroken

LARGEST = 256 * 1024 * 1024
DEEPEST, MOST = 64, 4_000_000
WHOLE = re.compile(r"([0-9]{1,16})(?:\.0{1,5})?")


def broken(where: str, what: str) -> NoReturn:
    """Raise StatementBroken: where, what, and what to do."""
    raise StatementBroken(f"{where}: {what}. Nothing was taken from this file; ask for it again.")


def elements(raw: bytes, namespace: re.Pattern[str], wanted: frozenset[str]) -> Iterator[tuple[str, ET.Element]]:
    """The local name and the whole element of each `wanted` one, as it ends; its content is dropped afterwards.

    The root must be Document in a `namespace`. Raises StatementBroken.
    """
    if len(raw) > LARGEST:
        broken("the file", f"larger than {LARGEST // 1024 // 1024} MiB")
    if b"\0" in raw:
        broken("the file", "it is not UTF-8")  # UTF-16, which the parser would read whatever it is told, has such bytes
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        broken("the file", "it declares a document type, which is never read")
    depth, held, names = 0, 0, dict[str, str]()
    parser = ET.XMLParser(encoding="utf-8")  # noqa: S314  neither document types nor entities come this far
    try:
        for event, element in ET.iterparse(BytesIO(raw), ("start", "end"), parser=parser):  # noqa: S314
            if event == "start":
                depth, held = depth + 1, held + 1
                names = names or {_prefix(element.tag, namespace) + name: name for name in wanted}
                if depth > DEEPEST or held > MOST:
                    broken("the file", f"nested deeper than {DEEPEST}, or more than {MOST} parts in one place")
                continue
            depth -= 1
            name = names.get(element.tag)
            if name is not None:
                yield name, element
                element.clear()
                held = 0
    except (ET.ParseError, ValueError, LookupError) as wrong:
        if isinstance(wrong, StatementBroken):
            raise
        broken("the file", f"cut off or not XML ({wrong})")


def _prefix(tag: str, namespace: re.Pattern[str]) -> str:
    found = re.fullmatch(r"(\{(.*)\})?(.*)", tag, re.DOTALL)
    assert found is not None
    if found.group(3) != "Document" or not namespace.fullmatch(found.group(2) or ""):
        broken("the file", f"its root is {tag[:100]!r}, not Document of {namespace.pattern}")
    return found.group(1)


def found(element: ET.Element, path: str) -> ET.Element | None:
    """The first part at each step of a path below an element, in the element's own namespace."""
    part = element
    for tag in _tags(element.tag.partition("}")[0], path):
        below = part.find(tag)  # a plain tag: found without the path language, which costs ten times as much
        if below is None:
            return None
        part = below
    return part


def every(element: ET.Element, path: str) -> list[ET.Element]:
    """All parts of that path below an element, in the element's own namespace."""
    return element.findall("/".join(_tags(element.tag.partition("}")[0], path)))


@cache
def _tags(space: str, path: str) -> tuple[str, ...]:
    return tuple(f"{space}}}{step}" for step in path.split("/"))


def text(element: ET.Element, path: str, longest: int = 100) -> str:
    """The words of a part, printable and cut; empty when there is none."""
    part = found(element, path)
    words = "" if part is None else (part.text or "").strip()
    return (words if words.isprintable() else "".join(sign for sign in words if sign.isprintable()))[:longest]


def rupiah(element: ET.Element, path: str, where: str) -> int:
    """An amount in whole rupiah, 0 or more. Raises StatementBroken."""
    part = found(element, path)
    if part is None:
        broken(where, f"{path} is missing")
    if part.get("Ccy") != "IDR":
        broken(where, f"{path} is in {part.get('Ccy')!r}, not IDR")
    whole = WHOLE.fullmatch((part.text or "").strip())
    if whole is None:
        broken(where, f"{path} {(part.text or '')[:30]!r} is no whole rupiah")
    return int(whole.group(1))
