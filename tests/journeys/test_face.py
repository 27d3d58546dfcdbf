"""The face photo in a real browser: three tries on a phone, a reviewer with the keyboard alone, a new photo."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Page

from bekal.access.actions import add_staff, create_sign_in_link
from bekal.citizens.models import FaceCheck
from bekal.citizens.ports import FaceAnswer
from bekal.core import clock
from bekal.core.events import Actor
from tests.citizens.making import BY, picture, verified_citizen
from tests.doors.conftest import Outside
from tests.journeys.test_citizen import check
from tests.rulebooks.making import face_programme

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LARGE = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": picture(size=(3_000, 4_000), quality=95)}


def entered(page: Page, principal: Actor, *roles: str) -> Page:
    token = create_sign_in_link(by=BY, at=clock.now(), principal=principal, roles=roles)
    page.goto(f"/tautan/{token}")
    page.click("main form button")
    return page


def send(page: Page) -> None:
    page.goto("/saya/wajah")
    page.set_input_files("[name=photo]", LARGE)  # type: ignore[arg-type]
    page.click("main form button")


@pytest.mark.parametrize("scripts", [True, False], ids=["shrunk on the phone", "without JavaScript"])
def test_tries_review_and_a_new_photo(
    open_page: Callable[..., Page], outside: Outside, seeded: None, clock_at: Callable[[datetime], None], scripts: bool,
) -> None:  # fmt: skip
    face_programme()
    citizen = verified_citizen()
    staff = add_staff(by=BY, at=clock.now(), name="Rina", email="r@b.example", roles=["identity_reviewer"])
    phone = entered(open_page(360, scripts=scripts), Actor.citizen(citizen.id), "citizen")
    outside.face = FaceAnswer(True, 40)
    for left in ("2", "1"):
        send(phone)
        assert f"Masih ada {left} kali" in phone.inner_text("main")
    send(phone)
    assert "4 Agustus 2023" in phone.inner_text("main")
    desk = entered(open_page(1280), Actor.staff(staff.id), "identity_reviewer")
    desk.click("text=Periksa foto wajah")
    assert desk.locator("main img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 750
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "Enter"):
        desk.keyboard.press(key)
    desk.wait_for_selector("text=Tidak ada kasus")
    assert FaceCheck.objects.get().refused_for == "not_live"
    outside.face = FaceAnswer(True, 90)
    send(phone)
    assert "Wajah Anda cocok" in phone.inner_text("main")


def test_the_pages_are_clean(
    open_page: Callable[..., Page], outside: Outside, seeded: None, clock_at: Callable[[datetime], None]
) -> None:
    face_programme()
    citizen = verified_citizen()
    staff: Any = add_staff(by=BY, at=clock.now(), name="Rina", email="r@b.example", roles=["identity_reviewer"])
    phone = entered(open_page(scripts=True, bypass_csp=True), Actor.citizen(citizen.id), "citizen")
    outside.face = FaceAnswer(False, 40)
    for _ in range(3):
        phone.goto("/saya/wajah")
        check(phone)
        send(phone)
    check(phone)
    desk = entered(open_page(scripts=True, bypass_csp=True), Actor.staff(staff.id), "identity_reviewer")
    desk.goto("/operator/identitas")
    check(desk)
