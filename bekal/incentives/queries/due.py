"""What is due: payments to plan, orders to send, outcomes to ask for."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from bekal.catalogue.queries import ratings_of
from bekal.core.ports import port_config
from bekal.eligibility.queries import contested_among, contested_people
from bekal.incentives.models import (
    DEAD,
    IN_FLIGHT,
    LIVE,
    Channel,
    OrderKind,
    OrderState,
    PayeeAccount,
    PayeeState,
    PaymentOrder,
    RunState,
)
from bekal.incentives.rules import (
    AwardFacts,
    OrderFacts,
    Standing,
    Terms,
    award_account,
    digest,
    standings,
    terms,
)
from bekal.learning.queries import first_certificates
from bekal.ledger.queries import balances
from bekal.market.queries import settlements_due
from bekal.rulebooks.queries import programme_of
from bekal.scholarships.models import Award
from bekal.surveys.queries import answered_of

CHUNK = 5_000
NO_LONGER_PAID = ("revoked", "withdrawn")


@dataclass(frozen=True, slots=True)
class Due:
    """A payment to plan: whom, how much, to which sealed account, and which dead order it stands in for."""

    kind: str
    number: int
    amount: int
    channel: str
    account_sealed: bytes
    account_ref: UUID
    holder_sealed: bytes
    award_id: UUID | None = None
    citizen_id: UUID | None = None
    organisation_id: UUID | None = None
    settlement_id: UUID | None = None
    attempt: int = 1
    replaces_id: UUID | None = None


def due_entitlements(at: datetime, *, channel: str | None = None) -> list[Due]:
    """Every incentive payment that is earned, due, covered by its award, and on no live order.

    An account that was changed within the last day waits, and so does a person whose decision a newer list contests:
    they must be on no list still. Works through linked accounts in chunks, a fixed number of
    statements each.
    """
    accounts = PayeeAccount.objects.filter(state=PayeeState.LINKED, pays_from__lte=at).order_by("id")
    if channel is not None:
        accounts = accounts.filter(channel=channel)
    return [due for chunk in _chunks(list(accounts)) for due in _due_of(chunk, at)]


def due_settlements() -> list[tuple[UUID, UUID, str, int, int]]:
    """Closed settlements on no live order: (settlement, organisation, organisation's name, its number, amount)."""
    closed = settlements_due()
    live = set(
        PaymentOrder.objects.filter(settlement_id__in=[one.id for one in closed], state__in=LIVE).values_list(
            "settlement_id", flat=True
        )
    )
    return [
        (one.id, one.organisation_id, one.organisation_name, one.number, one.amount)
        for one in closed
        if one.id not in live
    ]


def with_attempts(dues: Sequence[Due]) -> list[Due]:
    """The same payments, each naming the dead order it stands in for, if there is one."""
    dead = PaymentOrder.objects.filter(state__in=DEAD).filter(
        Q(award_id__in=[due.award_id for due in dues if due.award_id])
        | Q(settlement_id__in=[due.settlement_id for due in dues if due.settlement_id])
    )
    newest: dict[tuple[UUID | None, str, int], PaymentOrder] = {}
    for order in dead.order_by("attempt"):
        newest[order.award_id or order.settlement_id, order.kind, order.number] = order
    found = [(due, newest.get((due.award_id or due.settlement_id, due.kind, due.number))) for due in dues]
    return [replace(due, attempt=old.attempt + 1, replaces_id=old.id) if old else due for due, old in found]


def facts_of(awards: Sequence[Award]) -> dict[UUID, AwardFacts]:
    """What decides the incentives of these awards, in four statements."""
    award_ids, citizen_ids = [award.id for award in awards], [award.citizen_id for award in awards]
    certified, rated, answered = first_certificates(award_ids), ratings_of(citizen_ids), answered_of(award_ids)
    linked = set(
        PayeeAccount.objects.filter(citizen_id__in=citizen_ids, state=PayeeState.LINKED).values_list(
            "citizen_id", flat=True
        )
    )
    facts = {}
    for award in awards:
        first = certified.get(award.id)
        facts[award.id] = AwardFacts(
            certified_at=first.issued_at if first else None,
            rated=first is not None and (award.citizen_id, first.training_id) in rated,
            account_linked=award.citizen_id in linked,
            answered=frozenset(answered.get(award.id, ())),
        )
    return facts


def run_digest(pay_run_id: UUID) -> str:
    """The digest of a pay run's orders as they stand now; an approval covers exactly this."""
    rows = PaymentOrder.objects.filter(pay_run_id=pay_run_id).values_list("reference", "amount", "account_ref")
    return digest(OrderFacts(reference, amount, account_ref.hex) for reference, amount, account_ref in rows.iterator())


def terms_of(channel: str) -> Terms:
    """What the payer of a channel bears, from the config of its port."""
    return terms(port_config(f"payer:{channel}"))


def channels_to_send(at: datetime) -> list[str]:
    """Channels with an approved order that may go out now."""
    return [channel for channel in Channel.values if sendable(at, channel).exists()]


def channels_to_ask(at: datetime) -> list[str]:
    """Channels with an order whose outcome may be asked for now."""
    return [channel for channel in Channel.values if to_ask(at, channel).exists()]


def sendable(at: datetime, channel: str) -> QuerySet[PaymentOrder]:
    """Approved orders of approved runs whose time to go out has come, while the payer remembers their reference."""
    return PaymentOrder.objects.filter(
        Q(send_after=None) | Q(send_after__lte=at),
        Q(sendings=0) | Q(intent_at__gt=at - terms_of(channel).window),
        state=OrderState.APPROVED, channel=channel, pay_run__state=RunState.APPROVED,
    )  # fmt: skip


def contested_orders() -> QuerySet[PaymentOrder]:
    """Orders not yet on their way, to people whose decision a newer list contests."""
    return PaymentOrder.objects.filter(
        state__in=(OrderState.PLANNED, OrderState.APPROVED), citizen_id__in=contested_people()
    )


def past_window(at: datetime, channel: str) -> QuerySet[PaymentOrder]:
    """Approved orders that left before and that the payer may have forgotten."""
    return PaymentOrder.objects.filter(
        state=OrderState.APPROVED, channel=channel, sendings__gte=1, intent_at__lte=at - terms_of(channel).window
    )


def to_ask(at: datetime, channel: str) -> QuerySet[PaymentOrder]:
    """Orders whose outcome is to be asked for by a call: unknown ones, and sent ones that nobody can still be waiting
    on. Not those of files, nor those that the payer may have forgotten."""
    return PaymentOrder.objects.filter(
        state__in=IN_FLIGHT, channel=channel, batch="", ask_after__lte=at,
        intent_at__gt=at - terms_of(channel).window,
    )  # fmt: skip


def ask_budget(at: datetime, channel: str) -> int:
    """How many status questions the payer's budget still leaves in this minute, over all workers."""
    minute = timedelta(minutes=1)
    put = PaymentOrder.objects.filter(channel=channel, asks__gte=1, asked_at__gt=at - minute, asked_at__lt=at + minute)
    return max(0, terms_of(channel).asks_a_minute - put.count())


def open_batches(at: datetime, channel: str) -> list[str]:
    """Files whose report may be fetched now."""
    rows = PaymentOrder.objects.filter(state__in=IN_FLIGHT, channel=channel, ask_after__lte=at).exclude(batch="")
    return list(rows.order_by("batch").values_list("batch", flat=True).distinct())


def orders_of_batch(batch: str) -> list[PaymentOrder]:
    """Every order of a file, as it was first handed in."""
    return list(PaymentOrder.objects.filter(batch=batch).order_by("planned_at", "id"))


def open_orders() -> int:
    """Orders whose outcome is not known yet."""
    return PaymentOrder.objects.filter(state__in=IN_FLIGHT).count()


def _due_of(accounts: Sequence[PayeeAccount], at: datetime) -> Iterator[Due]:
    by_citizen = {account.citizen_id: account for account in accounts}
    awards = list(
        Award.objects.filter(citizen_id__in=list(by_citizen))
        .exclude(state__in=NO_LONGER_PAID)
        .exclude(citizen_id__in=contested_among(by_citizen))
        .order_by("id")
    )
    facts = facts_of(awards)
    live = _live([award.id for award in awards])
    left = {key: found.available for key, found in balances(award_account(award.id) for award in awards).items()}
    for award in awards:
        for one in standings(programme_of(award.rulebook_id), facts[award.id]):
            key = award_account(award.id)
            if one.is_due(at) and (award.id, one.kind, one.number) not in live and left.get(key, 0) >= one.amount:
                left[key] -= one.amount
                yield _due(award, one, by_citizen[award.citizen_id])


def _due(award: Award, one: Standing, account: PayeeAccount) -> Due:
    return Due(
        kind=one.kind,
        number=one.number,
        amount=one.amount,
        channel=account.channel,
        account_sealed=bytes(account.account_sealed),
        account_ref=account.account_ref,
        holder_sealed=bytes(account.holder_sealed),
        award_id=award.id,
        citizen_id=award.citizen_id,
    )


def _live(award_ids: Sequence[UUID]) -> set[tuple[UUID | None, str, int]]:
    rows = PaymentOrder.objects.filter(award_id__in=award_ids, state__in=LIVE)
    return set(rows.exclude(kind=OrderKind.SETTLEMENT).values_list("award_id", "kind", "number"))


def _chunks(rows: Sequence[PayeeAccount]) -> Iterable[Sequence[PayeeAccount]]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))
