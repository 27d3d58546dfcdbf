"""Members of staff and their roles."""

from collections.abc import Sequence
from datetime import datetime

from bekal.access import rules
from bekal.access.models import Staff
from bekal.core import events, ids
from bekal.core.atomic import action
from bekal.core.events import Actor


@action
def add_staff(*, by: Actor, at: datetime, name: str, email: str, roles: Sequence[str]) -> Staff:
    """Enter a member of staff; asked again, roles are brought up to date."""
    unknown = set(roles) - rules.ROLES.keys()
    if unknown:
        raise ValueError(f"no such role: {sorted(unknown)}")
    staff, _ = Staff.objects.update_or_create(
        email=email,
        defaults={"name": name, "roles": list(roles)},
        create_defaults={
            "id": ids.fresh("staff", email), "email": email, "name": name, "roles": list(roles), "added_at": at,
        },
    )  # fmt: skip
    events.record(
        kind="access.staff_added", by=by, at=at, about="staff", key=str(staff.id), data={"roles": list(roles)}
    )
    return staff
