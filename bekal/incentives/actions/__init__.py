"""Every write of the incentives room, split by noun."""

from bekal.incentives.actions.accounts import (
    AccountMalformed,
    AccountRefused,
    AccountTaken,
    ChangeNeedsCode,
    NoAccount,
    PayerSilent,
    close_account,
    forget_payee,
    is_other_account,
    link_account,
)
from bekal.incentives.actions.orders import record_answers, take_orders
from bekal.incentives.actions.runs import (
    RunChanged,
    RunDecided,
    RunUnknown,
    approve_pay_run,
    plan_pay_run,
    reject_pay_run,
    resume_pay_run,
)

__all__ = [
    "AccountMalformed",
    "AccountRefused",
    "AccountTaken",
    "ChangeNeedsCode",
    "NoAccount",
    "PayerSilent",
    "RunChanged",
    "RunDecided",
    "RunUnknown",
    "approve_pay_run",
    "close_account",
    "forget_payee",
    "is_other_account",
    "link_account",
    "plan_pay_run",
    "record_answers",
    "reject_pay_run",
    "resume_pay_run",
    "take_orders",
]
