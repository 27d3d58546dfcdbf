"""Reads pain.002 (.03, .10, .12): what became of each payment of a file."""

import re
from collections.abc import Collection
from xml.etree.ElementTree import Element

from bekal.incentives.ports import PayAnswer
from bekal.outside.iso20022.codes import REJECTED, outcome_of
from bekal.outside.iso20022.reading import broken, elements, found, text

NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.002\.001\.(03|10|12)")
WANTED = frozenset({"OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts"})


def read(raw: bytes, *, batch: str, references: Collection[str] = ()) -> dict[str, PayAnswer]:
    """What a report says of each payment, by our reference; a state told of the whole file is told of each of
    `references`. A payment told twice in different ways is unknown.

    Raises StatementBroken, also when the report is on another file than `batch`.
    """
    told: dict[str, PayAnswer] = {}
    whole, group = None, ""
    for name, element in elements(raw, NAMESPACE, WANTED):
        if name == "OrgnlGrpInfAndSts":
            group, whole = text(element, "OrgnlMsgId"), _whole(element, "GrpSts")
            if group != batch:
                broken("OrgnlMsgId", f"the report is on {group!r}, not on {batch!r}")
        elif name == "OrgnlPmtInfAndSts":
            whole = whole or _whole(element, "PmtInfSts")
        else:
            reference, answer = text(element, "OrgnlEndToEndId"), _payment(element)
            if not reference:
                broken("TxInfAndSts", "OrgnlEndToEndId is missing")
            known = told.setdefault(reference, answer)
            if known != answer:
                told[reference] = PayAnswer("unknown", "", None, "the report tells this payment in two ways")
    if not group:
        broken("the file", "it has no OrgnlGrpInfAndSts")
    if whole is not None:
        told = dict.fromkeys(references, whole) | told
    return told


def _payment(element: Element) -> PayAnswer:
    state, reason = text(element, "TxSts", 4), _reason(element)
    number = text(element, "AcctSvcrRef", 35) or text(element, "StsId", 35)
    return _answer(state, reason, number)


def _whole(element: Element, name: str) -> PayAnswer | None:
    """What the state of the whole file says of every payment in it; None when it says nothing."""
    state = text(element, name, 4)
    answer = _answer(state, _reason(element), "")
    return None if answer.outcome == "unknown" and state != REJECTED else answer


def _answer(state: str, reason: str, number: str) -> PayAnswer:
    outcome = outcome_of(state, reason)
    code = f"{state}/{reason}" if reason else state
    return PayAnswer(
        outcome, code, number or None if outcome == "paid" else None, f"the bank reports {code or 'nothing'}"
    )


def _reason(element: Element) -> str:
    part = found(element, "StsRsnInf/Rsn/Cd")
    words = "" if part is None else (part.text or "").strip()
    return words if re.fullmatch(r"[A-Z0-9]{1,4}", words) else ""
