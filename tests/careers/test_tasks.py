"""Fetching a feed and matching what is due."""

from collections.abc import Iterator
from typing import Any

import pytest

from bekal.careers import tasks
from bekal.careers.models import Match, Vacancy
from bekal.careers.ports import Posting
from tests.careers.making import posting, taken_in
from tests.learning.making import ENDS_AT, bought, certified, shop

pytestmark = [pytest.mark.django_db(transaction=False), pytest.mark.usefixtures("seeded")]


class Feed:
    """A portal that stops answering after `good` postings when told so."""

    def __init__(self, count: int, good: int | None = None) -> None:
        self.count, self.good = count, good

    def postings(self) -> Iterator[Posting]:
        for number in range(self.count):
            if number == self.good:
                raise ConnectionError("the portal stopped")
            yield posting(number)


def fetched(monkeypatch: pytest.MonkeyPatch, feed: Feed) -> tasks.Fetched:
    monkeypatch.setattr(tasks, "open_port", lambda name: feed)
    monkeypatch.setattr(tasks, "CHUNK", 4)
    return tasks.fetch_vacancies()


def test_a_feed_is_taken_in_whole(monkeypatch: pytest.MonkeyPatch, clock_at: Any) -> None:
    assert fetched(monkeypatch, Feed(9)) == tasks.Fetched(9, 0, 0, 0, True)
    assert fetched(monkeypatch, Feed(9)) == tasks.Fetched(0, 0, 9, 0, True)


def test_a_broken_feed_keeps_what_came(monkeypatch: pytest.MonkeyPatch, clock_at: Any) -> None:
    assert fetched(monkeypatch, Feed(9, good=6)) == tasks.Fetched(4, 0, 0, 0, False)
    assert Vacancy.objects.count() == 4
    assert fetched(monkeypatch, Feed(9)).new == 5


def test_graduates_are_matched_once(clock_at: Any) -> None:
    from bekal.catalogue.models import Training

    taken_in(posting())
    one = certified(bought(shop()))
    Training.objects.filter(id=one.training_id).update(skills=["digital-marketing"])
    clock_at(ENDS_AT)
    assert tasks.match_due() == 1
    assert Match.objects.filter(citizen_id=one.citizen_id).count() == 1
    assert tasks.match_due() == 0
