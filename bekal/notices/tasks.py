"""Handing queued messages to the gateway. Safe to run twice: the gateway knows each by its reference."""

from concurrent.futures import ThreadPoolExecutor

from bekal.core import clock
from bekal.core.events import Actor
from bekal.core.ports import open_port
from bekal.notices.actions import mark_sent
from bekal.notices.ports import TextGateway
from bekal.notices.queries import notices_waiting


def send_due(limit: int = 500, workers: int = 4) -> int:
    """Send what waits, at most `limit`, `workers` at a time; returns how many were taken."""
    gateway: TextGateway = open_port("text_gateway")
    waiting = notices_waiting(limit)
    with ThreadPoolExecutor(workers) as hands:
        for _ in hands.map(lambda one: gateway.send(to=one.to, text=one.text, reference=one.reference), waiting):
            pass
    if waiting:
        mark_sent(by=Actor.system("notices"), at=clock.now(), notice_ids=[notice.id for notice in waiting])
    return len(waiting)
