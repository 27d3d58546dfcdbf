"""Places in the code where a test may let a process die: `at_fault("room.place")` does nothing unless armed.

`BEKAL_FAULT=place:n` arms a place for its n-th visit by this process: it kills itself there, or, where
`BEKAL_FAULT_VICTIM` names another process (or, negative, a group of them), that one, and goes on. Settings refuse both
in production.
"""

import os
import signal
import threading

PLACES = (
    "payouts.before_plan_commit", "payouts.after_plan_commit", "payouts.before_claim_commit",
    "payouts.after_claim_commit", "payouts.before_call", "payouts.after_call", "payouts.before_answers_commit",
    "payouts.after_answers_commit", "payouts.before_ask_commit", "payouts.after_ask_commit", "payouts.before_submit",
    "payouts.after_submit", "payouts.after_report",
)  # fmt: skip
"""Every place, so that a test can go through all of them."""

_armed: dict[str, tuple[int, int]] = {}
_lock = threading.Lock()


def arm(place: str, visit: int = 1, victim: int = 0) -> None:
    """Kill `victim` (0: this process) when `place` is reached for the `visit`-th time; only one place is armed."""
    if place not in PLACES:
        raise ValueError(f"no such place: {place}")
    _armed.clear()
    _armed[place] = (visit, victim)


def at_fault(place: str) -> None:
    """Nothing, unless a test armed this place."""
    if place not in _armed:
        return
    with _lock:
        left, victim = _armed.pop(place, (0, 0))
        if left > 1:
            _armed[place] = (left - 1, victim)
    if left == 1:
        os.kill(victim or os.getpid(), signal.SIGKILL)


if os.environ.get("BEKAL_FAULT"):
    _place, _, _visit = os.environ["BEKAL_FAULT"].partition(":")
    arm(_place, int(_visit or "1"), int(os.environ.get("BEKAL_FAULT_VICTIM", "0")))
