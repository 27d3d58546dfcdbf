"""Recipients who are due their incentives, straight in the tables; the payer's file about them; and what came of it."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from bekal.cli.postgres import DATABASE, Postgres
from simulators.iso import Line, write_statement

INCENTIVE = 700_000
SURVEYED = 3
"""Every so-manieth recipient has not answered the survey, and is due one amount instead of two."""
UNKNOWN = 100
"""One line in so many names nobody we know."""
OTHERS = """
    SET session_replication_role = replica;
    INSERT INTO scholarships_award (id, wave_id, application_id, citizen_id, rulebook_id, programme_code, region,
        regency_code, "group", family_ref, family_place, family_limit, card_number, training_amount, incentive_amount,
        state, granted_at, first_purchase_at)
    SELECT {award}, {zero}, {award}, {person}, '{book}', '{programme}', '32', '32.73', 'general', {award}, 1, 2,
        lpad(n::text, 16, '0'), 3500000, {incentive}, 'active', {at}, {at}
    FROM {numbers};
    INSERT INTO learning_certificate (id, enrolment_id, award_id, citizen_id, training_id, number, holder, state,
        sessions_required, sessions_attended, assignment_required, assignment_accepted, post_test_pass,
        post_test_score, credential, reported_at, verified_at, issued_at)
    SELECT {award}, {award}, {award}, {person}, {zero}, n::text, 'Person', 'issued', 1, 1, false, false, 60, 80,
        '{{}}', {at}, {at}, {at}
    FROM {numbers};
    INSERT INTO catalogue_rating (id, citizen_id, training_id, stars, words, at)
    SELECT {award}, {person}, {zero}, 5, '', {at} FROM {numbers};
    INSERT INTO surveys_answer (id, award_id, citizen_id, rulebook_id, number, answers, answered_at)
    SELECT {award}, {award}, {person}, '{book}', 1, '{{}}', {at} FROM {numbers} WHERE n % {surveyed} <> 0;
    INSERT INTO incentives_payee_account (id, citizen_id, channel, account_sealed, account_ref, account_tail,
        holder_masked, holder_sealed, state, refused_code, linked_at, pays_from, checked_at)
    SELECT {award}, {person}, '{channel}', decode('{account}', 'hex'), {award}, '0001', 'P*****',
        decode('{holder}', 'hex'), 'linked', '', {at}, {at}, {at}
    FROM {numbers};
"""


def seed(postgres: Postgres, channels: dict[str, int], at: datetime) -> None:
    """So many recipients to be paid over each channel, all of them at once due what their conditions allow."""
    from django.core.management import call_command

    from bekal.core import vault
    from bekal.core.events import Actor
    from bekal.incentives.rules import HOLDER_PLACE, PLACE
    from bekal.rulebooks.actions import load_programme

    call_command("migrate", verbosity=0)
    text = (Path(__file__).resolve().parents[2] / "programmes" / "prakerja-2023" / "1.toml").read_text()
    book = load_programme(by=Actor.system("benchmark"), at=at, text=text)
    first = 1
    for channel, people in channels.items():
        numbers = f"generate_series({first}, {first + people - 1}) AS n"
        postgres.run_sql(
            OTHERS.format(
                award=_name("7001"), person=_name("7000"), zero="'00000000-0000-7000-8000-000000000000'::uuid",
                book=book.id, programme=book.code, at=f"timestamptz '{at.isoformat()}'", numbers=numbers,
                surveyed=SURVEYED, channel=channel, incentive=INCENTIVE,
                account=vault.seal("7700000001", place=PLACE).hex(),
                holder=vault.seal("PERSON", place=HOLDER_PLACE).hex(),
            ),
            DATABASE,
        )  # fmt: skip
        for start in range(first, first + people, 5_000):
            _people_with_money(range(start, min(start + 5_000, first + people)), at)
        first += people
    postgres.run_sql("ANALYZE", DATABASE)


def _name(kind: str) -> str:
    return f"('01890000-0000-{kind}-8000-' || lpad(to_hex(n), 12, '0'))::uuid"


def _people_with_money(numbers: Sequence[int], at: datetime) -> None:
    from django.db import connection

    from bekal.citizens.rules import PHONE
    from bekal.core import vault
    from bekal.core.events import Actor
    from bekal.ledger.actions import open_accounts, post_transfers
    from bekal.ledger.rules import Opening, Posting
    from benchmarks.paying.world import PEOPLE

    people = [UUID(f"01890000-0000-7000-8000-{n:012x}") for n in numbers]
    with connection.cursor() as cursor:
        phones = vault.seal_many(["+6281200000001"] * len(people), place=PHONE, rows=people)
        cursor.execute(PEOPLE, [people, phones])
    by, awards = Actor.system("benchmark"), [UUID(f"01890000-0000-7001-8000-{n:012x}") for n in numbers]
    keys = [f"award:{award}:incentive" for award in awards]
    opened = [Opening("treasury", "treasury", "none"), *(Opening(key, "award_incentive") for key in keys)]
    open_accounts(by=by, at=at, accounts=opened)
    post_transfers(by=by, at=at, transfers=[
        Posting("treasury", key, INCENTIVE, "grant_incentive", f"grant:{award}:incentive")
        for key, award in zip(keys, awards, strict=True)
    ])  # fmt: skip


def lay_down(file: Path, account: str, at: datetime, orders: Sequence[tuple[str, int]]) -> None:
    """The payer's camt.053 of the day: every order booked, and so many lines of nobody we know."""
    known = [Line("paid", reference, f"B{place}", amount, at, "") for place, (reference, amount) in enumerate(orders)]
    others = [Line("paid", f"{n:032x}", f"X{n}", 600_000, at, "") for n in range(len(orders) // (UNKNOWN - 1))]
    lines = [*known, *others]
    opening = 10**15
    closing = opening - sum(line.amount for line in lines)
    file.write_bytes(
        write_statement(account=account, day=at.date(), at=at, opening=opening, closing=closing, lines=lines)
    )


def faults(channel: str, people: int) -> int:
    """What is not as it must be: orders that are lost, doubled or not paid, differences, rupiah out of balance."""
    from django.db.models import Count

    from bekal.incentives.models import Difference, OrderState, PaymentOrder
    from bekal.ledger.queries import balance, imbalance

    orders = PaymentOrder.objects.filter(channel=channel)
    count, first = orders.count(), min(key.int for key in orders.values_list("award_id", flat=True) if key) % 2**48
    wanted = sum(2 if n % SURVEYED else 1 for n in range(first, first + people))
    doubled = orders.values("award_id", "kind", "number").annotate(times=Count("id")).filter(times__gt=1).count()
    unpaid = orders.exclude(state=OrderState.PAID).count()
    found: dict[str, Any] = dict(
        Difference.objects.filter(channel=channel).values_list("kind").annotate(Count("id")).order_by()
    )
    extra = found.pop("extra", 0) - count // (UNKNOWN - 1)
    paid = sum(orders.values_list("amount", flat=True)) - balance(f"paid:{channel}").credits
    wrong = [count - wanted, doubled, unpaid, extra, *found.values(), paid, imbalance()]
    if any(wrong):
        print(f"  {channel}: orders lost, doubled, unpaid; unknown lines, other differences {found}; rupiah: {wrong}")
    return sum(abs(one) for one in wrong)
