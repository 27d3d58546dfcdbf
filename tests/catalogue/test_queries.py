"""Searching the catalogue; and that a longer catalogue costs no more queries."""

from datetime import timedelta
from typing import Any

import pytest

from bekal.catalogue.actions import close_schedule, take_seat
from bekal.catalogue.queries import (
    PAGE_SIZE,
    catalogue_page,
    curated_trainings,
    offer_of,
    schedule_view,
    schedule_views,
    training_cards,
    training_view,
    trainings_of,
)
from tests.catalogue.making import curated, proposed, schedule
from tests.partners.making import AT, BY, organisation

pytestmark = pytest.mark.django_db


def codes(**filters: Any) -> list[str]:
    return [card.code for card in catalogue_page(at=AT, **filters).items]


@pytest.fixture
def catalogue() -> None:
    provider = organisation()
    marketing = curated(provider.id, "TR-1", title="Pemasaran daring untuk usaha kecil", price=500_000)
    cooking = curated(
        provider.id,
        "TR-2",
        title="Memasak kue basah",
        summary="Resep dan penjualan.",
        mode="offline",
        skills=["baking"],
    )
    proposed(provider.id, "TR-3", title="Pemasaran yang belum dinilai")
    schedule(marketing)
    schedule(cooking)


@pytest.mark.usefixtures("catalogue")
def test_words_are_found_by_their_stem_and_by_their_beginning() -> None:
    assert codes(search="memasarkan") == ["TR-1"]
    assert codes(search="masak") == ["TR-2"]
    assert codes(search="dari") == ["TR-1"]
    assert codes(search="jual") == ["TR-2"]
    assert codes(search="astronomi") == []
    assert codes(search="kue -basah") == []
    assert codes(search="\x00 ") == ["TR-2", "TR-1"]


@pytest.mark.usefixtures("catalogue")
def test_filters_narrow_together() -> None:
    assert codes() == ["TR-2", "TR-1"]
    assert codes(skill="baking") == ["TR-2"]
    assert codes(mode="webinar") == ["TR-1"]
    assert codes(regency="32.73") == ["TR-2"]
    assert codes(regency="32.73", price_max=600_000) == []
    assert codes(price_max=600_000) == ["TR-1"]


def test_pages_hold_what_fits_and_never_run_off_the_end() -> None:
    provider = organisation()
    for number in range(PAGE_SIZE + 1):
        curated(provider.id, f"TR-{number:02}")
    last = catalogue_page(page=99, at=AT)
    assert (last.number, last.pages, last.total, len(last.items)) == (2, 2, PAGE_SIZE + 1, 1)
    assert catalogue_page(page=-1, at=AT).number == 1
    assert (catalogue_page(search="tidakada", at=AT).pages, catalogue_page(search="tidakada", at=AT).total) == (1, 0)


def test_the_next_schedule_is_open_in_the_future_and_has_a_seat() -> None:
    training = curated(organisation().id)
    full = schedule(training, "SCH-FULL", seats=1)
    take_seat(by=BY, at=AT, schedule_id=full.id)
    closed = schedule(training, "SCH-CLOSED")
    close_schedule(by=BY, at=AT, schedule_id=closed.id, why="")
    schedule(training, "SCH-LATER", starts_at=AT + timedelta(days=9))
    schedule(training, "SCH-NEXT", starts_at=AT + timedelta(days=6))
    (card,) = curated_trainings(AT)
    assert card.next_schedule is not None
    assert card.next_schedule.code == "SCH-NEXT"
    assert curated_trainings(AT + timedelta(days=9))[0].next_schedule is None


def test_single_things() -> None:
    provider = organisation()
    training = curated(provider.id)
    opened = schedule(training)
    view = training_view("TR-1")
    assert view is not None
    assert (view.provider_code, [row.code for row in view.schedules]) == ("LP-1", ["SCH-TR-1"])
    assert training_view("TR-9") is None
    found = schedule_view("SCH-TR-1")
    assert found is not None
    assert (found.training_code, found.seats_left) == ("TR-1", 5)
    assert schedule_view("SCH-9") is None
    assert list(schedule_views([opened.id])) == [opened.id]
    assert list(training_cards([training.id], AT)) == [training.id]
    assert [card.code for card in trainings_of(provider.id)] == ["TR-1"]
    offer = offer_of("SCH-TR-1")
    assert offer is not None
    assert (offer.price, offer.training_state) == (700_000, "curated")
    assert offer_of("SCH-9") is None


def test_the_number_of_queries_does_not_grow(django_assert_num_queries: Any) -> None:
    for number in range(6):
        schedule(curated(organisation("provider", f"LP-{number}").id, f"TR-{number}"))
    organisation_names_known = catalogue_page(at=AT)
    assert organisation_names_known.total == 6
    with django_assert_num_queries(4):
        catalogue_page(at=AT)
    with django_assert_num_queries(3):
        curated_trainings(AT)
