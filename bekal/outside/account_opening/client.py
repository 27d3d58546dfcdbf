"""Opens accounts from afar (SNAP BI services 06, registration-account-creation, and 08, registration-account-inquiry).

The standard leaves the proof of identity to additionalInfo; bilateral here: nik, birthDate, ekycReference out;
accountStatus OPENED, IN_PROGRESS or REFUSED and reason back.
"""

from datetime import date
from typing import Any

from bekal.core import clock
from bekal.incentives.ports import AccountOpener, Opening
from bekal.outside.snap import ASK_STATUS, Snap, SnapAnswer, told
from bekal.outside.snap_codes import OF_CASE
from bekal.outside.wire import BadAnswer, Clock, Config, Unreachable

REASONS = ("not_matching", "has_account", "ekyc_refused")
OF_REFUSAL = {"40411": "not_matching", "40315": "has_account", "40305": "ekyc_refused"}
"""What service 06 is refused with, by agreement."""
ANOTHER = "40418"
"""The reference was used for another person, which is our mistake."""


class Opener:
    """Opens accounts at one SNAP provider."""

    def __init__(self, snap: Snap) -> None:
        self._snap = snap

    def open(
        self, *, reference: str, nik: str, name: str, birth_date: date, phone: str, ekyc_reference: str
    ) -> Opening:
        """See `AccountOpener.open`."""
        question = {
            "partnerReferenceNo": reference,
            "name": name[:128],
            "phoneNo": phone.removeprefix("+"),
            "additionalInfo": {"nik": nik, "birthDate": birth_date.isoformat(), "ekycReference": ekyc_reference},
        }
        try:
            answer = self._snap.call("/registration-account-creation", question)
            if answer.case == ASK_STATUS[0]:
                answer = self._snap.call("/registration-account-inquiry", {"partnerReferenceNo": reference})
        except Unreachable as wrong:
            if not wrong.sent:
                raise
            return Opening("in_progress")
        except BadAnswer:
            return Opening("in_progress")
        return _read(answer, reference)


def _read(answer: SnapAnswer, reference: str) -> Opening:
    """What an answer of service 06 or 08 says. Raises BadAnswer for what concerns us and not the person."""
    if answer.case not in ("20000", "20200"):
        return _refused(answer)
    if answer.record.get("partnerReferenceNo", reference) != reference:
        return Opening("in_progress")
    more = answer.record.get("additionalInfo")
    info: dict[str, Any] = more if isinstance(more, dict) else {}
    status = str(info.get("accountStatus"))
    number = told(answer.record.get("accountId") or answer.record.get("accountNo"), 34)
    if status == "REFUSED":
        return Opening("refused", reason=_known(str(info.get("reason"))))
    if answer.case == "20000" and status == "OPENED" and number.isascii() and number.isalnum():
        return Opening("opened", account=number)
    return Opening("in_progress")


def _refused(answer: SnapAnswer) -> Opening:
    if answer.code[3:5] == "06" and answer.case in OF_REFUSAL:
        return Opening("refused", reason=OF_REFUSAL[answer.case])
    line = OF_CASE.get(answer.case)
    if line is not None and line.meaning == "account":
        return Opening("refused", reason="refused")
    if line is not None and (line.meaning in ("run", "token", "later") or line.case == ANOTHER):
        raise BadAnswer(f"the opening was answered {answer.code} {answer.message}")
    return Opening("in_progress")


def _known(reason: str) -> str:
    return reason if reason in REASONS else "refused"


def connect(config: Config, now: Clock = clock.now) -> AccountOpener:
    """A client from config: what `Snap` knows."""
    return Opener(Snap(config, now))
