"""Codes, links, roles and four eyes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from bekal.access import actions, queries, rules
from bekal.access.models import Approval, OneTimeCode
from bekal.core import vault
from bekal.core.events import Actor
from bekal.core.models import Event
from bekal.notices.models import Notice

pytestmark = pytest.mark.django_db
AT = datetime(2023, 8, 1, 3, tzinfo=UTC)
BY = Actor.system("tests")
ClockAt = Callable[[datetime], None]


def issue(bound_to: str = "+62811", at: datetime = AT, purpose: str = "sign_in") -> str:
    actions.issue_code(
        by=BY, at=at, purpose=purpose, bound_to=bound_to, to="+62811", template="access.code_message", facts={}
    )
    latest = Event.objects.filter(kind="notices.queued").order_by("-id")[0].key
    text = vault.unseal(Notice.objects.get(reference=latest).text_sealed, place="notices.text")
    return text.split()[0]


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


def test_an_earlier_code_stays_good_until_it_expires() -> None:
    first = issue()
    issue(at=AT + timedelta(minutes=1))
    redeem(first, at=AT + timedelta(minutes=9))
    late = issue(at=AT + timedelta(minutes=2))
    with pytest.raises(actions.CodeExpired):
        redeem(late, at=AT + timedelta(minutes=12))


def test_wrong_tries_are_counted_and_end() -> None:
    code = issue()
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(rules.CODE_TRIES):
        with pytest.raises(actions.CodeWrong):
            redeem(wrong)
    with pytest.raises(actions.TooManyTries):
        redeem(code)


def test_a_code_rests_hashed() -> None:
    code = issue()
    assert code.encode() not in bytes(OneTimeCode.objects.get().code_hash)


def test_nobody_floods_a_telephone() -> None:
    for _ in range(rules.CODES_AT_ONCE):
        issue()
    with pytest.raises(actions.TooManyCodes):
        issue()
    issue(at=AT + timedelta(minutes=11))


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
