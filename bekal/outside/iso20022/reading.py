"""Reading ISO 20022 files of others: bounded, without document types, each part found by its whole name."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from io import BytesIO
from typing import NoReturn

from bekal.incentives.ports import StatementBroken

LARGEST = 256 * 1024 * 1024
DEEPEST = 64
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
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        broken("the file", "it declares a document type, which is never read")
    depth, prefix = 0, ""
    parser = ET.XMLParser(encoding="utf-8")  # noqa: S314  neither document types nor entities come this far
    try:
        for event, element in ET.iterparse(BytesIO(raw), ("start", "end"), parser=parser):  # noqa: S314
            if event == "start":
                depth += 1
                prefix = prefix or _prefix(element.tag, namespace)
                if depth > DEEPEST:
                    broken("the file", f"nested deeper than {DEEPEST}")
                continue
            depth -= 1
            name = element.tag.removeprefix(prefix)
            if name in wanted:
                yield name, element
                element.clear()
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
    """The first part of that path below an element, in the element's own namespace."""
    space = element.tag.partition("}")[0] + "}"
    return element.find("/".join(space + step for step in path.split("/")))


def every(element: ET.Element, path: str) -> list[ET.Element]:
    """All parts of that path below an element, in the element's own namespace."""
    space = element.tag.partition("}")[0] + "}"
    return element.findall("/".join(space + step for step in path.split("/")))


def text(element: ET.Element, path: str, longest: int = 100) -> str:
    """The words of a part, printable and cut; empty when there is none."""
    part = found(element, path)
    words = "" if part is None else (part.text or "").strip()
    return "".join(sign for sign in words if sign.isprintable())[:longest]


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
