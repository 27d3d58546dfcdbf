"""What every response code of SNAP BI means: the one table, read by the clients and printed by `make docs`.

A response code is HTTP status (3), service (2), case (2). Cases and messages are those of the standard's public list
(apidevportal.aspi-indonesia.or.id). What the list does not hold is unknown: never refused, never paid.
"""

from dataclasses import dataclass
from typing import Literal

from bekal.incentives.ports import Outcome

Meaning = Literal["done", "account", "run", "later", "ask", "token"]
"""What has to happen next. done: nothing. account: the citizen must change the account. run: our keys, our message, our
funds or our agreement are wrong, so nothing more is sent. later: send the same again. ask: ask the status, never pay
again. token: take another token or external id, which the client does by itself; then as `run` or `later`."""

PAYMENTS = {"17": "transfer-intrabank", "18": "transfer-interbank", "38": "emoney/topup"}
STATUS_SERVICES = {"36": "transfer/status", "39": "emoney/topup-status"}
INQUIRIES = {"15": "account-inquiry-internal", "16": "account-inquiry-external", "37": "emoney/account-inquiry"}
OTHERS = {"06": "registration-account-creation", "11": "balance-inquiry", "73": "access-token/b2b"}


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the standard's list. `case`: HTTP status and case. `outcome`: what it means as the answer to a
    payment. `reason`: what it says of the account when an inquiry is answered with it, see `Holder.reason`; empty when
    it says nothing of it."""

    case: str
    message: str
    outcome: Outcome
    meaning: Meaning
    reason: str = ""


def _account(case: str, message: str, reason: str = "refused") -> Case:
    return Case(case, message, "refused", "account", reason)


def _run(case: str, message: str) -> Case:
    return Case(case, message, "stop", "run")


def _later(case: str, message: str) -> Case:
    return Case(case, message, "later", "later")


def _ask(case: str, message: str) -> Case:
    return Case(case, message, "unknown", "ask")


CASES = (
    Case("20000", "Successful", "paid", "done"),
    _ask("20200", "Request In Progress"),
    _run("40000", "Bad Request"),
    _run("40001", "Invalid Field Format"),
    _run("40002", "Invalid Mandatory Field"),
    _run("40100", "Unauthorized"),
    Case("40101", "Invalid Token (B2B)", "stop", "token"),
    _run("40102", "Invalid Customer Token"),
    Case("40103", "Token Not Found (B2B)", "stop", "token"),
    _run("40104", "Customer Token Not Found"),
    _later("40300", "Transaction Expired"),
    _run("40301", "Feature Not Allowed"),
    _account("40302", "Exceeds Transaction Amount Limit", "no_room"),
    _account("40303", "Suspected Fraud"),
    _later("40304", "Activity Count Limit Exceeded"),
    _account("40305", "Do Not Honor"),
    _later("40306", "Feature Not Allowed At This Time"),
    _account("40307", "Card Blocked", "inactive"),
    _account("40308", "Card Expired", "inactive"),
    _account("40309", "Dormant Account", "dormant"),
    _run("40310", "Need To Set Token Limit"),
    _run("40311", "OTP Blocked"),
    _run("40312", "OTP Lifetime Expired"),
    _run("40313", "OTP Sent To Cardholder"),
    _run("40314", "Insufficient Funds"),
    _run("40315", "Transaction Not Permitted"),
    _account("40316", "Suspend Transaction", "inactive"),
    _run("40317", "Token Limit Exceeded"),
    _account("40318", "Inactive Card/Account/Customer", "inactive"),
    _run("40319", "Merchant Blacklisted"),
    _run("40320", "Merchant Limit Exceed"),
    _run("40321", "Set Limit Not Allowed"),
    _run("40322", "Token Limit Invalid"),
    _account("40323", "Account Limit Exceed", "no_room"),
    _ask("40400", "Invalid Transaction Status"),
    _ask("40401", "Transaction Not Found"),
    _account("40402", "Invalid Routing", "unknown_account"),
    _account("40403", "Bank Not Supported By Switch", "unknown_account"),
    _ask("40404", "Transaction Cancelled"),
    _run("40405", "Merchant Not Registered For Card Registration Services"),
    _run("40406", "Need To Request OTP"),
    _run("40407", "Journey Not Found"),
    _run("40408", "Invalid Merchant"),
    _account("40409", "No Issuer", "unknown_account"),
    _run("40410", "Invalid API Transition"),
    _account("40411", "Invalid Card/Account/Customer/Virtual Account", "unknown_account"),
    _account("40412", "Invalid Bill/Virtual Account", "unknown_account"),
    _run("40413", "Invalid Amount"),
    _ask("40414", "Paid Bill"),
    _run("40415", "Invalid OTP"),
    _run("40416", "Partner Not Found"),
    _run("40417", "Invalid Terminal"),
    _ask("40418", "Inconsistent Request"),
    _account("40419", "Invalid Bill/Virtual Account (expired)", "inactive"),
    _run("40500", "Requested Function Is Not Supported"),
    _run("40501", "Requested Operation Is Not Allowed"),
    Case("40900", "Conflict: the external id was used today", "later", "token"),
    _ask("40901", "Duplicate partnerReferenceNo"),
    _later("42900", "Too Many Requests"),
    _ask("50000", "General Error"),
    _ask("50001", "Internal Server Error"),
    _ask("50002", "External Server Error"),
    _ask("50400", "Timeout"),
)
OF_CASE = {line.case: line for line in CASES}
KNOWN_SERVICES = PAYMENTS | STATUS_SERVICES | INQUIRIES | OTHERS

# latestTransactionStatus of services 36 and 39.
STATUSES: dict[str, tuple[str, Outcome]] = {
    "00": ("Success", "paid"),
    "01": ("Initiated", "unknown"),
    "02": ("Paying", "unknown"),
    "03": ("Pending", "unknown"),
    "04": ("Refunded", "refused"),
    "05": ("Cancelled", "refused"),
    "06": ("Failed", "refused"),
    "07": ("Not found", "later"),
}


def case_of(code: str) -> str:
    """HTTP status and case of a response code, without the service; empty when it is none."""
    return code[:3] + code[5:] if len(code) == 7 and code.isascii() and code.isdigit() else ""


def outcome_of(code: str) -> Outcome:
    """What a response code means for the payment that it answers; unknown when the table does not name it.

    A code of a token service says that the payment itself was never asked for, so it is at worst `later`. A code of any
    other service that does not pay says nothing of a payment.
    """
    line = OF_CASE.get(case_of(code))
    service = code[3:5]
    if service == "73":
        return "stop" if line is not None and line.outcome == "stop" else "later"
    return line.outcome if line is not None and service in PAYMENTS else "unknown"


def reason_of(code: str) -> str:
    """What a refused inquiry says of the account; empty when it says nothing of it."""
    line = OF_CASE.get(case_of(code))
    return line.reason if line is not None and code[3:5] in INQUIRIES else ""
