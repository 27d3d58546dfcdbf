"""Codes, links, roles and four eyes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from bekal.access import actions, queries, rules, tasks
from bekal.access.models import Approval, OneTimeCode
from bekal.core import vault
from bekal.core.events import Actor
from bekal.core.models import Event
from bekal.core.texts import text
from bekal.notices.models import Notice

pytestmark = pytest.mark.django_db
AT = datetime(2023, 8, 1, 3, tzinfo=UTC)
BY = Actor.system("tests")
ClockAt = Callable[[datetime], None]


def issue(bound_to: str = "+62811", at: datetime = AT, purpose: str = "sign_in") -> str:
    actions.issue_code(
        by=BY, at=at, purpose=purpose, bound_to=bound_to, to="+62811", template="access.code_sign_in", facts={}
    )
    latest = Event.objects.filter(kind="notices.queued").order_by("-id")[0].key
    words = vault.unseal(Notice.objects.get(reference=latest).text_sealed, place="notices.text")
    return words.split()[0]


def redeem(code: str, bound_to: str = "+62811", at: datetime = AT, purpose: str = "sign_in") -> None:
    actions.redeem_code(by=BY, at=at, purpose=purpose, bound_to=bound_to, code=code)


def test_a_code_works_once_for_its_own_act() -> None:
    code = issue()
    for wrong in ({"bound_to": "+62812"}, {"purpose": "pay"}):
        with pytest.raises(actions.CodeWrong):
            redeem(code, **wrong)
    redeem(f" {code} ")
    with pytest.raises(actions.CodeUsed):
        redeem(code)


def test_a_late_message_still_works_and_an_earlier_code_stays_good() -> None:
    first, second = issue(), issue(at=AT + timedelta(minutes=1))
    redeem(first, at=AT + timedelta(minutes=9))
    with pytest.raises(actions.CodeExpired):
        redeem(second, at=AT + timedelta(minutes=11))
    redeem(issue(at=AT + timedelta(minutes=11)), at=AT + timedelta(minutes=12))


def spoil() -> None:
    for _ in range(rules.CODE_TRIES):
        with pytest.raises(actions.CodeWrong):
            redeem("no code")


def test_ten_wrong_tries_close_a_code_and_the_next_one_starts_afresh() -> None:
    code = issue()
    spoil()
    for _ in range(3):
        with pytest.raises(actions.TooManyTries):
            redeem(code)
    assert OneTimeCode.objects.get().tries == rules.CODE_TRIES
    redeem(issue(at=AT + timedelta(seconds=60)), at=AT + timedelta(seconds=61))


def test_nobody_is_locked_out_for_good() -> None:
    """Whoever spoils every code for a day only makes the owner wait ten minutes for the next."""
    at = AT
    for _ in range(30):
        issue(at=at)
        at += timedelta(seconds=queries.code_standing("sign_in", "+62811", at).wait)
        spoil()
    assert queries.code_standing("sign_in", "+62811", at).wait == 0
    redeem(issue(at=at), at=at + timedelta(minutes=9))


def test_code_and_telephone_rest_hashed() -> None:
    code = issue()
    row = OneTimeCode.objects.get()
    assert code.encode() not in bytes(row.code_hash)
    assert "62811" not in row.bound_to


def test_codes_keep_their_pace() -> None:
    at, waits = AT, []
    for _ in range(8):
        issue(at=at)
        waits.append(queries.code_standing("sign_in", "+62811", at).wait)
        with pytest.raises(actions.CodeTooSoon):
            issue(at=at + timedelta(seconds=waits[-1] - 1))
        issue("+62812", at=at + timedelta(seconds=1)) if len(waits) == 1 else None
        at += timedelta(seconds=waits[-1])
    assert waits == [60, 60, 60, 60, 600, 600, 600, 600]
    assert queries.code_standing("sign_in", "+62811", AT + timedelta(days=2)) == queries.CodeStanding(0, 0)


@given(sent=st.integers(0, 500), since=st.floats(0, 90_000))
def test_the_wait_for_a_code_is_never_longer_than_ten_minutes(sent: int, since: float) -> None:
    wait = rules.wait_before_code(sent, since)
    assert 0 <= wait <= rules.SLOW_WAIT_SECONDS
    assert rules.wait_before_code(sent, since + wait) == 0
    words = rules.wait_in_words(wait)
    assert all(int(words[name].split()[0]) * (60 if "men" in words[name] or "min" in words[name] else 1) >= wait
               for name in words)  # fmt: skip


def test_a_number_nobody_registered_gets_the_same_books_and_no_message() -> None:
    actions.issue_code(
        by=BY, at=AT, purpose="sign_in", bound_to="+62899", to=None, template="access.code_sign_in", facts={}
    )
    assert Notice.objects.count() == 0
    assert queries.code_standing("sign_in", "+62899", AT) == queries.CodeStanding(1, 60)
    for digits in range(5):
        with pytest.raises(actions.CodeWrong):
            redeem(f"{digits}" * 6, "+62899")


@pytest.mark.parametrize("template", ["access.code_sign_in", "access.code_register", "market.purchase_code"])
def test_a_message_starts_with_its_code_and_warns(template: str) -> None:
    facts = {"training": "Servis AC", "price": "Rp600.000", "platform": "DP", "code": "012345", "site": "bekal.example"}
    words = text(template, "id", **facts)
    assert words.startswith("012345 adalah kode ")
    assert "Jangan berikan kode ini kepada siapa pun, termasuk petugas." in words
    if template != "market.purchase_code":
        assert len(words) <= 160, "one SMS"


def test_old_codes_are_forgotten(clock_at: ClockAt) -> None:
    used = issue()
    redeem(used)
    issue("+62812", at=AT + timedelta(hours=20))
    clock_at(AT + timedelta(hours=25))
    assert (tasks.forget_due(), tasks.forget_due()) == (1, 0)
    assert OneTimeCode.objects.count() == 1
    assert Event.objects.filter(kind="access.codes_forgotten").count() == 1


def test_a_link_signs_in_once() -> None:
    principal = Actor.staff("x")
    token = actions.create_sign_in_link(by=BY, at=AT, principal=principal, roles=["operator"], demo=True)
    assert actions.use_sign_in_link(by=BY, at=AT, token=token) == (principal, ("operator",))
    for when, wrong in ((AT, token), (AT, "nonsense")):
        with pytest.raises(actions.LinkNotGood):
            actions.use_sign_in_link(by=BY, at=when, token=wrong)
    other = actions.create_sign_in_link(by=BY, at=AT, principal=Actor.staff("y"), roles=[])
    with pytest.raises(actions.LinkNotGood):
        actions.use_sign_in_link(by=BY, at=AT + timedelta(hours=13), token=other)


def test_production_refuses_demo_links_at_making_and_at_use(settings: Any) -> None:
    token = actions.create_sign_in_link(by=BY, at=AT, principal=Actor.staff("x"), roles=[], demo=True)
    settings.REHEARSAL = False
    with pytest.raises(actions.DemoLinkRefused):
        actions.use_sign_in_link(by=BY, at=AT, token=token)
    with pytest.raises(actions.DemoLinkRefused):
        actions.create_sign_in_link(by=BY, at=AT, principal=Actor.staff("x"), roles=[], demo=True)


def test_four_eyes() -> None:
    maker, checker = Actor.staff("maker"), Actor.staff("checker")
    with pytest.raises(actions.NotProposed):
        actions.approve(by=checker, at=AT, kind="k", key="1", digest="d")
    actions.propose(by=maker, at=AT, kind="k", key="1", digest="d")
    actions.propose(by=checker, at=AT, kind="k", key="1", digest="d")
    with pytest.raises(actions.SameEyes):
        actions.approve(by=maker, at=AT, kind="k", key="1", digest="d")
    assert not queries.approved("k", "1", "d")
    actions.approve(by=checker, at=AT, kind="k", key="1", digest="d")
    actions.approve(by=Actor.staff("third"), at=AT, kind="k", key="1", digest="d")
    assert queries.approved("k", "1", "d")
    assert Approval.objects.get().checker == "checker"


def test_the_database_itself_keeps_four_eyes() -> None:
    actions.propose(by=Actor.staff("maker"), at=AT, kind="k", key="1", digest="d")
    with pytest.raises(IntegrityError), transaction.atomic():
        Approval.objects.update(checker="maker", approved_at=AT)


def test_staff_and_roles() -> None:
    staff = actions.add_staff(by=BY, at=AT, name="Sari", email="s@x", roles=["operator"])
    again = actions.add_staff(by=BY, at=AT, name="Sari", email="s@x", roles=["draw_operator"])
    assert staff.id == again.id
    assert queries.staff_view(staff.id) == queries.staff_list()[0]
    assert queries.staff_view(staff.id).roles == ("draw_operator",)  # type: ignore[union-attr]
    assert "sign_draw" in rules.permissions(("draw_operator",))
    assert rules.permissions(()) == frozenset()
    with pytest.raises(ValueError, match="no such role"):
        actions.add_staff(by=BY, at=AT, name="x", email="y@x", roles=["king"])
