"""Keeping facts about people, deciding about them, and looking again when a list comes late."""

from bekal.eligibility.actions.contests import contest_decisions
from bekal.eligibility.actions.decisions import decide_eligibility, decide_people, settle_identity
from bekal.eligibility.actions.faces import decide_face, settle_face, take_photo
from bekal.eligibility.actions.facts import end_fact, forget_decisions, record_fact, record_facts, record_registers
from bekal.eligibility.actions.lists import (
    ImportedList,
    ListFromTheFuture,
    ListTooOld,
    RegisterOnlyGrows,
    RegisterUnknown,
    bring_into_force,
    check_list,
    check_register,
    gather_people,
    import_list,
    known_list,
)
from bekal.eligibility.actions.reviews import OtherEyes, ReviewGone, ReviewNeedsReason, confirm_review, dismiss_review

__all__ = [
    "ImportedList",
    "ListFromTheFuture",
    "ListTooOld",
    "OtherEyes",
    "RegisterOnlyGrows",
    "RegisterUnknown",
    "ReviewGone",
    "ReviewNeedsReason",
    "bring_into_force",
    "check_list",
    "check_register",
    "confirm_review",
    "contest_decisions",
    "decide_eligibility",
    "decide_face",
    "decide_people",
    "dismiss_review",
    "end_fact",
    "forget_decisions",
    "gather_people",
    "import_list",
    "known_list",
    "record_fact",
    "record_facts",
    "record_registers",
    "settle_face",
    "settle_identity",
    "take_photo",
]
