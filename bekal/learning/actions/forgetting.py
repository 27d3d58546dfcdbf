"""What is left of a learner who was forgotten: that somebody finished, with which score."""

from datetime import datetime
from uuid import UUID

from bekal.core import events
from bekal.core.atomic import action
from bekal.core.events import Actor
from bekal.learning.models import Assignment, Attendance, Certificate, CertificateState, Enrolment


@action
def forget_learner(*, by: Actor, at: datetime, citizen_id: UUID) -> None:
    """Wipe name and credential of certificates, the address index, and the work that was handed in.

    A certificate of a forgotten holder can no longer be looked up; a copy that the person kept still proves itself.
    """
    own = Enrolment.objects.filter(citizen_id=citizen_id)
    Assignment.objects.filter(enrolment__in=own.values("id")).update(url_file="", notes="", feedback_url="")
    Attendance.objects.filter(enrolment__in=own.values("id")).update(redirect_uri="")
    own.update(email_index=None)
    certificates = Certificate.objects.filter(citizen_id=citizen_id)
    certificates.update(holder="")
    certificates.filter(state=CertificateState.ISSUED).update(credential={})
    events.record_person(kind="learning.learner_forgotten", by=by, at=at, person=citizen_id)
