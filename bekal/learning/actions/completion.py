"""From the provider's report to the issued certificate: reported, verified by rule, issued."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from bekal.catalogue.queries import TrainingCard, training_cards
from bekal.citizens.actions import Word, tell_citizens
from bekal.citizens.queries import citizen_view
from bekal.core import events, ids, vault
from bekal.core.atomic import action
from bekal.core.errors import Refused
from bekal.core.events import Actor
from bekal.core.machine import move
from bekal.engines.credential import did_key, sign_credential
from bekal.learning.actions.enrolment import CodeVoided, used_enrolment
from bekal.learning.models import (
    CERTIFICATE_MOVES,
    ENROLMENT_MOVES,
    Certificate,
    CertificateState,
    Enrolment,
    EnrolmentState,
)
from bekal.learning.queries import evidence_of
from bekal.learning.rules import (
    Achievement,
    Evidence,
    Gap,
    certificate_gaps,
    credential_document,
    instant,
    sessions_required,
)
from bekal.market.queries import purchase_of_redeem_code
from bekal.rulebooks.queries import programme_of
from bekal.rulebooks.rules import LearningRules
from bekal.scholarships.actions import note_training_finished

NUMBER_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
NUMBER_LENGTH = 12


class NoScore(Refused):
    code = "learning.no_score"


@dataclass(frozen=True, slots=True)
class Completion:
    """`state`: reported, verified or issued; `gaps`: what is missing while it is only reported."""

    redeem_code: str
    state: str
    number: str
    gaps: tuple[Gap, ...]


@action
def report_completion(
    *, by: Actor, at: datetime, provider_id: UUID, redeem_code: str, post_test_score: int
) -> Completion:
    """The provider's report that a learner finished with this post-test score (0 to 100).

    Evidence complete: verified at once. Something missing: it stays reported with its gaps, is verified by itself
    when the last of them closes, and may be reported again with another score. Raises CodeUnknown, CodeOfAnother,
    CodeVoided, NotRedeemed, NoScore.
    """
    if not 0 <= post_test_score <= 100:
        raise NoScore(score=post_test_score)
    enrolment = used_enrolment(provider_id=provider_id, redeem_code=redeem_code)
    certificate = Certificate.objects.filter(enrolment=enrolment).first()
    if certificate is not None and (
        certificate.state != CertificateState.REPORTED or enrolment.post_test_score == post_test_score
    ):
        events.nothing_changed()
        return _completion(enrolment, certificate)
    purchase = purchase_of_redeem_code(redeem_code)
    if purchase is None or purchase.state != "paid":
        raise CodeVoided(code=redeem_code)
    enrolment.post_test_score = post_test_score
    rules = programme_of(enrolment.rulebook_id).learning
    evidence = evidence_of(enrolment, post_test_score)
    certificate = _reported(certificate, enrolment, evidence, rules, at)
    events.record(
        kind="learning.completion_reported", by=by, at=at, about="certificate", key=str(certificate.id),
        person=enrolment.citizen_id, data={"score": post_test_score},
    )  # fmt: skip
    gaps = certificate_gaps(evidence, rules)
    if gaps:
        Enrolment.objects.filter(pk=enrolment.pk).update(post_test_score=post_test_score)
    else:
        _verify(by=by, at=at, enrolment=enrolment, certificate=certificate)
    return Completion(redeem_code, certificate.state, certificate.number, gaps)


def verify_if_reported(*, by: Actor, at: datetime, enrolment: Enrolment) -> None:
    """Verify a reported completion whose last gap has just closed; inside the action that closed it."""
    if enrolment.post_test_score is None or enrolment.state != EnrolmentState.REDEEMED:
        return
    certificate = Certificate.objects.filter(enrolment=enrolment, state=CertificateState.REPORTED).first()
    rules = programme_of(enrolment.rulebook_id).learning
    evidence = evidence_of(enrolment, enrolment.post_test_score)
    if certificate is None or certificate_gaps(evidence, rules):
        return
    _reported(certificate, enrolment, evidence, rules, certificate.reported_at)
    _verify(by=by, at=at, enrolment=enrolment, certificate=certificate)


@action
def issue_certificates(*, by: Actor, at: datetime, limit: int = 500) -> int:
    """Issue up to `limit` verified certificates: make each credential, sign it, keep it. Returns how many."""
    rows = list(
        Certificate.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("enrolment")
        .filter(state=CertificateState.VERIFIED)
        .order_by("verified_at", "id")[:limit]
    )
    if not rows:
        events.nothing_changed()
        return 0
    key = vault.signing_key("certificates")
    issuer = did_key(key.public_key().public_bytes_raw())
    cards = training_cards({row.training_id for row in rows}, at)
    for row in rows:
        achieved = _achievement(row, cards[row.training_id], at)
        document = credential_document(achieved, issuer=issuer, site=settings.SITE_URL, issued=instant(at))
        row.credential = sign_credential(document, key, instant(at))
    _keep_credentials(rows, at)
    _tell(by=by, at=at, rows=rows)
    events.record_batch(
        kind="learning.certificates_issued", by=by, at=at, about="certificates", key="batch",
        lines=[(str(row.id), {"number": row.number}) for row in rows],
    )  # fmt: skip
    return len(rows)


_KEEP = """
    UPDATE learning_certificate AS c SET state = %s, issued_at = %s, credential = n.credential::jsonb
    FROM unnest(%s::uuid[], %s::text[]) AS n(id, credential) WHERE c.id = n.id
"""


def _keep_credentials(rows: Sequence[Certificate], at: datetime) -> None:
    assert CertificateState.ISSUED in CERTIFICATE_MOVES[CertificateState.VERIFIED]
    documents = [json.dumps(row.credential) for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [CertificateState.ISSUED.value, at, [row.id for row in rows], documents])


def _tell(*, by: Actor, at: datetime, rows: Sequence[Certificate]) -> None:
    words = [
        Word(row.citizen_id, f"certificate:{row.id}", {"training": row.enrolment.training_title, "number": row.number})
        for row in rows
    ]
    tell_citizens(by=by, at=at, template="learning.notice_certificate", words=words)


def _reported(
    certificate: Certificate | None, enrolment: Enrolment, evidence: Evidence, rules: LearningRules, at: datetime
) -> Certificate:
    found = {
        "sessions_required": sessions_required(enrolment.sessions, rules.attendance_percent),
        "sessions_attended": evidence.attended,
        "assignment_required": rules.assignment_required,
        "assignment_accepted": evidence.assignment_accepted,
        "post_test_pass": rules.post_test_pass,
        "post_test_score": evidence.post_test_score,
    }
    if certificate is not None:
        Certificate.objects.filter(pk=certificate.pk).update(**found)
        return certificate
    return Certificate.objects.create(
        id=ids.fresh("certificate", enrolment.redeem_code),
        enrolment=enrolment,
        award_id=enrolment.award_id,
        citizen_id=enrolment.citizen_id,
        training_id=enrolment.training_id,
        number=ids.fresh_code(NUMBER_ALPHABET, NUMBER_LENGTH, "certificate number", enrolment.redeem_code),
        holder=citizen_view(enrolment.citizen_id).name,
        state=CertificateState.REPORTED,
        reported_at=at,
        **found,
    )


def _verify(*, by: Actor, at: datetime, enrolment: Enrolment, certificate: Certificate) -> None:
    move(certificate, CertificateState.VERIFIED, moves=CERTIFICATE_MOVES, verified_at=at)
    score = enrolment.post_test_score
    move(enrolment, EnrolmentState.COMPLETED, moves=ENROLMENT_MOVES, completed_at=at, post_test_score=score)
    events.record(
        kind="learning.completion_verified", by=by, at=at, about="certificate", key=str(certificate.id),
        person=enrolment.citizen_id,
    )  # fmt: skip
    if enrolment.award_id is not None:
        note_training_finished(by=by, at=at, award_id=enrolment.award_id, finished_at=at)


def _completion(enrolment: Enrolment, certificate: Certificate) -> Completion:
    gaps: tuple[Gap, ...] = ()
    if certificate.state == CertificateState.REPORTED:
        rules = programme_of(enrolment.rulebook_id).learning
        gaps = certificate_gaps(evidence_of(enrolment, enrolment.post_test_score), rules)
    return Completion(enrolment.redeem_code, certificate.state, certificate.number, gaps)


def _achievement(row: Certificate, training: TrainingCard, at: datetime) -> Achievement:
    return Achievement(
        number=row.number,
        holder=row.holder,
        training_code=row.enrolment.training_code,
        training_title=row.enrolment.training_title,
        summary=training.summary,
        skills=tuple(training.skills),
        hours=training.hours,
        provider=row.enrolment.provider_name,
        sessions=row.sessions_attended,
        score=row.post_test_score,
        completed=instant(row.enrolment.completed_at or at),
    )
