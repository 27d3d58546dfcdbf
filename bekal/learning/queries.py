"""What others may read about learning."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Q, QuerySet

from bekal.core.rows import Rows, plain_rows
from bekal.learning.models import (
    Assignment,
    Attendance,
    AttendanceState,
    Certificate,
    CertificateState,
    Enrolment,
    EnrolmentState,
)
from bekal.learning.rules import OFFLINE, STANDINGS, Evidence, Gap, certificate_gaps
from bekal.market.queries import PurchaseView, purchase_of_redeem_code, purchases_of
from bekal.rulebooks.queries import programme_of


@dataclass(frozen=True, slots=True)
class LearningView:
    """One bought training as its learner sees it.

    `state`: bought, then that of the enrolment (opened, redeemed, completed), or the purchase's own when it was
    cancelled. `to_confirm`: sessions that wait for the provider's word. `assignments`: state of each one handed in.
    `certificate_state`: none, reported, verified or issued; `gaps`: what a certificate still needs.
    """

    purchase_id: UUID
    enrolment_id: UUID | None
    training_id: UUID
    training_code: str
    training_title: str
    provider_name: str
    redeem_code: str
    mode: str
    starts_at: datetime
    ends_at: datetime
    state: str
    sessions: int
    attended: int
    to_confirm: tuple[int, ...]
    assignments: tuple[str, ...]
    post_test_score: int | None
    redeemed_at: datetime | None
    completed_at: datetime | None
    certificate_state: str
    certificate_number: str | None
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class CodeStatus:
    """What the institution's interface tells about a redeem code and one sequence of it."""

    purchase: PurchaseView
    used: bool
    redeemed_at: datetime | None
    sequence: int
    attended: bool
    online: bool


@dataclass(frozen=True, slots=True)
class AssignmentView:
    id: UUID
    redeem_code: str
    scope: str
    sequence: int
    state: str
    url_file: str
    notes: str
    feedback_url: str
    feedback_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttendancePage:
    """What the page behind an attendance link shows. `redirect_uri`: where the browser goes back to, with `state`."""

    token: str
    state_key: str
    citizen_id: UUID
    training_title: str
    provider_name: str
    sequence: int
    sessions: int
    state: str
    mode: str
    starts_at: datetime
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A certificate as its holder and the public page see it; dates of every leg from report to issue."""

    number: str
    state: str
    holder: str
    training_title: str
    training_code: str
    provider_name: str
    reported_at: datetime
    verified_at: datetime | None
    issued_at: datetime | None
    credential: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class FirstCertificate:
    """The first training that an award finished."""

    award_id: UUID
    citizen_id: UUID
    training_id: UUID
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class LearningFigures:
    redeemed: int
    completed: int
    certified: int
    to_confirm: int


def learning_of(citizen_id: UUID) -> list[LearningView]:
    """Every training a citizen bought, newest purchase first, with how far each has come."""
    enrolments = {row.purchase_id: row for row in _with_evidence(Enrolment.objects.filter(citizen_id=citizen_id))}
    return [
        _learning_view(purchase, enrolments.get(purchase.id))
        for purchase in purchases_of(citizen_id)
        if purchase.state not in ("reserved", "lapsed")
    ]


def provider_enrolments(provider_id: UUID, *, limit: int = 100, before: UUID | None = None) -> list[Enrolment]:
    """A provider's enrolments, newest first, with attendances, assignments and certificate read along."""
    rows = _with_evidence(Enrolment.objects.filter(provider_id=provider_id).order_by("-id"))
    return list((rows.filter(id__lt=before) if before else rows)[:limit])


def status_by_code(redeem_code: str, sequence: int) -> CodeStatus | None:
    """State of a redeem code and of attendance for one sequence; None for an unknown code."""
    purchase = purchase_of_redeem_code(redeem_code)
    if purchase is None:
        return None
    enrolment = Enrolment.objects.filter(redeem_code=redeem_code).first()
    attended = enrolment is not None and _present(enrolment.id).filter(sequence=sequence).exists()
    redeemed_at = enrolment.redeemed_at if enrolment else None
    online = purchase.mode != OFFLINE
    return CodeStatus(purchase, redeemed_at is not None, redeemed_at, sequence, attended, online)


def assignment_view(redeem_code: str, scope: str, sequence: int) -> AssignmentView | None:
    found = (
        Assignment.objects.select_related("enrolment")
        .filter(enrolment__redeem_code=redeem_code, scope=scope, sequence=sequence)
        .first()
    )
    return view_of_assignment(found) if found else None


def view_of_assignment(row: Assignment) -> AssignmentView:
    return AssignmentView(
        id=row.id,
        redeem_code=row.enrolment.redeem_code,
        scope=row.scope,
        sequence=row.sequence,
        state=row.state,
        url_file=row.url_file,
        notes=row.notes,
        feedback_url=row.feedback_url,
        feedback_at=row.feedback_at,
    )


def attendance_page(token: str) -> AttendancePage | None:
    """What stands behind an attendance link; None for an unknown one."""
    row = Attendance.objects.select_related("enrolment").filter(token=token).first()
    return view_of_attendance(row) if row else None


def view_of_attendance(row: Attendance) -> AttendancePage:
    enrolment = row.enrolment
    return AttendancePage(
        token=row.token,
        state_key=row.id.hex,
        citizen_id=enrolment.citizen_id,
        training_title=enrolment.training_title,
        provider_name=enrolment.provider_name,
        sequence=row.sequence,
        sessions=enrolment.sessions,
        state=row.state,
        mode=enrolment.mode,
        starts_at=enrolment.starts_at,
        redirect_uri=row.redirect_uri,
    )


def evidence_of(enrolment: Enrolment, post_test_score: int | None) -> Evidence:
    """Attendance and assignments as they stand, and the score handed in."""
    attendances, assignments = enrolment.attendances.all(), enrolment.assignments.all()
    return Evidence(
        sessions=enrolment.sessions,
        present=[row.sequence for row in attendances if row.state == AttendanceState.PRESENT],
        assignments=[STANDINGS[row.state] for row in assignments],
        post_test_score=post_test_score,
    )


def certificate(number: str) -> dict[str, Any] | None:
    """The signed credential of an issued certificate, as it is published; None when its holder was forgotten."""
    found = Certificate.objects.filter(number=number, state=CertificateState.ISSUED).first()
    return found.credential or None if found else None


def certificate_view(number: str) -> CertificateView | None:
    found = Certificate.objects.select_related("enrolment").filter(number=number).first()
    return _certificate_view(found) if found else None


def certificates_of(citizen_id: UUID) -> list[CertificateView]:
    """A citizen's certificates in every state, newest report first."""
    rows = Certificate.objects.select_related("enrolment").filter(citizen_id=citizen_id).order_by("-reported_at")
    return [_certificate_view(row) for row in rows]


def first_certified_at(award_id: UUID) -> datetime | None:
    """When the first certificate of an award was issued."""
    issued = Certificate.objects.filter(award_id=award_id, state=CertificateState.ISSUED)
    return issued.order_by("issued_at").values_list("issued_at", flat=True).first()


def first_certificates(award_ids: Iterable[UUID]) -> dict[UUID, FirstCertificate]:
    """The first issued certificate of each of these awards that has one, in one statement."""
    rows = (
        Certificate.objects.filter(award_id__in=list(award_ids), state=CertificateState.ISSUED)
        .order_by("award_id", "issued_at", "id")
        .distinct("award_id")
        .values_list("award_id", "citizen_id", "training_id", "issued_at")
    )
    return {
        award_id: FirstCertificate(award_id, citizen_id, training_id, issued_at)
        for award_id, citizen_id, training_id, issued_at in rows
        if award_id is not None and issued_at is not None
    }


def issue_due_count() -> int:
    """Certificates verified and not yet issued."""
    return Certificate.objects.filter(state=CertificateState.VERIFIED).count()


def learning_figures() -> LearningFigures:
    """People's enrolments by how far they came, and sessions that wait for a provider."""
    counted = Enrolment.objects.aggregate(
        redeemed=Count("id", filter=Q(redeemed_at__isnull=False)),
        completed=Count("id", filter=Q(state=EnrolmentState.COMPLETED)),
    )
    return LearningFigures(
        redeemed=counted["redeemed"],
        completed=counted["completed"],
        certified=Certificate.objects.filter(state=CertificateState.ISSUED).count(),
        to_confirm=Attendance.objects.filter(state=AttendanceState.TO_CONFIRM).count(),
    )


def _present(enrolment_id: UUID) -> QuerySet[Attendance]:
    return Attendance.objects.filter(enrolment_id=enrolment_id, state=AttendanceState.PRESENT)


def _with_evidence(rows: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    return rows.select_related("certificate").prefetch_related(
        Prefetch("attendances", Attendance.objects.order_by("sequence")),
        Prefetch("assignments", Assignment.objects.order_by("scope", "sequence")),
    )


def _learning_view(purchase: PurchaseView, enrolment: Enrolment | None) -> LearningView:
    found: Certificate | None = getattr(enrolment, "certificate", None)
    evidence = evidence_of(enrolment, enrolment.post_test_score) if enrolment else None
    gaps = certificate_gaps(evidence, programme_of(purchase.rulebook_id).learning) if evidence else ()
    attendances = enrolment.attendances.all() if enrolment else ()
    return LearningView(
        purchase_id=purchase.id,
        enrolment_id=enrolment.id if enrolment else None,
        training_id=purchase.training_id,
        training_code=purchase.training_code,
        training_title=purchase.training_title,
        provider_name=purchase.provider_name,
        redeem_code=purchase.redeem_code or "",
        mode=purchase.mode,
        starts_at=purchase.starts_at,
        ends_at=purchase.ends_at,
        state=_learning_state(purchase, enrolment),
        sessions=purchase.sessions,
        attended=evidence.attended if evidence else 0,
        to_confirm=tuple(row.sequence for row in attendances if row.state == AttendanceState.TO_CONFIRM),
        assignments=tuple(evidence.assignments) if evidence else (),
        post_test_score=enrolment.post_test_score if enrolment else None,
        redeemed_at=enrolment.redeemed_at if enrolment else None,
        completed_at=enrolment.completed_at if enrolment else None,
        certificate_state=found.state if found else "none",
        certificate_number=found.number if found and found.state == CertificateState.ISSUED else None,
        gaps=gaps,
    )


def _learning_state(purchase: PurchaseView, enrolment: Enrolment | None) -> str:
    if purchase.state != "paid":
        return str(purchase.state)
    return enrolment.state if enrolment else "bought"


def _certificate_view(row: Certificate) -> CertificateView:
    return CertificateView(
        number=row.number,
        state=row.state,
        holder=row.holder,
        training_title=row.enrolment.training_title,
        training_code=row.enrolment.training_code,
        provider_name=row.enrolment.provider_name,
        reported_at=row.reported_at,
        verified_at=row.verified_at,
        issued_at=row.issued_at,
        credential=row.credential,
    )


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    own = Enrolment.objects.filter(citizen_id=citizen_id).values("id")
    return {
        "enrolments": plain_rows(Enrolment.objects.filter(citizen_id=citizen_id)),
        "attendances": plain_rows(Attendance.objects.filter(enrolment_id__in=own), without=("token",)),
        "assignments": plain_rows(Assignment.objects.filter(enrolment_id__in=own)),
        "certificates": plain_rows(Certificate.objects.filter(citizen_id=citizen_id)),
    }
