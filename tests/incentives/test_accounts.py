"""Accounts asked about again before money goes there, opened from afar, and changes told to every telephone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from bekal.citizens.models import FaceCheck
from bekal.citizens.queries import citizen_view
from bekal.core import ids, vault
from bekal.incentives import tasks
from bekal.incentives.actions import FaceNotMatched, OpeningRefused, PayerSilent
from bekal.incentives.models import PayeeAccount, PaymentOrder
from bekal.incentives.ports import Holder, Opening
from bekal.incentives.queries import payee_of
from bekal.incentives.tasks import linking
from bekal.notices.models import Notice
from tests.incentives.making import Bookkeeper, approved_run, entitled, linked
from tests.learning.making import ENDS_AT, Bought, awarded, bought, shop

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("seeded")]
LATER = ENDS_AT + timedelta(days=31)


@dataclass
class Opener:
    """Opens what it is told to; `asked`: what it was asked."""

    answer: Opening = field(default_factory=lambda: Opening("opened", "081299990001"))
    asked: list[dict[str, Any]] = field(default_factory=list)
    silent: bool = False

    def open(self, **question: Any) -> Opening:
        if self.silent:
            raise ConnectionError("silence")
        self.asked.append(question)
        return self.answer


@pytest.fixture
def payer(clock_at: Callable[[datetime], None], monkeypatch: pytest.MonkeyPatch) -> Bookkeeper:
    found = Bookkeeper()
    monkeypatch.setattr(linking, "open_port", lambda name: found)
    clock_at(LATER)
    return found


def account_of(one: Bought) -> str:
    return f"77{one.citizen_id.int % 10**8:08}"


def held_by(one: Bought, **change: Any) -> Holder:
    facts = {"name": citizen_view(one.citizen_id).name, "active": True, "nik_matches": True, "room": None}
    return Holder(**(facts | {"reason": None} | change))


def states() -> set[tuple[str, str]]:
    return set(PaymentOrder.objects.values_list("state", "held_why"))


def test_an_account_nobody_asked_about_for_long_is_asked_before_money_leaves(payer: Bookkeeper) -> None:
    one = entitled(shop())
    approved_run(at=LATER)
    assert not sendable_now()
    assert tasks.recheck_due() == 0
    assert not sendable_now()
    payer.holders = {account_of(one): held_by(one)}
    assert tasks.recheck_due() == 1
    assert PayeeAccount.objects.get().checked_at == LATER
    assert sendable_now()
    assert tasks.recheck_due() == 0


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"name": "ANI LESTARI"}, "account_other_name"), ({"nik_matches": False}, "account_other_nik"),
        ({"active": False, "reason": "dormant"}, "account_dormant"), ({"room": 649_999}, "account_no_room"),
    ],
)  # fmt: skip
def test_money_for_an_account_that_no_longer_fits_is_held(payer: Bookkeeper, change: dict[str, Any], why: str) -> None:
    one = entitled(shop())
    approved_run(at=LATER)
    payer.holders = {account_of(one): held_by(one, **change)}
    assert tasks.recheck_due() == 0
    assert states() == {("held", f"incentives.{why}")}
    assert Notice.objects.filter(template="incentives.notice_account_held").count() == 1
    assert tasks.recheck_due() == 0
    assert not sendable_now()


def test_an_account_asked_about_lately_is_not_asked_again(payer: Bookkeeper) -> None:
    one = entitled(shop())
    PayeeAccount.objects.filter(citizen_id=one.citizen_id).update(checked_at=LATER - timedelta(days=29))
    approved_run(at=LATER)
    assert sendable_now()
    assert tasks.recheck_due() == 0


def sendable_now() -> bool:
    from bekal.incentives.queries import sendable

    return sendable(LATER, "bank").exists()


def matched(citizen_id: Any, state: str = "matched") -> None:
    FaceCheck.objects.create(
        id=ids.fresh("face", str(citizen_id)), citizen_id=citizen_id, state=state, number=2, tried=2, sent_at=ENDS_AT,
        asked_at=ENDS_AT, settled_at=ENDS_AT if state == "matched" else None,
    )  # fmt: skip


def test_an_account_is_opened_from_afar_and_linked(payer: Bookkeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    award, opener = awarded(), Opener(Opening("in_progress"))
    monkeypatch.setattr(linking, "open_port", lambda name: opener if name.startswith("account_opener") else payer)
    with pytest.raises(FaceNotMatched):
        tasks.open_account(award.citizen_id, "wallet")
    matched(award.citizen_id)
    assert tasks.open_account(award.citizen_id, "wallet") is None
    opener.answer = Opening("opened", "081299990001")
    name = citizen_view(award.citizen_id).name
    payer.holders = {"081299990001": Holder(name, True, True, None, None)}
    row = tasks.open_account(award.citizen_id, "wallet")
    assert row
    assert (row.channel, row.account_tail, row.state) == ("wallet", "0001", "linked")
    first, second = opener.asked
    assert first == second
    assert first["ekyc_reference"] == f"face-{award.citizen_id.hex}-2"
    assert (first["name"], first["phone"][:3], len(first["nik"])) == (name, "+62", 16)


def test_an_opening_that_is_refused_or_unheard_says_so(payer: Bookkeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    award, opener = awarded(), Opener(Opening("refused", reason="has_account"))
    monkeypatch.setattr(linking, "open_port", lambda name: opener)
    matched(award.citizen_id)
    with pytest.raises(OpeningRefused) as refused:
        tasks.open_account(award.citizen_id, "bank")
    assert refused.value.reason == "incentives.opening_has_account"
    opener.silent = True
    with pytest.raises(PayerSilent):
        tasks.open_account(award.citizen_id, "bank")
    assert payee_of(award.citizen_id) is None


def test_a_change_of_wallet_is_told_to_the_old_and_the_new_number(payer: Bookkeeper) -> None:
    one = bought(shop())
    linked(one, channel="wallet", account="081311110001")
    linked(one, channel="wallet", account="081322220002", at=LATER)
    told = [
        vault.unseal(sealed, place="notices.address")
        for sealed in Notice.objects.filter(template="incentives.notice_account_changed").values_list(
            "address_sealed", flat=True
        )
    ]
    assert sorted(told)[1:] == ["+6281311110001", "+6281322220002"]
    assert len(told) == 3
