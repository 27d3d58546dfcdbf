"""The page that checks a receipt in the browser, as far as it needs no browser."""

import gzip
import re
from html import unescape

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from bekal.core.texts import table
from bekal.doors.public.proofs import CHECKS, VALUES

PAGE = "/terbuka/undian/periksa"
WHOLE_VISIT = 14_000


def asset(name: str) -> bytes:
    path = finders.find(f"bekal/{name}")
    assert isinstance(path, str)
    with open(path, "rb") as file:
        return file.read()


def test_a_first_visit_is_light() -> None:
    page = Client().get(PAGE).content
    assert re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="/aset/bekal/([^"]+)', page.decode()) == [
        "bekal.css", "mark.svg", "check.js",
    ]  # fmt: skip
    parts = [page, asset("bekal.css"), asset("check.js")]
    assert sum(len(gzip.compress(part)) for part in parts) <= WHOLE_VISIT


def test_only_this_page_runs_a_script() -> None:
    client = Client()
    policy = client.get(PAGE).headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
    for other in ("/bantuan", "/gaya"):
        assert "script-src" not in client.get(other).headers["Content-Security-Policy"]


def test_the_script_makes_the_checks_of_the_page() -> None:
    script = asset("check.js").decode()
    checks = script[script.index("const CHECKS") : script.index("async function checkReceipt")]
    assert tuple(re.findall(r"^  (?:async )?(\w+)\(", checks, re.MULTILINE)) == CHECKS
    assert set(re.findall(r"\bvalues\.(\w+) = ", script)) - {"drand"} <= set(VALUES)
    assert "innerHTML" not in script


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_page_says_what_it_does_not_check(language: str) -> None:
    page = unescape(Client().get(PAGE, {"lang": language}).content.decode())
    for key in ("no_script", "rest_beacon", "rest_signatures", "rest_thresholds", "rest_time", "wrong_do"):
        assert table()[f"proof.{key}"][language] in page
    assert "bekal draw verify" in page
    assert "verify_draw.py" in page
