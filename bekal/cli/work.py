"""Working off what is due: every room's tasks, in the order of the journey, round after round.

Each task is a query and actions, safe to run twice or at once; an advisory lock keeps two workers from doing the
same round side by side for nothing.
"""

import logging
import time
from collections.abc import Callable

from django.db import close_old_connections, connection

from bekal.access.tasks import forget_due as forget_codes
from bekal.advice.tasks import train
from bekal.careers.tasks import fetch_vacancies, match_due
from bekal.citizens.tasks import forget_drafts_due, settle_changes
from bekal.citizens.tasks import forget_due as forget_photos
from bekal.doors.sessions import forget_sessions
from bekal.eligibility.tasks import compare_due, contest_due, verify_due
from bekal.incentives.tasks import enquire_due
from bekal.incentives.tasks import send_due as send_payments
from bekal.learning.tasks import issue_due
from bekal.ledger.tasks import fold_due, open_months_due, seal_due
from bekal.market.tasks import lapse_due, settle_due
from bekal.notices.tasks import send_due as send_notices
from bekal.partners.tasks import forget_due_answers
from bekal.scholarships.tasks import award_due, expire_due, revoke_due
from bekal.waves.tasks import draw_due, open_and_close_due
from bekal.waves.tasks import settle_due as settle_joinings

log = logging.getLogger(__name__)
_ROUND = 0xBE4A1
MOMENT, HOUR, NIGHT = 0.0, 3_600.0, 86_400.0


TASKS: tuple[tuple[Callable[[], object], float], ...] = (
    (verify_due, MOMENT), (compare_due, MOMENT), (open_and_close_due, MOMENT), (settle_joinings, MOMENT),
    (draw_due, MOMENT), (award_due, MOMENT), (lapse_due, MOMENT), (contest_due, HOUR), (revoke_due, HOUR),
    (expire_due, HOUR), (issue_due, MOMENT), (settle_due, HOUR), (send_payments, MOMENT), (enquire_due, MOMENT),
    (fetch_vacancies, HOUR), (match_due, HOUR), (train, NIGHT), (send_notices, MOMENT),
    (forget_due_answers, HOUR), (forget_photos, HOUR), (forget_codes, HOUR), (forget_drafts_due, HOUR),
    (forget_sessions, HOUR), (settle_changes, MOMENT), (fold_due, HOUR), (seal_due, HOUR), (open_months_due, NIGHT),
)  # fmt: skip
"""Every task with the least seconds between two runs of it by one worker."""

_last_run: dict[Callable[[], object], float] = {}


def work(*, once: bool, every: float) -> None:
    """Run rounds; a task that fails is logged and tried again in the next round, the others go on."""
    while True:
        run_round()
        if once:
            return
        close_old_connections()
        time.sleep(every)


def run_round() -> None:
    """One round over all tasks, unless another worker is at it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_ROUND])
        if not cursor.fetchone()[0]:
            return
        try:
            for task, pause in TASKS:
                if time.monotonic() - _last_run.get(task, float("-inf")) >= pause:
                    _run(task)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_ROUND])


def _run(task: Callable[[], object]) -> None:
    try:
        task()
        _last_run[task] = time.monotonic()
    except Exception:
        log.exception("%s failed and will be tried again", task.__qualname__)
