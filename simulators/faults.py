"""Misbehaviour on request. Which request is hit depends on the rule and the request's reference, never on the order
of arrival (except `nth`).

A rule: {"match": {"path": prefix, "nth": n | "reference": r | "share": 0..1, "seed": s}, "do": what, "ms": wait,
"times": n}.
`times`: how often each reference is hit (1 when absent, 0 without end). `do`:
delay (wait, then work), fail500 (no effect), lose_answer (effect, then the connection breaks), answer_twice,
answer_late (effect, then wait),
refuse:<response code> (no effect), lie (a well-formed answer that is not true), accept (effect, answered as "in
progress", 202).
"""

import hashlib
from typing import Any

from simulators.books import Books
from simulators.http import Request

ACTIONS = ("delay", "fail500", "lose_answer", "answer_twice", "answer_late", "lie", "accept")
REFERENCES = ("reference", "partnerReferenceNo", "originalPartnerReferenceNo")


def reference_of(request: Request) -> str:
    """The caller's own reference, or the address when it gives none."""
    return next((str(request.data[name]) for name in REFERENCES if request.data.get(name)), request.target)


def falls_in_share(seed: Any, reference: str, share: float) -> bool:
    """Whether a reference belongs to the unlucky share: the same answer for ever."""
    digest = hashlib.sha256(f"{seed}:{reference}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def complaint(rules: Any) -> str | None:
    """What is wrong with a list of rules, or None."""
    if not isinstance(rules, list):
        return "faults must be a list of rules"
    for rule in rules:
        do = rule.get("do", "") if isinstance(rule, dict) else ""
        if do not in ACTIONS and not (do.startswith("refuse:") and len(do) == 14 and do[7:].isdigit()):
            return f"unknown fault: {do or rule}"
    return None


class Faults:
    """The rules of one stand-in, kept in its books with how often each struck."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.rules: list[dict[str, Any]] = books.setting("faults", [])

    def set(self, rules: list[dict[str, Any]]) -> None:
        """Replace all rules and forget what struck before."""
        with self.books.booked():
            self.books.keep("faults", rules)
            self.books.run("DELETE FROM fault_hits")
        self.rules = rules

    def strike(self, request: Request) -> dict[str, Any] | None:
        """The rule that hits this request, counted; None when it is spared."""
        return next((rule for number, rule in enumerate(self.rules) if self._hits(number, rule, request)), None)

    def _hits(self, number: int, rule: dict[str, Any], request: Request) -> bool:
        match = rule.get("match", {})
        if not request.path.startswith(match.get("path", "/")):
            return False
        reference = reference_of(request)
        if "nth" in match:
            return self._count(number, "") == int(match["nth"])
        if "reference" in match and match["reference"] != reference:
            return False
        if "share" in match and not falls_in_share(match.get("seed", 0), reference, match["share"]):
            return False
        times = int(rule.get("times", 1))
        return times == 0 or self._count(number, reference) <= times

    def _count(self, number: int, reference: str) -> int:
        sql = "INSERT INTO fault_hits VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET hits = hits + 1 RETURNING hits"
        return int(self.books.row(sql, number, reference)[0])
