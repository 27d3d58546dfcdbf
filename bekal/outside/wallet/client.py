"""Client of an e-wallet (SNAP BI services 37 to 39)."""

from datetime import datetime

from bekal.core import clock
from bekal.incentives.ports import Holder, Instruction, Lane, PayAnswer, Payer
from bekal.outside.snap import Snap, money, settle, stamp, told, whole_rupiah
from bekal.outside.snap_holder import asked, holder, refusal
from bekal.outside.snap_lane import Question, SnapLane, steady_breaker
from bekal.outside.wire import BadAnswer, Clock, Config

INQUIRED = 1  # an inquiry must name an amount; the smallest one asks for nothing
LIMITS = ("customerMonthlyInLimit", "maxAmount")


class Wallet:
    """Tops up wallets from our deposit."""

    def __init__(self, snap: Snap) -> None:
        self._snap, self._breaker = snap, steady_breaker(snap.config)

    def inquire(self, *, account: str, nik_hash: str, reference: str) -> Holder:
        """See `Payer.inquire`."""
        question = {"partnerReferenceNo": reference, "customerNumber": account, "amount": money(INQUIRED)}
        answer = self._snap.call("/emoney/account-inquiry", question | {"additionalInfo": asked(nik_hash)})
        if answer.case != "20000":
            return refusal(answer)
        name = answer.record.get("customerName")
        if not isinstance(name, str) or answer.record.get("customerNumber") != account:
            raise BadAnswer("the inquiry's answer is about another wallet")
        limits = [whole_rupiah(answer.record.get(name)) for name in LIMITS]
        room = min((limit for limit in limits if limit is not None), default=None)
        return holder(answer, name=told(name, 255), status="", room=room)

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
        return "/emoney/topup", {
            "partnerReferenceNo": instruction.reference,
            "customerNumber": instruction.account,
            "customerName": instruction.holder[:255],
            "amount": money(instruction.amount),
            "feeAmount": money(0),
            "transactionDate": stamp(instruction.at),
            "notes": instruction.remark,
        }

    def enquiry(self, *, reference: str, at: datetime, amount: int) -> Question:
        """See `Forms.enquiry`."""
        return "/emoney/topup-status", {
            "originalPartnerReferenceNo": reference,
            "serviceCode": "38",
            "transactionDate": stamp(at),
            "amount": money(amount),
        }


def connect(config: Config, now: Clock = clock.now) -> Payer:
    """A client from config: what `Snap` knows."""
    return Wallet(Snap(config, now))
