"""A real browser: Debian's Chromium, without JavaScript unless a test asks for it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from tests.doors.conftest import outside

__all__ = ["outside"]

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SENTENCE = f"left out: browser journeys need Debian's Chromium at {CHROMIUM} (apt-get install chromium)"


def travel(page: Page, steps: int) -> None:
    """Back (-1) or forward (1) as the visitor's own button goes. `Page.go_back` asks Chromium for the list of visited
    pages first, which it refuses while it still exchanges one page's renderer for the next. The page that is left may
    be gone before it has answered; that it is left is what is waited for."""
    with page.expect_navigation(), suppress(Error):
        page.evaluate("steps => history.go(steps)", steps)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Playwright keeps a loop running in this thread for as long as it lives; Django is told that this is meant."""
    if not os.path.exists(CHROMIUM):
        if os.environ.get("BEKAL_REQUIRE_BROWSER") == "1":
            pytest.fail(SENTENCE)
        pytest.skip(SENTENCE)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield made
        made.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """`open_page(width=360, scripts=False)`: a page of a fresh visitor on this test's server."""
    contexts = []

    def opened(width: int = 360, *, scripts: bool = False, bypass_csp: bool = False) -> Page:
        context = browser.new_context(
            base_url=live_server.url, viewport={"width": width, "height": 740}, java_script_enabled=scripts,
            bypass_csp=bypass_csp,
        )  # fmt: skip
        context.set_default_timeout(30_000)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
