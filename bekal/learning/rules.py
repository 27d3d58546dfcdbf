"""Pure decisions about learning.

When a session may be attended, what a face check means, and what a certificate needs.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from bekal.citizens.ports import FaceAnswer
from bekal.engines.credential import CONTEXTS, TYPES
from bekal.rulebooks.rules import LearningRules

POST_TEST = 999
LAST_SESSION = 998
SELF_PACED = "self_paced"
OFFLINE = "offline"
EARLY = LATE = timedelta(hours=1)

FACE_THRESHOLD = 75
"""Likeness (0 to 100) from which a face check counts; house setting, none was published."""

AttendanceResult = Literal["present", "to_confirm"]
AssignmentStanding = Literal["submitted", "accepted", "returned"]
STANDINGS: dict[str, AssignmentStanding] = {one: one for one in get_args(AssignmentStanding)}


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that a certificate still needs; `code` is the key of its text and `facts` fill it."""

    code: str
    facts: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one person's learning.

    `sessions`: how many the schedule has; `present`: sequence numbers attended; `assignments`: standing of each one
    handed in; `post_test_score`: 0 to 100, None when not reported.
    """

    sessions: int
    present: Collection[int]
    assignments: Collection[AssignmentStanding]
    post_test_score: int | None

    @property
    def attended(self) -> int:
        """Sessions of the schedule that were attended; the post-test is none of them."""
        return len({sequence for sequence in self.present if 1 <= sequence <= self.sessions})

    @property
    def assignment_accepted(self) -> bool:
        """At least one assignment, and every one of them accepted."""
        return bool(self.assignments) and all(standing == "accepted" for standing in self.assignments)


def sessions_required(sessions: int, percent: int) -> int:
    """Sessions that must be attended: `percent` of all, rounded up."""
    return -(-sessions * percent // 100)


def certificate_gaps(evidence: Evidence, rules: LearningRules) -> tuple[Gap, ...]:
    """What is missing before a certificate may exist; empty when nothing is."""
    return tuple(_gaps(evidence, rules))


def _gaps(evidence: Evidence, rules: LearningRules) -> Iterable[Gap]:
    required = sessions_required(evidence.sessions, rules.attendance_percent)
    if evidence.attended < required:
        yield Gap("learning.gap_attendance", (("attended", evidence.attended), ("required", required)))
    if rules.assignment_required and not evidence.assignment_accepted:
        yield Gap("learning.gap_assignment")
    if evidence.post_test_score is None:
        yield Gap("learning.gap_post_test_missing")
    elif evidence.post_test_score < rules.post_test_pass:
        facts = (("score", evidence.post_test_score), ("pass_mark", rules.post_test_pass))
        yield Gap("learning.gap_post_test", facts)


def attendance_result(face: FaceAnswer | None, threshold: int = FACE_THRESHOLD) -> AttendanceResult:
    """A living face that is alike enough is present.

    Anything else, or no answer at all, waits for the provider's word.
    """
    if face is not None and face.live and face.score >= threshold:
        return "present"
    return "to_confirm"


def sequence_exists(sequence: int, sessions: int) -> bool:
    """Whether a schedule of `sessions` sessions knows this sequence number (the post-test has its own)."""
    return 1 <= sequence <= sessions or sequence == POST_TEST


def may_attend(at: datetime, *, mode: str, starts_at: datetime, ends_at: datetime) -> bool:
    """Self-paced training may be attended at any time.

    Sessions with a trainer from one hour before the first to one hour after the last.
    """
    return mode == SELF_PACED or starts_at - EARLY <= at <= ends_at + LATE


def task_exists(scope: str, sequence: int) -> bool:
    """Practice tasks (tpm) are numbered 1 to 998; the skill demonstration (uk) is 999."""
    return (scope == "tpm" and 1 <= sequence <= LAST_SESSION) or (scope == "uk" and sequence == POST_TEST)


@dataclass(frozen=True, slots=True)
class Achievement:
    """What a certificate says: who learned what, where, and on what evidence."""

    number: str
    holder: str
    training_code: str
    training_title: str
    summary: str
    skills: tuple[str, ...]
    hours: int
    provider: str
    sessions: int
    score: int
    completed: str


def credential_document(achieved: Achievement, *, issuer: str, site: str, issued: str) -> dict[str, Any]:
    """The unsigned Open Badges 3.0 credential (1EdTech OB 3.0 §B.1, W3C VC Data Model 2.0) of one achievement.

    `issuer`: a DID; `site`: address of the public pages without a slash at the end; `issued`: RFC 3339 instant in
    UTC. It carries the holder's name, never the NIK.
    """
    narrative = f"All {achieved.sessions} sessions attended, assignment accepted, post-test {achieved.score} of 100."
    return {
        "@context": list(CONTEXTS),
        "id": f"{site}/sertifikat/{achieved.number}.json",
        "type": list(TYPES),
        "name": achieved.training_title,
        "issuer": {"id": issuer, "type": ["Profile"], "name": achieved.provider},
        "validFrom": issued,
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [
                {"type": "IdentityObject", "hashed": False, "identityHash": achieved.holder, "identityType": "name"}
            ],
            "activityEndDate": achieved.completed,
            "achievement": {
                "id": f"{site}/pelatihan/{achieved.training_code}",
                "type": ["Achievement"],
                "achievementType": "Certificate",
                "name": achieved.training_title,
                "description": f"{achieved.summary} ({achieved.hours} h)",
                "criteria": {"narrative": narrative},
                "tag": list(achieved.skills),
            },
        },
    }


def instant(at: datetime) -> str:
    """RFC 3339 in UTC, whole seconds, ending in Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
