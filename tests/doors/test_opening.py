"""The citizen's page: an account opened from afar when there is none yet."""

from typing import Any

import pytest

from bekal.citizens.models import FaceCheck
from bekal.citizens.queries import citizen_view
from bekal.core import ids
from bekal.incentives.models import PayeeAccount
from bekal.incentives.ports import Holder, Opening
from bekal.incentives.tasks import linking
from tests.doors.making import PRESENT_DAY, World, as_citizen
from tests.incentives.making import Bookkeeper
from tests.incentives.test_accounts import Opener

pytestmark = pytest.mark.django_db
PAGE = "/saya/rekening"


@pytest.fixture
def opener(small_world: World, monkeypatch: pytest.MonkeyPatch) -> Opener:
    found, name = Opener(), citizen_view(small_world.winner).name
    payer = Bookkeeper(holders={"081299990001": Holder(name, True, True, None, None)})
    monkeypatch.setattr(linking, "open_port", lambda port: found if port.startswith("account_opener") else payer)
    return found


def matched(citizen_id: Any) -> None:
    FaceCheck.objects.create(
        id=ids.fresh("face", str(citizen_id)), citizen_id=citizen_id, state="matched", number=1, tried=1,
        sent_at=PRESENT_DAY, asked_at=PRESENT_DAY, settled_at=PRESENT_DAY,
    )  # fmt: skip


def test_without_a_face_the_way_is_said(small_world: World, opener: Opener) -> None:
    client = as_citizen(small_world.winner)
    assert f"{PAGE}/buka" in client.get(PAGE).content.decode()
    answer = client.post(f"{PAGE}/buka", {"channel": "wallet"})
    assert answer.status_code == 422
    assert "Cocokkan wajah dahulu" in answer.content.decode()
    assert opener.asked == []


def test_an_account_is_opened_and_linked(small_world: World, opener: Opener) -> None:
    matched(small_world.winner)
    client = as_citizen(small_world.winner)
    opener.answer = Opening("in_progress")
    assert "sedang dibuka" in client.post(f"{PAGE}/buka", {"channel": "wallet"}, follow=True).content.decode()
    opener.answer = Opening("opened", "081299990001")
    page = client.post(f"{PAGE}/buka", {"channel": "wallet"}, follow=True).content.decode()
    assert "sudah dibuka dan tertaut" in page
    assert f"{PAGE}/buka" not in page
    assert PayeeAccount.objects.get(citizen_id=small_world.winner).account_tail == "0001"
    client.post(f"{PAGE}/buka", {"channel": "wallet"})
    assert len(opener.asked) == 2


@pytest.mark.parametrize(
    ("reason", "words"), [("has_account", "sudah punya akun di sana"), ("", "belum dapat membukakan")]
)
def test_a_refusal_says_why(small_world: World, opener: Opener, reason: str, words: str) -> None:
    matched(small_world.winner)
    opener.answer = Opening("refused", reason=reason)
    answer = as_citizen(small_world.winner).post(f"{PAGE}/buka", {"channel": "bank"})
    assert words in answer.content.decode()
    assert as_citizen(small_world.winner).post(f"{PAGE}/buka", {"channel": "gold"}).status_code == 302
