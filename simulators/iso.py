"""ISO 20022 as a bank reads and writes it: takes pain.001.001.09, lays down pain.002.001.12 and camt.053.001.08.

Independent of the product's own reader and writer. Anything that is not exactly the agreed form is a `BadFile`.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from xml.sax.saxutils import escape

PAIN_001 = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
PAIN_002 = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.12"
CAMT_053 = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
ID = re.compile(r"[0-9A-Za-z/\-?:().,'+ ]{1,35}")
AMOUNT = re.compile(r"\d{1,16}\.00")


class BadFile(ValueError):
    """A file that is refused as a whole; `code` is the reason of ISO's external code list."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Transfer:
    """One credit transfer of a file; `bank` is the creditor agent's BIC or clearing number."""

    reference: str
    amount: int
    bank: str
    account: str
    name: str
    remark: str


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A pain.001 with one payment block."""

    msg_id: str
    debtor_account: str
    debtor_bank: str
    transfers: Sequence[Transfer]


@dataclass(frozen=True, slots=True)
class Line:
    """One booking for a statement. `kind`: paid, returned, in, fee."""

    kind: str
    reference: str
    number: str
    amount: int
    at: datetime
    reason: str


def parse(raw: bytes) -> ET.Element:
    """The root of a file in UTF-8 without document type; BadFile."""
    if b"\0" in raw:
        raise BadFile("FF01", "only UTF-8 is accepted")
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise BadFile("FF01", "a document type definition is not accepted")
    try:
        return ET.fromstring(raw, ET.XMLParser(encoding="utf-8"))  # noqa: S314
    except ET.ParseError as wrong:
        raise BadFile("FF01", f"not well-formed XML: {wrong}") from None


def read_batch(raw: bytes) -> BatchFile:
    """A pain.001.001.09 with NbOfTxs and CtrlSum checked at both levels; BadFile."""
    root = parse(raw)
    if root.tag != f"{{{PAIN_001}}}Document":
        raise BadFile("FF01", f"the root must be Document of {PAIN_001}, not {root.tag}")
    whole = _one(root, "CstmrCdtTrfInitn")
    head, block = _one(whole, "GrpHdr"), _one(whole, "PmtInf")
    msg_id = _id(head, "MsgId")
    _id(block, "PmtInfId")
    for path, value in (("PmtMtd", "TRF"), ("DbtrAcct/Ccy", "IDR")):
        if _text(block, path) != value:
            raise BadFile("FF01", f"PmtInf/{path} must be {value}")
    _day(block, "ReqdExctnDt/Dt")
    transfers = [_transfer(found) for found in block.findall(_path("CdtTrfTxInf"))]
    for level in (head, block):
        _check_sums(level, transfers)
    references = [transfer.reference for transfer in transfers]
    if len(set(references)) != len(references):
        raise BadFile("AM05", "an EndToEndId occurs twice in this file")
    return BatchFile(msg_id, _text(block, "DbtrAcct/Id/Othr/Id"), _agent(block, "DbtrAgt"), transfers)


def _check_sums(level: ET.Element, transfers: Sequence[Transfer]) -> None:
    if not transfers or _text(level, "NbOfTxs") != str(len(transfers)):
        raise BadFile("AM18", f"NbOfTxs must be {len(transfers)} and not 0")
    if _text(level, "CtrlSum") not in _written(sum(transfer.amount for transfer in transfers)):
        raise BadFile("AM10", f"CtrlSum must be {sum(transfer.amount for transfer in transfers)}.00")


def _written(amount: int) -> tuple[str, str]:
    return f"{amount}.00", str(amount)


def _transfer(found: ET.Element) -> Transfer:
    amount = found.find(_path("Amt/InstdAmt"))
    text = "" if amount is None else amount.text or ""
    if amount is None or amount.get("Ccy") != "IDR":
        raise BadFile("AM03", "InstdAmt must be in IDR")
    if not AMOUNT.fullmatch(text) or int(text[:-3]) == 0:
        raise BadFile("AM12", f"InstdAmt {text!r} is no whole rupiah")
    return Transfer(
        reference=_id(found, "PmtId/EndToEndId"),
        amount=int(text[:-3]),
        bank=_agent(found, "CdtrAgt"),
        account=_text(found, "CdtrAcct/Id/Othr/Id"),
        name=_text(found, "Cdtr/Nm"),
        remark=found.findtext(_path("RmtInf/Ustrd"), ""),
    )


def _agent(under: ET.Element, name: str) -> str:
    bic = under.findtext(_path(f"{name}/FinInstnId/BICFI"))
    return bic or _text(under, f"{name}/FinInstnId/ClrSysMmbId/MmbId")


def _path(path: str) -> str:
    return "/".join(f"{{{PAIN_001}}}{step}" for step in path.split("/"))


def _one(under: ET.Element, name: str) -> ET.Element:
    found = under.findall(_path(name))
    if len(found) != 1:
        raise BadFile("FF01", f"exactly one {name} is expected, {len(found)} were found")
    return found[0]


def _text(under: ET.Element, path: str) -> str:
    text = (under.findtext(_path(path)) or "").strip()
    if not text:
        raise BadFile("FF01", f"{path} is missing")
    return text


def _id(under: ET.Element, path: str) -> str:
    text = _text(under, path)
    if not ID.fullmatch(text):
        raise BadFile("FF01", f"{path} {text[:40]!r} is longer than 35 signs or has others than the Latin set")
    return text


def _day(under: ET.Element, path: str) -> None:
    try:
        date.fromisoformat(_text(under, path))
    except ValueError:
        raise BadFile("DT01", f"{path} is no date") from None


def write_report(
    *, number: str, at: datetime, partner: str, msg_id: str, total: int, results: Iterable[tuple[str, str, str, int]]
) -> bytes:
    """A pain.002.001.12. `results`: reference, status (ACSC, RJCT, PDNG), reason, amount."""
    rows, statuses = [], set()
    for reference, status, reason, amount in results:
        statuses.add(status)
        why = f"<StsRsnInf><Rsn><Cd>{reason}</Cd></Rsn></StsRsnInf>" if reason else ""
        rows.append(
            f"<TxInfAndSts><OrgnlEndToEndId>{escape(reference)}</OrgnlEndToEndId><TxSts>{status}</TxSts>{why}"
            f'<OrgnlTxRef><Amt><InstdAmt Ccy="IDR">{amount}.00</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>'
        )
    group = statuses.pop() if len(statuses) == 1 else "PART"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{PAIN_002}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{number}</MsgId><CreDtTm>{at.isoformat(timespec='seconds')}</CreDtTm>"
        f"<InitgPty><Id><OrgId><Othr><Id>{escape(partner)}</Id></Othr></OrgId></Id></InitgPty></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{escape(msg_id)}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
        f"<OrgnlNbOfTxs>{total}</OrgnlNbOfTxs><GrpSts>{group}</GrpSts></OrgnlGrpInfAndSts>"
        f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{escape(msg_id)}</OrgnlPmtInfId>{''.join(rows)}</OrgnlPmtInfAndSts>"
        "</CstmrPmtStsRpt></Document>\n"
    ).encode()


CODES = {"paid": ("ICDT", "DMCT"), "returned": ("ICDT", "RRTN"), "in": ("RCDT", "DMCT"), "fee": ("MDOP", "CHRG")}


def write_statement(
    *, account: str, day: date, at: datetime, opening: int, closing: int, lines: Sequence[Line]
) -> bytes:
    """A camt.053.001.08 of one day of one account."""
    number = f"{account}-{day:%Y%m%d}"
    rows = "".join(_entry(line) for line in lines)
    total = sum(line.amount for line in lines)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{CAMT_053}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{escape(number)}</MsgId><CreDtTm>{at.isoformat(timespec='seconds')}</CreDtTm></GrpHdr>\n"
        f"<Stmt><Id>{escape(number)}</Id><CreDtTm>{at.isoformat(timespec='seconds')}</CreDtTm>"
        f"<Acct><Id><Othr><Id>{escape(account)}</Id></Othr></Id><Ccy>IDR</Ccy></Acct>\n"
        f"{_balance('OPBD', opening, day)}{_balance('CLBD', closing, day)}"
        f"<TxsSummry><TtlNtries><NbOfNtries>{len(lines)}</NbOfNtries><Sum>{total}.00</Sum></TtlNtries></TxsSummry>\n"
        f"{rows}</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _balance(kind: str, amount: int, day: date) -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="IDR">{abs(amount)}.00</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def _entry(line: Line) -> str:
    family, below = CODES[line.kind]
    side = "DBIT" if line.kind in ("paid", "fee") else "CRDT"
    code = (
        f"<BkTxCd><Domn><Cd>{'ACMT' if line.kind == 'fee' else 'PMNT'}</Cd><Fmly><Cd>{family}</Cd>"
        f"<SubFmlyCd>{below}</SubFmlyCd></Fmly></Domn></BkTxCd>"
    )
    fits = len(line.reference) <= 35
    name = line.reference if fits else "NOTPROVIDED"
    end_to_end = f"<EndToEndId>{escape(name)}</EndToEndId>" if name else ""
    more = "" if fits else f"<AddtlTxInf>{escape(line.reference)}</AddtlTxInf>"
    why = f"<RtrInf><Rsn><Cd>{line.reason}</Cd></Rsn></RtrInf>" if line.reason else ""
    return (
        f'<Ntry><Amt Ccy="IDR">{line.amount}.00</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><DtTm>{line.at.isoformat(timespec='seconds')}</DtTm></BookgDt>"
        f"<AcctSvcrRef>{escape(line.number)}</AcctSvcrRef>{code}"
        f"<NtryDtls><TxDtls><Refs><AcctSvcrRef>{escape(line.number)}</AcctSvcrRef>{end_to_end}</Refs>"
        f'<Amt Ccy="IDR">{line.amount}.00</Amt><CdtDbtInd>{side}</CdtDbtInd>{why}{more}</TxDtls></NtryDtls></Ntry>\n'
    )
