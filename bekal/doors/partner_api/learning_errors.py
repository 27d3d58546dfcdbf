"""The wire codes of learning's refusals; `errors.py` merges them.

ERRRDM: redeem and attendance, ERRTPM: assignments and completion.
"""

from collections.abc import Mapping
from types import MappingProxyType

LEARNING_ERRORS: Mapping[str, str] = MappingProxyType(
    {
        "learning.code_unknown": "ERRRDM40001",
        "learning.code_of_another": "ERRRDM40002",
        "learning.code_voided": "ERRRDM40003",
        "learning.code_used": "ERRRDM40004",
        "learning.not_redeemed": "ERRRDM40005",
        "learning.sequence_unknown": "ERRRDM40006",
        "learning.outside_session": "ERRRDM40007",
        "learning.email_used": "ERRRDM40008",
        "learning.nothing_to_confirm": "ERRRDM40009",
        "learning.task_unknown": "ERRTPM40001",
        "learning.file_unreachable": "ERRTPM40002",
        "learning.assignment_unknown": "ERRTPM40003",
        "learning.assignment_closed": "ERRTPM40004",
        "learning.no_score": "ERRTPM40005",
    }
)
