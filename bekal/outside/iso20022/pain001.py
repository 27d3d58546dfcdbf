"""Writes pain.001.001.09: one payment block of single credit transfers in whole rupiah.

The same payments under the same name are the same bytes for ever, so that a file handed in twice is one file.
Indonesian accounts have no IBAN: they go as Othr/Id. A bank is named by its BIC, or by its clearing number.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone
from xml.sax.saxutils import escape

from bekal.incentives.ports import Instruction

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
WIB = timezone(timedelta(hours=7))
ID = re.compile(r"[0-9A-Za-z/\-?:().,'+ ]{1,35}")
ACCOUNT = re.compile(r"[0-9A-Za-z]{1,34}")
BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
MOST = 10**16


@dataclass(frozen=True, slots=True)
class Debtor:
    """Who pays: our name, our id at the bank, our account there, the bank (BIC or clearing number)."""

    name: str
    partner_id: str
    account: str
    bank: str


def complaint(batch: str, instructions: Sequence[Instruction]) -> str:
    """Why a file cannot be written, empty when it can."""
    if not ID.fullmatch(batch):
        return "the batch needs a name of 1 to 35 Latin signs"
    if not instructions:
        return "a batch holds at least one payment"
    references = {one.reference for one in instructions}
    if len(references) != len(instructions):
        return "a reference occurs twice"
    for one in instructions:
        if not ID.fullmatch(one.reference):
            return f"reference {one.reference[:80]!r} is longer than 35 signs or has others than the Latin set"
        if not ACCOUNT.fullmatch(one.account):
            return f"the account of {one.reference} has other than 1 to 34 letters and digits"
        if not 0 < one.amount < MOST:
            return f"the amount of {one.reference} is not between 1 and {MOST - 1}"
    return ""


def write(batch: str, instructions: Sequence[Instruction], debtor: Debtor, beneficiary_bank: str) -> bytes:
    """The file. Raises ValueError with the `complaint`."""
    wrong = complaint(batch, instructions)
    if wrong:
        raise ValueError(wrong)
    made = max(one.at for one in instructions).astimezone(WIB)
    count, total = len(instructions), sum(one.amount for one in instructions)
    sums = f"<NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}.00</CtrlSum>"
    agent = _agent("CdtrAgt", beneficiary_bank)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{NAMESPACE}"><CstmrCdtTrfInitn>'
        f"<GrpHdr><MsgId>{escape(batch)}</MsgId><CreDtTm>{made.isoformat(timespec='seconds')}</CreDtTm>{sums}"
        f"<InitgPty><Nm>{_words(debtor.name, 140)}</Nm><Id><OrgId><Othr><Id>{_words(debtor.partner_id, 35)}</Id></Othr>"
        f"</OrgId></Id></InitgPty></GrpHdr>\n"
        f"<PmtInf><PmtInfId>{escape(batch)}</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg>{sums}"
        f"<PmtTpInf><CtgyPurp><Cd>GOVT</Cd></CtgyPurp></PmtTpInf>"
        f"<ReqdExctnDt><Dt>{made.date()}</Dt></ReqdExctnDt><Dbtr><Nm>{_words(debtor.name, 140)}</Nm></Dbtr>"
        f"<DbtrAcct><Id><Othr><Id>{_words(debtor.account, 34)}</Id></Othr></Id><Ccy>IDR</Ccy></DbtrAcct>"
        f"{_agent('DbtrAgt', debtor.bank)}<ChrgBr>DEBT</ChrgBr>\n"
        f"{''.join(_transfer(one, agent) for one in instructions)}</PmtInf></CstmrCdtTrfInitn></Document>\n"
    ).encode()


def _transfer(one: Instruction, agent: str) -> str:
    remark = _words(one.remark, 140)
    told = f"<RmtInf><Ustrd>{remark}</Ustrd></RmtInf>" if remark else ""
    return (
        f"<CdtTrfTxInf><PmtId><EndToEndId>{escape(one.reference)}</EndToEndId></PmtId>"
        f'<Amt><InstdAmt Ccy="IDR">{one.amount}.00</InstdAmt></Amt>{agent}'
        f"<Cdtr><Nm>{_words(one.holder, 140) or 'NOTPROVIDED'}</Nm></Cdtr>"
        f"<CdtrAcct><Id><Othr><Id>{one.account}</Id></Othr></Id></CdtrAcct><Purp><Cd>GOVT</Cd></Purp>{told}"
        "</CdtTrfTxInf>\n"
    )


def _agent(name: str, bank: str) -> str:
    member = f"<BICFI>{bank}</BICFI>" if BIC.fullmatch(bank) else _member(bank)
    return f"<{name}><FinInstnId>{member}</FinInstnId></{name}>"


def _member(bank: str) -> str:
    return f"<ClrSysMmbId><MmbId>{_words(bank, 35)}</MmbId></ClrSysMmbId>"


def _words(words: str, longest: int) -> str:
    """Text as XML can carry it: printable, cut, escaped."""
    return escape("".join(sign for sign in words if sign.isprintable()).strip()[:longest])
