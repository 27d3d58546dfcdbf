"""Attendance, evidence and the credential document, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from bekal.citizens.ports import FaceAnswer
from bekal.learning.rules import (
    FACE_THRESHOLD,
    Achievement,
    Evidence,
    attendance_result,
    certificate_gaps,
    credential_document,
    instant,
    may_attend,
    sequence_exists,
    sessions_required,
    task_exists,
)
from bekal.rulebooks.rules import LearningRules

STARTS, ENDS = datetime(2023, 8, 4, 3, tzinfo=UTC), datetime(2023, 8, 9, 3, tzinfo=UTC)
RULES = LearningRules("test", 100, 70, True, 1, 1, 7)
COMPLETE = Evidence(3, (1, 2, 3), ("accepted",), 70)


def codes(evidence: Evidence, rules: LearningRules = RULES) -> list[str]:
    return [gap.code.removeprefix("learning.gap_") for gap in certificate_gaps(evidence, rules)]


@pytest.mark.parametrize(
    ("evidence", "missing"),
    [
        (COMPLETE, []),
        (Evidence(3, (1, 2), ("accepted",), 70), ["attendance"]),
        (Evidence(3, (1, 2, 2, 999), ("accepted",), 70), ["attendance"]),
        (Evidence(3, (1, 2, 3), (), 70), ["assignment"]),
        (Evidence(3, (1, 2, 3), ("accepted", "returned"), 70), ["assignment"]),
        (Evidence(3, (1, 2, 3), ("submitted",), 70), ["assignment"]),
        (Evidence(3, (1, 2, 3), ("accepted",), 69), ["post_test"]),
        (Evidence(3, (1, 2, 3), ("accepted",), None), ["post_test_missing"]),
        (Evidence(3, (), (), None), ["attendance", "assignment", "post_test_missing"]),
    ],
)
def test_a_certificate_needs_sessions_assignment_and_test(evidence: Evidence, missing: list[str]) -> None:
    assert codes(evidence) == missing


def test_a_programme_may_ask_for_less() -> None:
    lenient = LearningRules("test", 80, 50, False, 1, 1, 7)
    assert codes(Evidence(5, (1, 2, 3, 4), (), 50), lenient) == []
    assert codes(Evidence(5, (1, 2, 3), (), 49), lenient) == ["attendance", "post_test"]


@pytest.mark.parametrize(
    ("sessions", "percent", "required"), [(5, 100, 5), (5, 80, 4), (5, 81, 5), (3, 0, 0), (1, 1, 1)]
)
def test_a_share_of_sessions_is_rounded_up(sessions: int, percent: int, required: int) -> None:
    assert sessions_required(sessions, percent) == required


@pytest.mark.parametrize(
    ("face", "result"),
    [
        (FaceAnswer(True, FACE_THRESHOLD), "present"),
        (FaceAnswer(True, FACE_THRESHOLD - 1), "to_confirm"),
        (FaceAnswer(False, 100), "to_confirm"),
        (None, "to_confirm"),
    ],
)
def test_a_check_that_falls_short_waits_for_the_provider(face: FaceAnswer | None, result: str) -> None:
    assert attendance_result(face) == result


@pytest.mark.parametrize(
    ("at", "mode", "open_"),
    [
        (STARTS - timedelta(hours=1), "webinar", True),
        (STARTS - timedelta(hours=1, seconds=1), "webinar", False),
        (ENDS + timedelta(hours=1), "offline", True),
        (ENDS + timedelta(hours=1, seconds=1), "offline", False),
        (ENDS + timedelta(days=30), "self_paced", True),
    ],
)
def test_sessions_with_a_trainer_have_their_hours(at: datetime, mode: str, open_: bool) -> None:
    assert may_attend(at, mode=mode, starts_at=STARTS, ends_at=ENDS) is open_


def test_sequence_numbers() -> None:
    assert [n for n in (0, 1, 5, 6, 998, 999, 1000) if sequence_exists(n, 5)] == [1, 5, 999]
    tasks = [("tpm", 0), ("tpm", 1), ("tpm", 998), ("tpm", 999), ("uk", 1), ("uk", 999), ("ukk", 999)]
    assert [task for task in tasks if task_exists(*task)] == [("tpm", 1), ("tpm", 998), ("uk", 999)]


def test_the_credential_document_names_holder_and_achievement() -> None:
    achieved = Achievement(
        number="ABC", holder="BUDI SANTOSO", training_code="TR-1", training_title="Barista", summary="Kopi.",
        skills=("coffee",), hours=20, provider="LP Kopi", sessions=2, score=88, completed=instant(ENDS),
    )  # fmt: skip
    document = credential_document(achieved, issuer="did:key:z1", site="https://bekal.example", issued=instant(ENDS))
    assert document["id"] == "https://bekal.example/sertifikat/ABC.json"
    assert document["issuer"] == {"id": "did:key:z1", "type": ["Profile"], "name": "LP Kopi"}
    subject = document["credentialSubject"]
    assert subject["identifier"][0]["identityHash"] == "BUDI SANTOSO"
    assert subject["achievement"]["name"] == "Barista"
    assert document["validFrom"] == subject["activityEndDate"] == "2023-08-09T03:00:00Z"
