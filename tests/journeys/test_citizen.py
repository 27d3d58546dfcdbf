"""A person's way in a real browser, without JavaScript: from the first page into the draw, and the pages after it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from bekal.access.actions import create_sign_in_link
from bekal.core import clock
from bekal.core.events import Actor
from bekal.doors.citizen.questions import STEPS
from bekal.market.actions import close_settlement
from bekal.waves.models import Joining
from tests.doors.conftest import Outside
from tests.doors.making import BY, world
from tests.doors.test_registration import GOOD, last_code
from tests.journeys.conftest import travel
from tests.rulebooks.making import loaded_programme
from tests.waves.making import open_wave

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

TOO_LOW = """[...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary, textarea")]
    .filter(node => getComputedStyle(node).display !== "inline" && !node.closest(".choice, .skip"))
    .filter(node => node.getBoundingClientRect().height > 0 && node.getBoundingClientRect().height < 44)
    .map(node => node.outerHTML)"""


def check(page: Page) -> None:
    """No sideways scroll at 320 and 1280 pixels, nothing to press lower than 44 pixels, no axe violation on a phone."""
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
    assert not page.evaluate(TOO_LOW), page.url
    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    assert not found, (page.url, [(one["id"], one["nodes"][0]["html"]) for one in found])


def fill(page: Page, given: dict[str, Any]) -> None:
    for name, value in given.items():
        for one in value if isinstance(value, list) else [value]:
            field = page.locator(f'[name="{name}"]').first
            if field.get_attribute("type") in ("radio", "checkbox"):
                page.check(f'[name="{name}"][value="{one}"]')
            elif field.evaluate("node => node.tagName") == "SELECT":
                page.select_option(f'[name="{name}"]', one)
            else:
                page.fill(f'[name="{name}"]', one)
    page.click("main form button >> nth=0")


@pytest.mark.parametrize("language", ["id", "en"])
def test_from_the_first_page_into_the_draw(
    open_page: Callable[..., Page], outside: Outside, seeded: None, clock_at: Callable[[datetime], None], language: str,
) -> None:  # fmt: skip
    wave = open_wave(loaded_programme())
    page = open_page()
    page.goto(f"/?lang={language}")
    assert page.locator("html").get_attribute("lang") == language
    page.click(".hero .button")
    page.click("main .button")
    for step in STEPS:
        assert page.url.endswith(f"/daftar/{step.slug}")
        fill(page, GOOD[step.slug])
        if step.slug == "telepon":
            fill(page, {"code": last_code()})
    assert page.url.endswith("/daftar/periksa")
    travel(page, -1)
    assert page.is_checked('[value="phone-repair"]'), "Back keeps the answer"
    travel(page, 1)
    page.check("[name=consent]")
    page.click("main form button")
    assert page.url.endswith("/daftar/selesai")
    page.click("main .button")
    page.click(".way .yours .button")
    page.click("main form button")
    assert Joining.objects.get(wave_id=wave.id).attempts == 1
    page.goto("/saya")
    assert page.locator(".way > li").count() == 9
    assert page.locator(".way > li.done").count() == 2


def test_by_keyboard_alone(
    open_page: Callable[..., Page],
    outside: Outside,
    seeded: None,
    clock_at: Callable[[datetime], None],
) -> None:
    loaded_programme()
    page = open_page(1280)
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#isi", "the first stop skips to the content"
    page.goto("/daftar/telepon")
    page.focus("[name=phone]")
    page.keyboard.type("0812 3456 7890")
    page.keyboard.press("Enter")
    page.wait_for_url("**/daftar/kode")
    page.focus("[name=code]")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    page.wait_for_selector(".errors")
    assert page.title().startswith("Galat:")
    page.focus(".errors a")
    page.keyboard.press("Enter")
    assert page.url.endswith("#code")


def test_every_page_is_clean(
    open_page: Callable[..., Page], seeded: None, clock_at: Callable[[datetime], None]
) -> None:
    made = world()
    close_settlement(by=BY, at=clock.now(), organisation_id=made.provider.id, until=clock.now())
    pages = {
        Actor.citizen(made.graduate): (("citizen",), [
            "/saya", "/saya/saldo", "/saya/insentif", "/saya/pelatihan", "/saya/rekening", "/saya/data",
            "/saya/keamanan", "/saya/gelombang", "/saya/nilai/TR-1", "/saya/survei/1", "/saya/lowongan",
            "/saya/saran?goal=marketing",
        ]),
        Actor.citizen(made.learner): (("citizen",), [f"/hadir/{made.token}", "/saya/pelatihan"]),
        Actor.partner(made.provider.code): (("provider",), [
            "/lembaga", "/lembaga/pembayaran", "/lembaga/pembayaran/1",
        ]),
        Actor.staff(made.checker): (("finance_checker", "operator"), ["/operator"]),
        None: ((), [
            "/", "/gaya", "/bantuan", "/daftar", "/daftar/telepon", "/masuk", "/pelatihan", "/pelatihan/TR-2",
            "/lowongan",
            "/terbuka", "/terbuka/undian", "/terbuka/undian/59", "/terbuka/undian/periksa", "/terbuka/uang",
            "/terbuka/uang/wilayah", "/terbuka/uang/wilayah/32",
            "/terbuka/dampak", "/terbuka/aturan/prakerja-2023", f"/sertifikat/{made.certificate}",
        ]),
    }  # fmt: skip
    for principal, (roles, addresses) in pages.items():
        page = open_page(scripts=True, bypass_csp=True)
        if principal is not None:
            token = create_sign_in_link(by=BY, at=clock.now(), principal=principal, roles=roles)
            page.goto(f"/tautan/{token}")
            page.click("main form button")
        for address in addresses:
            reply = page.goto(address)
            assert reply is not None
            assert reply.status == 200, address
            check(page)
