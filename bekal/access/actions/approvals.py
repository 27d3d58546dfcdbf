"""Four eyes over what is to be done."""

from datetime import datetime

from bekal.access.models import Approval
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor


class NotProposed(Refused):
    code = "access.not_proposed"


class SameEyes(Refused):
    code = "access.same_eyes"


@action
def propose(*, by: Actor, at: datetime, kind: str, key: str, digest: str) -> Approval:
    """Lay something before a second pair of eyes. `digest` is SHA-256, in hexadecimal, over what is to be done."""
    approval, fresh = Approval.objects.get_or_create(
        kind=kind, key=key, digest=digest,
        defaults={"id": ids.fresh("approval", kind, key, digest), "maker": by.key, "proposed_at": at},
    )  # fmt: skip
    if fresh:
        events.record(kind="access.proposed", by=by, at=at, about=kind, key=key, data={"digest": digest})
    else:
        events.nothing_changed()
    return approval


@action
def approve(*, by: Actor, at: datetime, kind: str, key: str, digest: str) -> Approval:
    """Approve exactly what was proposed; the maker cannot."""
    approval = Approval.objects.select_for_update(of=("self",)).filter(kind=kind, key=key, digest=digest).first()
    if approval is None:
        raise NotProposed(kind=kind, key=key)
    if approval.maker == by.key:
        raise SameEyes()
    if approval.checker is not None:
        events.nothing_changed()
        return approval
    Approval.objects.filter(pk=approval.pk).update(checker=by.key, approved_at=at)
    events.record(kind="access.approved", by=by, at=at, about=kind, key=key, data={"digest": digest})
    approval.checker, approval.approved_at = by.key, at
    return approval
