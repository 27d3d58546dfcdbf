"""Every write of the learning room, split by noun."""

from bekal.learning.actions.assignments import (
    AssignmentClosed,
    AssignmentUnknown,
    FileUnreachable,
    TaskUnknown,
    give_feedback,
    submit_assignment,
)
from bekal.learning.actions.attendance import (
    AttendanceLink,
    AttendanceOfAnother,
    LinkUnknown,
    NothingToConfirm,
    OutsideSession,
    SequenceUnknown,
    confirm_attendance,
    open_attendance,
    vouch_attendance,
)
from bekal.learning.actions.completion import Completion, NoScore, issue_certificates, report_completion
from bekal.learning.actions.enrolment import (
    CodeOfAnother,
    CodeUnknown,
    CodeUsed,
    CodeVoided,
    EmailUsed,
    NotRedeemed,
    redeem,
)
from bekal.learning.actions.forgetting import forget_learner

__all__ = [
    "AssignmentClosed",
    "AssignmentUnknown",
    "AttendanceLink",
    "AttendanceOfAnother",
    "CodeOfAnother",
    "CodeUnknown",
    "CodeUsed",
    "CodeVoided",
    "Completion",
    "EmailUsed",
    "FileUnreachable",
    "LinkUnknown",
    "NoScore",
    "NotRedeemed",
    "NothingToConfirm",
    "OutsideSession",
    "SequenceUnknown",
    "TaskUnknown",
    "confirm_attendance",
    "forget_learner",
    "give_feedback",
    "issue_certificates",
    "open_attendance",
    "redeem",
    "report_completion",
    "submit_assignment",
    "vouch_attendance",
]
