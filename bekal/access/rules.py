"""Who may what. Roles are few; a permission names a door, an action's right, nothing finer."""

from datetime import datetime, timedelta
from math import ceil

ROLES: dict[str, frozenset[str]] = {
    "citizen": frozenset({"citizen"}),
    "provider": frozenset({"provider"}),
    "platform": frozenset({"platform"}),
    "assessor": frozenset({"operator", "review_training"}),
    "operator": frozenset({"operator", "plan_wave", "curate", "plan_pay_run", "reconcile"}),
    "draw_operator": frozenset({"operator", "sign_draw"}),
    "finance_maker": frozenset({"operator", "plan_pay_run", "fund", "reconcile"}),
    "finance_checker": frozenset({"operator", "approve_pay_run", "approve_fund", "reconcile"}),
    "recovery_officer": frozenset({"operator", "recover_account"}),
    "identity_reviewer": frozenset({"operator", "review_identity"}),
    "list_reviewer": frozenset({"operator", "review_list"}),
    "auditor": frozenset({"operator", "audit", "reconcile"}),
}
CODE_DIGITS = 6
CODE_MINUTES = 10
CODE_TRIES = 10
CODE_WAIT_SECONDS = 60
CODES_AT_PACE = 5
SLOW_WAIT_SECONDS = 600
PACE_HOURS = 24
LINK_HOURS = 12
IDLE_DAYS = 45
"""A mobile number may be sold again 60 days after it fell idle (Permen Kominfo 14/2018); we ask earlier."""
PROOF_TRIES = 5
PASSKEY_MINUTES = 5
PASSKEYS_AT_MOST = 10


def permissions(roles: tuple[str, ...]) -> frozenset[str]:
    """Everything these roles permit."""
    return frozenset().union(*(ROLES[role] for role in roles)) if roles else frozenset()


def wait_before_code(sent: int, since_last: float) -> int:
    """Seconds until the next code may be sent, 0 for now. `sent`: unused codes of the last 24 hours.

    A minute between codes, ten from the sixth code of a day on: a wrong guess has one chance in a million, so whoever
    guesses without rest (ten tries a code) meets a code in about two years, and nobody is ever locked out.
    """
    if not sent:
        return 0
    pause = CODE_WAIT_SECONDS if sent < CODES_AT_PACE else SLOW_WAIT_SECONDS
    return max(0, ceil(pause - since_last))


def wait_in_words(seconds: int) -> dict[str, str]:
    """The facts wait_id and wait_en of a refusal: seconds up to a minute, else minutes rounded up."""
    if seconds <= CODE_WAIT_SECONDS:
        return {"wait_id": f"{seconds} detik", "wait_en": f"{seconds} seconds"}
    return {"wait_id": f"{ceil(seconds / 60)} menit", "wait_en": f"{ceil(seconds / 60)} minutes"}


def asks_second_proof(last_in: datetime, at: datetime) -> bool:
    """Whether a code alone is too little: the number may have another owner by now."""
    return at - last_in > timedelta(days=IDLE_DAYS)


def counter_went_back(before: int, now: int) -> bool:
    """Whether a key's counter shows a copy (WebAuthn level 2, §6.1.1). Keys that do not count say 0 for ever."""
    return (before, now) != (0, 0) and now <= before
