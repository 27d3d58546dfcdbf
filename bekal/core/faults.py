"""Places in the code where a test may let the machine die: `at_fault("room.place")` does nothing unless armed.

`BEKAL_FAULT=place:n` arms a place for its n-th visit by this process: the process kills itself, or, where
`BEKAL_FAULT_VICTIM` names a process by number, that one and goes on. Settings refuse both in production.
"""

import os
import signal
import threading

PLACES = frozenset(
    {
        "payouts.before_plan_commit", "payouts.after_plan_commit",
        "payouts.before_claim_commit", "payouts.after_claim_commit",
        "payouts.before_call", "payouts.after_call",
        "payouts.before_answers_commit", "payouts.after_answers_commit",
        "payouts.before_ask_commit", "payouts.after_ask_commit",
        "payouts.before_submit", "payouts.after_submit", "payouts.after_report",
    }
)  # fmt: skip
"""Every place, so that a test can go through all of them."""

_armed, _, _visits = os.environ.get("BEKAL_FAULT", "").partition(":")
_lock = threading.Lock()
_left = int(_visits or "1")


def at_fault(place: str) -> None:
    """Die here, or kill whom we were told to, if a test armed this place."""
    if place != _armed:
        return
    global _left
    with _lock:
        _left -= 1
        if _left == 0:
            os.kill(int(os.environ.get("BEKAL_FAULT_VICTIM", os.getpid())), signal.SIGKILL)
