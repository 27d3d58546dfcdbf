"""Statements for institutions and platforms: what is closed, paid or waits, line by line, and when the next comes."""

import csv
from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from bekal.core import clock
from bekal.doors.languages import say
from bekal.doors.pages import show
from bekal.doors.provider.desk import institution_of
from bekal.doors.sessions import permission
from bekal.incentives.queries import OrderView, settlement_orders
from bekal.market.queries import (
    SettlementLineView,
    SettlementView,
    calendar,
    money_due,
    not_yet_settled,
    settlement_lines,
    settlement_of,
    settlement_size,
    settlements_of,
)

PER_PAGE = 25
COLUMNS = (
    "statement", "transaction_code", "training_code", "training", "schedule_code", "part", "price", "commission",
    "amount", "bought_at", "ended_at", "due_at", "closed_at", "state", "paid_at", "bank_reference", "reference",
)  # fmt: skip


class _Echo:
    """A file that hands back what a CSV writer writes."""

    def write(self, text: str) -> str:
        return text


@permission("provider", "platform")
@require_safe
def statements(request: HttpRequest) -> HttpResponse:
    """Every statement, what the next ones will hold, and what is not due yet and why."""
    institution, at = institution_of(request), clock.now()
    waiting = (one for one in not_yet_settled(institution.id, at) if one.parts)
    return show(
        request, "provider/settlements.html", institution=institution, at=at, due=money_due(institution.id, at),
        settlements=tuple((one, _state(one)) for one in settlements_of(institution.id)),
        calendar=calendar(institution.id, at),
        waiting=tuple((say(f"statement.why_{one.why}"), one) for one in waiting),
    )  # fmt: skip


@permission("provider", "platform")
@require_safe
def statement(request: HttpRequest, number: int) -> HttpResponse:
    """One statement: its payment, and its purchases a page at a time."""
    one = _asked(request, number)
    size, page = settlement_size(one.id), _page(request)
    lines = tuple(settlement_lines(one.id, start=(page - 1) * PER_PAGE, limit=PER_PAGE))
    order = _newest(one)
    return show(
        request, "provider/settlement.html", one=one, state=_state(one), lines=lines, size=size, page=page,
        before=page - 1, after=page + 1 if page * PER_PAGE < size else 0, order=order, proof=_proof(order),
        order_state=say(f"incentives.state_{order.state}") if order else "",
    )  # fmt: skip


@permission("provider", "platform")
@require_safe
def statement_file(request: HttpRequest, number: int) -> HttpResponseBase:
    """One statement as CSV, streamed."""
    one = _asked(request, number)
    answer = StreamingHttpResponse(_rows(one), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="bekal-pembayaran-{number}.csv"'
    return answer


def _asked(request: HttpRequest, number: int) -> SettlementView:
    found = settlement_of(institution_of(request).id, number)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest) -> int:
    given = request.GET.get("page", "1")
    return int(given) if given.isascii() and given.isdigit() and 0 < len(given) < 6 and int(given) else 1


def _state(one: SettlementView) -> str:
    return say("incentives.state_paid" if one.state == "paid" else "desk.to_pay")


def _newest(one: SettlementView) -> OrderView | None:
    orders = settlement_orders(one.organisation_id, one.number)
    return orders[-1] if orders else None


def _proof(order: OrderView | None) -> str:
    """Where to fetch the inclusion proof of a payment that was booked."""
    if order is None or order.state != "paid":
        return ""
    return "/terbuka/uang/journal.json?" + urlencode([("ref", order.reference), ("ref", f"{order.reference}#post")])


def _rows(one: SettlementView) -> Iterator[str]:
    writer, order = csv.writer(_Echo(), lineterminator="\n"), _newest(one)
    payment = (order.partner_reference, order.reference) if order else ("", "")
    yield writer.writerow(COLUMNS)
    for line in settlement_lines(one.id):
        yield writer.writerow(_cells(one, line, payment))


def _cells(one: SettlementView, line: SettlementLineView, payment: tuple[str, str]) -> tuple[object, ...]:
    moments = (line.bought_at, line.ended_at, line.due_at, one.closed_at)
    return (
        one.number, line.transaction_code, line.training_code, _plain(line.training_title), line.schedule_code,
        line.part, line.price, line.commission, line.amount, *(moment.isoformat() for moment in moments), one.state,
        one.paid_at.isoformat() if one.paid_at else "", *payment,
    )  # fmt: skip


def _plain(title: str) -> str:
    """A title that no spreadsheet takes for a formula."""
    return f"'{title}" if title[:1] in "=+-@\t\r" else title
