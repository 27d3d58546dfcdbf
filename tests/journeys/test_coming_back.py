"""Coming back in a real browser: on another phone after the line was cut, and with a passkey of a virtual device."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from bekal.access.models import Passkey
from bekal.citizens.models import Citizen, Draft
from bekal.core import clock
from bekal.core.texts import text
from bekal.doors.citizen.questions import STEPS
from tests.doors.conftest import Outside
from tests.doors.making import phone_of, world
from tests.doors.test_registration import GOOD, last_code
from tests.journeys.test_citizen import check, fill
from tests.rulebooks.making import loaded_programme

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def test_begun_on_one_phone_cut_and_finished_on_another(
    open_page: Callable[..., Page], outside: Outside, seeded: None, clock_at: Callable[[datetime], None]
) -> None:
    loaded_programme()
    first = open_page()
    first.goto("/daftar/telepon")
    for step in STEPS[:6]:
        fill(first, GOOD[step.slug])
        if step.slug == "telepon":
            fill(first, {"code": last_code()})
    assert first.url.endswith("/daftar/kabupaten")
    kept = first.evaluate("[localStorage.length, sessionStorage.length, document.cookie]")
    assert (kept[:2], "bekal" in kept[2]) == ([0, 0], False), "nothing of the person is on the phone"
    first.select_option("[name=regency]", "32.73")
    first.route("**/*", lambda route: route.abort("internetdisconnected"))
    with pytest.raises(PlaywrightError, match="ERR_INTERNET_DISCONNECTED"):
        first.goto("/daftar/kabupaten")
    clock_at(clock.now() + timedelta(minutes=3))
    second = open_page(1280)
    second.goto("/daftar/telepon")
    fill(second, {"phone": "+62 812-3456-7890"})
    fill(second, {"code": last_code()})
    assert second.url.endswith("/daftar/kabupaten"), "one answer was lost with the line, no more"
    assert text("register.resumed", "id") in second.content()
    for step in STEPS[6:]:
        fill(second, GOOD[step.slug])
    assert "I Gusti D'Arc" in second.inner_text("main")
    second.check("[name=consent]")
    second.click("main form button")
    assert second.url.endswith("/daftar/selesai")
    assert (Citizen.objects.count(), Draft.objects.count()) == (1, 0)
    first.unroute("**/*")
    first.goto("/daftar/kabupaten")
    assert first.url.endswith("/daftar/telepon"), "the first phone is asked again, and told nothing of the person"


def test_pages_of_this_way_are_clean(
    open_page: Callable[..., Page], outside: Outside, seeded: None, clock_at: Callable[[datetime], None]
) -> None:
    loaded_programme()
    page = open_page(scripts=True, bypass_csp=True)
    page.goto("/daftar/telepon")
    fill(page, GOOD["telepon"])
    check(page)
    fill(page, {"code": "1"})
    check(page)
    fill(page, {"code": last_code()})
    for step in STEPS[1:3]:
        fill(page, GOOD[step.slug])
    assert page.inner_text("main h1") == "Anda lahir 15 Agustus 1995?"
    check(page)
    page.check("[value=no]")
    page.click("main form button")
    assert page.url.endswith("/daftar/nik")
    check(page)


def ready(page: Page) -> Any:
    """A virtual phone with a fingerprint; `settings.SITE_URL` must be the page's own address."""
    tool = page.context.new_cdp_session(page)
    tool.send("WebAuthn.enable")
    tool.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    return tool


def test_a_passkey_of_a_real_browser(
    open_page: Callable[..., Page], live_server: Any, settings: Any, seeded: None,
    clock_at: Callable[[datetime], None],
) -> None:  # fmt: skip
    settings.SITE_URL = live_server.url
    made = world()
    page = open_page(scripts=True)
    page.clock.install(time=clock.now() + timedelta(days=1))  # a phone whose clock is wrong by a day
    page.clock.resume()
    ready(page)
    page.goto("/masuk")
    fill(page, {"phone": phone_of(made.winner)})
    fill(page, {"code": last_code()})
    page.goto("/saya/keamanan")
    page.fill("[name=key_name]", "Ponsel saya")
    page.click("form[data-passkey] button")
    page.wait_for_selector("article.card")
    assert text("security.added", "id") in page.inner_text("main")
    assert Passkey.objects.get().name == "Ponsel saya"
    page.click("form[data-passkey] button")
    page.wait_for_selector("[data-say=known]:not([hidden])")
    check(page)
    page.click("header form button")
    page.goto("/masuk?lanjut=/saya/keamanan")
    page.click("form[data-passkey] button")
    page.wait_for_selector("article.card")
    assert page.url.endswith("/saya/keamanan"), "in, without a number or a code"
    assert Passkey.objects.get().last_used_at is not None
    page.click("article.card button")
    page.wait_for_selector("main .note")
    assert Passkey.objects.count() == 0
    page.click("header form button")
    page.goto("/masuk")
    page.click("form[data-passkey] button")
    page.wait_for_selector(".errors")
    assert text("access.passkey_unknown", "id") in page.inner_text(".errors")


def test_a_passkey_that_does_not_come_is_told(
    open_page: Callable[..., Page], live_server: Any, settings: Any, clock_at: Callable[[datetime], None]
) -> None:
    settings.SITE_URL = live_server.url
    page = open_page(scripts=True)
    tool = ready(page)
    tool.send("WebAuthn.disable")
    tool.send("WebAuthn.enable", {"enableUI": False})
    page.goto("/masuk")
    page.evaluate("() => { navigator.credentials.get = async () => { throw new DOMException('', 'AbortError') } }")
    page.click("form[data-passkey] button")
    page.wait_for_selector("[data-say=stopped]:not([hidden])")
    page.route("**/masuk/tantangan", lambda route: route.abort())
    page.click("form[data-passkey] button")
    page.wait_for_selector("[data-say=broken]:not([hidden])")
    plain = open_page()
    plain.goto("/masuk")
    assert not plain.is_visible("form[data-passkey]"), "without JavaScript only the number and the code are shown"
    assert plain.is_visible("[name=phone]")
