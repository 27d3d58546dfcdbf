"""What is due in the careers room: fetching the portal's feed, and matching graduates."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bekal.careers import actions, queries
from bekal.careers.ports import JobPortal, Posting
from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.ports import open_port

CHUNK = 500
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one fetch brought. `complete` is False when the portal stopped answering; what came before was kept."""

    new: int
    changed: int
    same: int
    left_out: int
    complete: bool


def fetch_vacancies(portal: str = "job_portal") -> Fetched:
    """Take in the whole feed of the portal behind this port, 500 postings a transaction. Safe to run again at any
    time.
    """
    client: JobPortal = open_port(portal)
    counts = [0, 0, 0, 0]
    complete = False
    feed = client.postings()
    try:
        while chunk := list(_chunk(feed)):
            _take_in(portal, chunk, counts)
        complete = True
    except ConnectionError as problem:
        log.warning("feed of %s broke off: %s", portal, problem)
    new, changed, same, left_out = counts
    return Fetched(new, changed, same, left_out, complete)


def match_due(limit: int = 2_000) -> int:
    """Match the next batch of graduates that is due; returns how many people were looked at, 0 when none is due."""
    at = clock.now()
    due = queries.graduates_due(at, limit)
    if due:
        actions.match_graduates(by=Actor.system("careers.match_due"), at=at, citizens=due)
    return len(due)


def _chunk(feed: Iterator[Posting]) -> Iterator[Posting]:
    return islice(feed, CHUNK)


def _take_in(portal: str, chunk: list[Posting], counts: list[int]) -> None:
    taken = actions.take_in_postings(
        by=Actor.system("careers.fetch_vacancies"), at=clock.now(), portal=portal, postings=chunk
    )
    for place, count in enumerate((taken.new, taken.changed, taken.same, sum(taken.left_out.values()))):
        counts[place] += count
