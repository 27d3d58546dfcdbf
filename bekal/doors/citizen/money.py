"""The balance with its statement, the account money is sent to, and the incentives."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bekal.access.actions import CodeTooSoon
from bekal.citizens.queries import citizen_place
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.core.texts import table
from bekal.doors import answers
from bekal.doors.citizen.questions import CODE
from bekal.doors.fields import Asked, Choice, Field, WrongAnswer, asked, read_form
from bekal.doors.languages import say, spoken
from bekal.doors.moments import day_words, zone_of
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import citizen_id, keep_sealed, leave_word, permission, read_sealed
from bekal.incentives.actions.accounts import AccountRefused, OpeningRefused, is_other_account
from bekal.incentives.queries import ChecklistItem, Entitlement, checklist, entitlements_of, orders_of, payee_of
from bekal.incentives.tasks import ask_change, change, link, open_account
from bekal.ledger.queries import StatementLine, balance, statement
from bekal.scholarships.queries import award_of, incentive_account, sums_of_award, training_account

CHANNELS = ("bank", "wallet")
KEPT = "account_change"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement in plain words. `amount`: whole rupiah, money in is positive."""

    at: datetime
    words: str
    amount: int


def _entries(lines: Sequence[StatementLine]) -> tuple[Entry, ...]:
    """What moved, newest first; reservations move nothing and are told as one sum."""
    moved = (line for line in reversed(lines) if line.amount)
    return tuple(Entry(line.at, say(f"entry.{line.code}"), line.amount) for line in moved)


@permission("citizen")
@require_safe
def balance_page(request: HttpRequest) -> HttpResponse:
    """Every rupiah in and out, in plain words."""
    key = citizen_id(request)
    award, zone = award_of(key), zone_of(citizen_place(key))
    if award is None:
        return show(request, "citizen/balance.html", award=None, entries=(), incentives=(), reserved=0, zone=zone)
    training, incentive = training_account(award.id), incentive_account(award.id)
    sums = sums_of_award(award.id)
    return show(
        request, "citizen/balance.html", award=award, entries=_entries(statement(training)),
        incentives=_entries(statement(incentive)), reserved=balance(training).pending_out, zone=zone,
        sums=sums,
    )  # fmt: skip


def read_account(given: Sequence[str]) -> str:
    number = "".join(sign for sign in (given[0] if given else "") if sign not in " .-+")
    if not number:
        raise WrongAnswer("missing")
    if not (number.isascii() and number.isdigit() and 6 <= len(number) <= 34):
        raise WrongAnswer("wrong")
    return number


ACCOUNT_FORM = (
    Field(
        "channel", "choice", answers.one_of(CHANNELS),
        lambda: tuple(Choice(code, say(f"form.channel.{code}"), say(f"form.channel.{code}_hint")) for code in CHANNELS),
    ),
    Field("account", "digits", read_account, width="w20", longest=30),
)  # fmt: skip


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def account_page(request: HttpRequest) -> HttpResponse:
    """Link an account: the bank or wallet is asked at once whether it is the person's. Another account needs a code."""
    key = citizen_id(request)
    if request.method != "POST":
        return _account(request, tuple(asked(field) for field in ACCOUNT_FORM))
    reading = read_form(ACCOUNT_FORM, dict(request.POST.lists()))
    faults = reading.faults
    if not faults:
        channel, account = reading.values["channel"], reading.values["account"]
        if is_other_account(key, channel, account):
            return _send_code(request, channel, account)
        faults = _faults(lambda: link(key, channel, account), "account")
    if faults:
        shown = tuple(asked(field, reading.raw[field.name], faults) for field in ACCOUNT_FORM)
        return _account(request, shown, faults)
    leave_word(request, "good", "account.linked")
    return HttpResponseRedirect("/saya/rekening")


def _account(request: HttpRequest, fields: tuple[Asked, ...], faults: tuple[Fault, ...] = ()) -> HttpResponse:
    payee = payee_of(citizen_id(request))
    cooling = payee is not None and payee.pays_from > clock.now()
    return show(request, "citizen/account.html", faults=faults, fields=fields, payee=payee, cooling=cooling)


@permission("citizen")
@require_POST
def open_page(request: HttpRequest) -> HttpResponse:
    """Ask the bank or e-wallet for a new account and link it; pressed again, it is the same opening."""
    key, channel = citizen_id(request), request.POST.get("channel", "")
    if channel not in ("bank", "wallet") or payee_of(key) is not None:
        return HttpResponseRedirect("/saya/rekening")
    opened: list[object] = []
    faults = _faults(lambda: opened.append(open_account(key, channel)), "open")
    if faults:
        return _account(request, tuple(asked(field) for field in ACCOUNT_FORM), faults)
    leave_word(request, *(("good", "account.opened") if opened[0] else ("info", "account.opening")))
    return HttpResponseRedirect("/saya/rekening")


def _send_code(request: HttpRequest, channel: str, account: str) -> HttpResponse:
    try:
        ask_change(citizen_id(request), channel, account)
    except CodeTooSoon as refused:
        leave_word(request, "care", refused.code, **refused.facts)
    keep_sealed(request, KEPT, json.dumps([str(citizen_id(request)), channel, account]))
    return HttpResponseRedirect("/saya/rekening/kode")


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def account_code_page(request: HttpRequest) -> HttpResponse:
    """The code that confirms the change to exactly this account."""
    key, kept = citizen_id(request), read_sealed(request, KEPT)
    owner, channel, account = json.loads(kept) if kept else ("", "", "")
    if owner != str(key):
        return HttpResponseRedirect("/saya/rekening")
    faults: tuple[Fault, ...] = ()
    if request.method == "POST":
        reading = read_form([CODE], dict(request.POST.lists()))
        faults = reading.faults or _faults(lambda: change(key, channel, account, reading.values["code"]), "code")
        if not faults:
            keep_sealed(request, KEPT, "")
            leave_word(request, "good", "account.changed")
            return HttpResponseRedirect("/saya/rekening")
    return show(
        request, "citizen/account_code.html", faults=faults, asked=asked(CODE, (), faults), tail=account[-4:]
    )  # fmt: skip


def _faults(act: Callable[[], object], anchor: str) -> tuple[Fault, ...]:
    try:
        act()
    except AccountRefused as refused:
        return tuple(Fault(anchor, say(reason)) for reason in refused.reasons)
    except OpeningRefused as refused:
        return (Fault(anchor, say(refused.reason)),)
    except Refused as refused:
        return (Fault(anchor, refusal_words(refused)),)
    return ()


@permission("citizen")
@require_safe
def incentive_page(request: HttpRequest) -> HttpResponse:
    """What is done, what is missing, and what became of every payment."""
    key, at = citizen_id(request), clock.now()
    items = tuple((item, _item_words(item), say(item.waits_for)) for item in checklist(key, at))
    orders = tuple(
        (order, say(f"incentives.state_{order.state}"), _reason(order.partner_code)) for order in orders_of(key)
    )
    return show(
        request, "citizen/incentive.html", now=at, items=items, orders=orders, payee=payee_of(key),
        entitlements=tuple((one, say(f"incentives.state_{one.state}"), _when(one)) for one in entitlements_of(key, at)),
        zone=zone_of(citizen_place(key)),
    )  # fmt: skip


def _when(one: Entitlement) -> str:
    """When the money arrives, in words; "" where that depends on something the checklist says."""
    if one.late:
        return say("incentive.when_late")
    if one.expected_by is None:
        return ""
    key = one.state if one.state in ("sent", "unknown") else "arrives"
    return say(f"incentive.when_{key}", day=day_words(one.expected_by, spoken()))


def _item_words(item: ChecklistItem) -> str:
    return f"{say(item.code)} {item.number}" if item.number else say(item.code)


def _reason(partner_code: str) -> str:
    key = f"incentives.code_{partner_code}"
    return say(key) if key in table() else ""
