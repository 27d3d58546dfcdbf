"""Coming in: when somebody last did, and the second proof after a long absence."""

from datetime import datetime, timedelta
from uuid import UUID

from bekal.access import rules
from bekal.access.models import LastSignIn
from bekal.access.queries import principal_key
from bekal.core import events
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor


class ProofWrong(Refused):
    code = "access.proof_wrong"


class TooManyProofs(Refused):
    code = "access.too_many_proofs"


@action
def record_sign_in(*, by: Actor, at: datetime, means: str) -> None:
    """`by` came in. `means`: code, passkey, link or registration."""
    LastSignIn.objects.update_or_create(
        principal=principal_key(by), defaults={"signed_in_at": at, "wrong_proofs": 0, "wrong_at": None}
    )
    events.record(
        kind="access.signed_in", by=by, at=at, about=by.kind, key=by.key, person=person_of(by), data={"means": means}
    )


def give_proof(*, by: Actor, at: datetime, principal: Actor, right: bool) -> None:
    """Judge a second proof. Raises ProofWrong, or TooManyProofs (after five wrong ones in a day, whatever is given)."""
    refusal = _try_proof(by=by, at=at, principal=principal, right=right)
    if refusal is not None:
        raise refusal


@action
def _try_proof(*, by: Actor, at: datetime, principal: Actor, right: bool) -> Refused | None:
    LastSignIn.objects.bulk_create([LastSignIn(principal=principal_key(principal))], ignore_conflicts=True)
    row = LastSignIn.objects.select_for_update(of=("self",)).get(principal=principal_key(principal))
    recent = row.wrong_at is not None and row.wrong_at > at - timedelta(hours=rules.PACE_HOURS)
    wrong = row.wrong_proofs if recent else 0
    refusal: Refused | None = None
    if wrong >= rules.PROOF_TRIES:
        refusal = TooManyProofs(hours=rules.PACE_HOURS)
    elif not right:
        refusal = ProofWrong(left=rules.PROOF_TRIES - wrong - 1)
        LastSignIn.objects.filter(pk=row.pk).update(wrong_proofs=wrong + 1, wrong_at=at)
    events.record(
        kind="access.proof_refused" if refusal else "access.proof_given", by=by, at=at, about=principal.kind,
        key=principal.key, person=person_of(principal), why=refusal.code if refusal else "",
    )  # fmt: skip
    return refusal


def person_of(principal: Actor) -> UUID | None:
    """The citizen a principal is, for the trail that a citizen may read."""
    return UUID(principal.key) if principal.kind == "citizen" else None
