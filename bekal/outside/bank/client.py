"""Client of a bank (SNAP BI services 15 to 18 and 36)."""

from datetime import datetime
from typing import Any

from bekal.core import clock
from bekal.incentives.ports import Holder, Instruction, Lane, PayAnswer, Payer
from bekal.outside.snap import Snap, money, settle, stamp, told, whole_rupiah
from bekal.outside.snap_holder import asked, holder, refusal
from bekal.outside.snap_lane import Question, SnapLane, steady_breaker
from bekal.outside.wire import BadAnswer, Clock, Config


class Bank:
    """Pays from our account at a bank: to its own accounts, or to those of `beneficiary_bank` through the switch."""

    def __init__(self, snap: Snap, source_account: str, beneficiary_bank: str) -> None:
        self._snap, self._breaker = snap, steady_breaker(snap.config)
        self._source = source_account
        self._bank = {"beneficiaryBankCode": beneficiary_bank} if beneficiary_bank else {}
        inside = not beneficiary_bank
        self._inquiry_path = "/account-inquiry-internal" if inside else "/account-inquiry-external"
        self._transfer_path = "/transfer-intrabank" if inside else "/transfer-interbank"
        self._transfer_service = "17" if inside else "18"

    def inquire(self, *, account: str, nik_hash: str, reference: str) -> Holder:
        """See `Payer.inquire`."""
        question: dict[str, Any] = {"partnerReferenceNo": reference, "beneficiaryAccountNo": account, **self._bank}
        answer = self._snap.call(self._inquiry_path, question | {"additionalInfo": asked(nik_hash)})
        if answer.case != "20000":
            return refusal(answer)
        name = answer.record.get("beneficiaryAccountName")
        if not isinstance(name, str) or answer.record.get("beneficiaryAccountNo") != account:
            raise BadAnswer("the inquiry's answer is about another account")
        return holder(
            answer, name=told(name, 100), status=str(answer.record.get("beneficiaryAccountStatus") or ""), room=None
        )

    def pay(self, instruction: Instruction) -> PayAnswer:
        """See `Payer.pay`."""
        forgotten = self._snap.asked_too_late(instruction.at)
        if forgotten is not None:
            return forgotten
        return settle(
            lambda: self._snap.call(*self.order(instruction)),
            instruction.reference,
            lambda: self.status(reference=instruction.reference, at=instruction.at, amount=instruction.amount),
        )

    def status(self, *, reference: str, at: datetime, amount: int) -> PayAnswer:
        """See `Payer.status`."""
        question = self.enquiry(reference=reference, at=at, amount=amount)
        return self._snap.judged(lambda: self._snap.call(*question), reference=reference, at=at, amount=amount)

    def lane(self, in_flight: int) -> Lane:
        """See `ManyPayer.lane`."""
        return SnapLane(self._snap, self, self._breaker)

    def order(self, instruction: Instruction) -> Question:
        """See `Forms.order`."""
        order = {
            "partnerReferenceNo": instruction.reference,
            "amount": money(instruction.amount),
            "beneficiaryAccountNo": instruction.account,
            "sourceAccountNo": self._source,
            "transactionDate": stamp(instruction.at),
            "remark": instruction.remark[:50],
        }
        if self._bank:
            order |= {"beneficiaryAccountName": instruction.holder[:100], **self._bank}
        return self._transfer_path, order

    def enquiry(self, *, reference: str, at: datetime, amount: int) -> Question:
        """See `Forms.enquiry`."""
        return "/transfer/status", {
            "originalPartnerReferenceNo": reference,
            "serviceCode": self._transfer_service,
            "transactionDate": stamp(at),
            "amount": money(amount),
        }

    def balance(self) -> int:
        """What our source account holds, whole rupiah. Raises Unreachable or BadAnswer."""
        answer = self._snap.call("/balance-inquiry", {"accountNo": self._source})
        infos = answer.record.get("accountInfos")
        first = infos[0] if isinstance(infos, list) and infos and isinstance(infos[0], dict) else {}
        available = whole_rupiah(first.get("availableBalance"))
        if answer.case != "20000" or available is None:
            raise BadAnswer(f"the balance inquiry was answered {answer.code} {answer.message}")
        return available


def connect(config: Config, now: Clock = clock.now) -> Payer:
    """A client from config: what `Snap` knows, plus source_account, and beneficiary_bank (code) for payments to
    another bank."""
    return Bank(Snap(config, now), config["source_account"], config.get("beneficiary_bank", ""))
