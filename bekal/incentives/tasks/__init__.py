"""What is due in incentives: accounts to link, runs to plan, orders to send, outcomes to ask for."""

from bekal.incentives.tasks.linking import ask_change, change, link
from bekal.incentives.tasks.sending import enquire_due, plan_due, send_due

__all__ = ["ask_change", "change", "enquire_due", "link", "plan_due", "send_due"]
