"""Reads camt.053.001.08: one day of one account, believed only when opening and entries make the closing balance."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from typing import Literal
from xml.etree.ElementTree import Element

from bekal.incentives.ports import Statement, StatementLine
from bekal.outside.iso20022.reading import broken, elements, every, found, rupiah, text

NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.08")
WANTED = frozenset({"Stmt", "Ntry", "Bal", "Acct", "TxsSummry", "BkToCstmrStmt"})
WIB = timezone(timedelta(hours=7))
CHARGES = ("CHRG", "COMM", "FEES", "TAXE")
RETURNS = ("RRTN", "RIMB", "RPCR")
PART_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt")
NAMELESS = ("", "NOTPROVIDED", "NOTPROVIDED.")

Kind = Literal["paid", "returned", "in", "fee"]


@dataclass
class _Read:
    account: str = ""
    balances: dict[str, tuple[int, str]] = field(default_factory=dict)
    lines: list[StatementLine] = field(default_factory=list)
    entries: int = 0
    promised: int | None = None
    number: str = ""
    statements: int = 0
    is_whole: bool = False


def read(raw: bytes) -> Statement:
    """What a file says. Raises StatementBroken."""
    state = _Read()
    for name, element in elements(raw, NAMESPACE, WANTED):
        if name == "Acct" and not state.account:
            state.account = text(element, "Id/Othr/Id", 34) or text(element, "Id/IBAN", 34)
        elif name == "Bal":
            _balance(state, element)
        elif name == "TxsSummry":
            count = text(element, "TtlNtries/NbOfNtries", 15)
            state.promised = int(count) if re.fullmatch("[0-9]+", count) else None
        elif name == "Ntry":
            state.entries += 1
            state.lines += _entry(element, f"entry {state.entries}")
        elif name == "Stmt":
            state.number, state.statements = text(element, "Id", 35), state.statements + 1
        state.is_whole |= name == "BkToCstmrStmt"
    return _checked(state)


def _checked(state: _Read) -> Statement:
    if state.statements != 1 or not state.is_whole:
        broken("the file", f"it holds {state.statements} statements, one is expected")
    if not state.number or not state.account:
        broken("Stmt", "Id or Acct/Id is missing")
    if not {"OPBD", "CLBD"} <= set(state.balances):
        broken("Stmt", "the opening (OPBD) or closing balance (CLBD) is missing")
    if state.promised not in (None, state.entries):
        broken("Stmt/TxsSummry", f"{state.promised} entries are promised, {state.entries} are there")
    (opening, _), (closing, day) = state.balances["OPBD"], state.balances["CLBD"]
    moved = sum(line.amount if line.kind in ("in", "returned") else -line.amount for line in state.lines)
    if opening + moved != closing:
        broken(
            "Stmt", f"opening {opening} and entries {moved} make {opening + moved}, not the closing balance {closing}"
        )
    return Statement(state.number, state.account, _day(day, "Bal/Dt"), opening, closing, tuple(state.lines))


def _balance(state: _Read, element: Element) -> None:
    kind = text(element, "Tp/CdOrPrtry/Cd", 4)
    where = f"balance {kind or len(state.balances) + 1}"
    amount, side = rupiah(element, "Amt", where), _side(element, where)
    day = text(element, "Dt/Dt", 10) or text(element, "Dt/DtTm", 35)[:10]
    if state.balances.setdefault(kind, (amount * side, day)) != (amount * side, day):
        broken(where, "it is told twice, in two ways")


def _side(element: Element, where: str) -> int:
    """1 for money to the account, -1 for money from it."""
    side = text(element, "CdtDbtInd", 4)
    if side not in ("CRDT", "DBIT"):
        broken(where, "CdtDbtInd is neither CRDT nor DBIT")
    return 1 if side == "CRDT" else -1


def _entry(element: Element, where: str) -> Iterator[StatementLine]:
    """The lines of one entry: one for each payment in it."""
    state = text(element, "Sts/Cd", 4) or text(element, "Sts", 4)
    if state != "BOOK":
        broken(where, f"its state is {state!r}, only booked entries (BOOK) belong here")
    amount, side = rupiah(element, "Amt", where), _side(element, where)
    number, at = text(element, "AcctSvcrRef", 35), _moment(element, where)
    where = f"{where} ({number or 'without AcctSvcrRef'})"
    if amount == 0:
        broken(where, "its amount is 0")
    details = every(element, "NtryDtls/TxDtls")
    if not details:
        yield StatementLine(_kind(element, element, side), "", amount, number, at)
        return
    total = 0
    for one in details:
        told = next((path for path in PART_AMOUNTS if found(one, path) is not None), None)
        part = rupiah(one, told, where) if told else amount
        if part == 0 or (found(one, "CdtDbtInd") is not None and _side(one, where) != side):
            broken(where, "a part of it is 0 or goes the other way")
        total += part
        yield StatementLine(
            _kind(element, one, side), _reference(one), part, text(one, "Refs/AcctSvcrRef", 35) or number, at
        )
    if total != amount:
        broken(where, f"its parts make {total}, not {amount}")


def _reference(part: Element) -> str:
    end_to_end = text(part, "Refs/EndToEndId", 35)
    if end_to_end not in NAMELESS:
        return end_to_end
    return text(part, "AddtlTxInf", 64) if end_to_end else ""


def _kind(entry: Element, part: Element, side: int) -> Kind:
    codes = {text(one, f"BkTxCd/Domn/Fmly/{name}", 4) for one in (entry, part) for name in ("SubFmlyCd", "Cd")}
    if side < 0:
        return "fee" if codes & set(CHARGES) else "paid"
    came_back = found(part, "RtrInf") is not None or text(entry, "RvslInd", 5) in ("true", "1")
    return "returned" if came_back or codes & set(RETURNS) else "in"


def _moment(element: Element, where: str) -> datetime:
    words = text(element, "BookgDt/DtTm", 35)
    try:
        moment = datetime.fromisoformat(words) if words else datetime.fromisoformat(text(element, "BookgDt/Dt", 10))
        return moment if moment.tzinfo is not None else moment.replace(tzinfo=WIB)
    except ValueError:
        broken(where, "BookgDt is no date")


def _day(words: str, where: str) -> date:
    try:
        return date.fromisoformat(words)
    except ValueError:
        broken(where, f"{words!r} is no date")
