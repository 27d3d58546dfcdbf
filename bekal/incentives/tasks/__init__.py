"""What is due in incentives: accounts to link, runs to plan, orders to send and to ask for, statements to compare."""

from bekal.incentives.tasks.linking import ask_change, change, link, open_account, recheck_due
from bekal.incentives.tasks.planning import begin_due, draft_due, plan_due
from bekal.incentives.tasks.reconciling import reconcile_due
from bekal.incentives.tasks.sending import enquire_due, send_due

__all__ = [
    "ask_change",
    "begin_due",
    "change",
    "draft_due",
    "enquire_due",
    "link",
    "open_account",
    "plan_due",
    "recheck_due",
    "reconcile_due",
    "send_due",
]
