"""Account inquiries of SNAP providers: from an answer to what we know of the holder."""

from bekal.incentives.ports import Holder
from bekal.outside.snap import SnapAnswer
from bekal.outside.snap_codes import reason_of
from bekal.outside.wire import BadAnswer

ACTIVE = ("", "active", "aktif", "rekening aktif", "0001")


def asked(nik_hash: str) -> dict[str, str]:
    """The bilateral extension of an inquiry: does this NIK (its hash) hold the account?"""
    return {"nikHash": nik_hash} if nik_hash else {}


def refusal(answer: SnapAnswer) -> Holder:
    """What a refused inquiry says of the account; BadAnswer when it says nothing of it."""
    reason = reason_of(answer.code)
    if not reason:
        raise BadAnswer(f"the inquiry was answered {answer.code} {answer.message}")
    return Holder(name="", active=False, nik_matches=None, room=None, reason=reason)


def holder(answer: SnapAnswer, *, name: str, status: str, room: int | None) -> Holder:
    """A holder from an answered inquiry. `status` is the provider's word for the account's state, empty when it gives
    none."""
    extra = answer.record.get("additionalInfo")
    matches = extra.get("nikMatches") if isinstance(extra, dict) else None
    is_active = status.lower() in ACTIVE
    reason = None if is_active else "dormant" if "dorman" in status.lower() else "inactive"
    return Holder(name, is_active, matches if isinstance(matches, bool) else None, room, reason)
