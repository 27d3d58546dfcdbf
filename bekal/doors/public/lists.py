"""The catalogue of trainings and the list of vacancies, open to everyone."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from bekal.careers.queries import vacancies_page
from bekal.catalogue.queries import catalogue_page, training_view
from bekal.core import clock
from bekal.core.money import format_rupiah
from bekal.doors import answers
from bekal.doors.fields import Asked, Choice, Field, asked
from bekal.doors.languages import say
from bekal.doors.listings import job_row, mode_name, place_name, training_row
from bekal.doors.pages import show
from bekal.doors.sessions import CITIZEN, citizen_id, permission, visitor
from bekal.partners.queries import organisations
from bekal.rulebooks.regions import PROVINCES
from bekal.scholarships.queries import award_of

MODES = ("self_paced", "webinar", "offline", "blended")
PRICES = (250_000, 500_000, 1_000_000, 2_000_000)
SEARCH = Field("search", "text", answers.line())


def _modes() -> tuple[Choice, ...]:
    return (Choice("", say("form.mode.any")), *(Choice(one, mode_name(one)) for one in MODES))


def _prices() -> tuple[Choice, ...]:
    return (Choice("", say("form.price_max.any")), *(Choice(str(one), format_rupiah(one)) for one in PRICES))


def _provinces() -> tuple[Choice, ...]:
    return (Choice("", say("form.place.any")), *(Choice(*pair) for pair in sorted(PROVINCES.items())))


MODE = Field("mode", "select", answers.one_of(MODES), _modes)
PRICE = Field("price_max", "select", answers.one_of(()), _prices)
PROVINCE = Field("place", "select", answers.one_of(PROVINCES), _provinces)


def _filters(request: HttpRequest, *fields: Field) -> tuple[Asked, ...]:
    return tuple(asked(field, (request.GET.get(field.name, ""),)) for field in fields)


def _page_number(request: HttpRequest) -> int:
    given = request.GET.get("page", "1")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 6 else 1


def _addresses(request: HttpRequest, number: int, pages: int) -> Mapping[str, str]:
    """Addresses of the page before and after, "" where there is none."""

    def address(page: int) -> str:
        query = {name: value for name, value in request.GET.items() if name not in ("page", "lang") and value}
        return f"{request.path}?{urlencode(query | {'page': page})}" if 1 <= page <= pages else ""

    return {"before": address(number - 1), "after": address(number + 1)}


@permission("public")
@require_safe
def trainings(request: HttpRequest) -> HttpResponse:
    """Search the catalogue by words, way of learning and price."""
    price = request.GET.get("price_max", "")
    mode = request.GET.get("mode", "")
    page = catalogue_page(
        search=request.GET.get("search", "")[:200], mode=mode if mode in MODES else "",
        price_max=int(price) if price in {str(one) for one in PRICES} else None, page=_page_number(request),
    )  # fmt: skip
    return show(
        request, "public/trainings.html", rows=tuple(training_row(card) for card in page.items), page=page,
        filters=_filters(request, SEARCH, MODE, PRICE), links=_addresses(request, page.number, page.pages),
    )  # fmt: skip


@permission("public")
@require_safe
def training(request: HttpRequest, code: str) -> HttpResponse:
    """One training: what it teaches, when and where, what others said, and how to buy it."""
    view = training_view(code)
    if view is None or view.state == "proposed":
        raise Http404
    at = clock.now()
    coming = tuple(
        (one, place_name(one.regency_code)) for one in view.schedules if one.state == "open" and one.starts_at > at
    )
    award = award_of(citizen_id(request)) if visitor(request).kind == CITIZEN else None
    return show(
        request, "public/training.html", row=training_row(view.card), schedules=coming, ratings=view.ratings,
        offered=view.state == "curated", award=award, platforms=tuple(one.name for one in organisations("platform")),
    )  # fmt: skip


@permission("public")
@require_safe
def jobs(request: HttpRequest) -> HttpResponse:
    """Open vacancies, searched by words and province."""
    place = request.GET.get("place", "")
    page = vacancies_page(
        request.GET.get("search", "")[:200], regency=place if place in PROVINCES else "", page=_page_number(request)
    )
    return show(
        request, "public/jobs.html", rows=tuple(job_row(card) for card in page.items), page=page,
        filters=_filters(request, SEARCH, PROVINCE), links=_addresses(request, page.number, page.pages),
    )  # fmt: skip
