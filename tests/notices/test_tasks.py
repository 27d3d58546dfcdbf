"""Messages wait sealed, go out once, and are wiped."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from bekal.core.events import Actor
from bekal.notices import actions, queries, tasks
from bekal.notices.actions import Message
from bekal.notices.models import Notice

pytestmark = pytest.mark.django_db
AT = datetime(2023, 8, 1, 3, tzinfo=UTC)
BY = Actor.system("tests")


class Gateway:
    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def send(self, *, to: str, text: str, reference: str) -> None:
        self.sent.append((to, text, reference))


def test_a_message_goes_out_once_and_is_wiped(
    clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = Gateway()
    monkeypatch.setattr(tasks, "open_port", lambda name: gateway)
    for _ in range(2):
        actions.queue_notice(
            by=BY, at=AT, to="+62811", template="access.code_sign_in", language="en",
            facts={"code": "123456", "site": "localhost"}, reference="r1",
        )  # fmt: skip
    assert b"123456" not in bytes(Notice.objects.get().text_sealed)
    assert queries.notice_count() == {"queued": 1, "sent": 0}
    assert (tasks.send_due(), tasks.send_due()) == (1, 0)
    [(to, text, reference)] = gateway.sent
    assert (to, reference) == ("+62811", "r1")
    assert text.startswith("123456 is your Bekal")
    row = Notice.objects.get()
    assert (bytes(row.text_sealed), bytes(row.address_sealed), row.state) == (b"", b"", "sent")
    assert queries.notice_count() == {"queued": 0, "sent": 1}


def test_many_at_once_in_each_ones_language() -> None:
    messages = [
        Message(f"+62{n}", "id" if n % 2 else "en", f"m{n}", {"code": str(n), "site": "localhost"}) for n in range(5)
    ]
    actions.queue_notices(by=BY, at=AT, template="access.code_sign_in", messages=messages)
    actions.queue_notices(by=BY, at=AT, template="access.code_sign_in", messages=[])
    texts = [notice.text for notice in queries.notices_waiting(10)]
    assert sum("kode masuk" in text for text in texts) == 2
