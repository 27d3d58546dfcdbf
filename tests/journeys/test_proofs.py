"""Checking a receipt in a real browser: the function alone against whole draws and lies, then the page."""

import base64
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.doors import proof_sample
from tests.doors.proof_sample import CHAINED, LARGE, SMALL, SOURCE, Sample, canonical, ceremony, document_hash
from tests.journeys.test_citizen import check as clean

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = (ROOT / "bekal/doors/static/bekal/check.js").read_text()
VECTORS = json.loads((ROOT / "tests/engines/draw_vectors.json").read_text())
PAGE = "/terbuka/undian/periksa"
BEGINS = 12
DECODE = "const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));"
RUN = f"""async cases => {{ {DECODE}
    const found = [];
    for (const [receipt, proof] of cases) found.push(await checkReceipt(receipt, bytes(proof)));
    return found;
}}"""
FLIP = f"""async ([receipt, proof, places]) => {{ {DECODE}
    const whole = bytes(proof), missed = [];
    for (const [part, place, bit] of places) {{
        let text = receipt;
        const file = whole.slice();
        if (part === "receipt") {{
            const letters = Array.from(receipt);
            letters[place] = String.fromCharCode(receipt.charCodeAt(place) ^ 1 << bit);
            text = letters.join("");
        }} else file[place] ^= 1 << bit;
        const found = await checkReceipt(text, file);
        if (found.verdict !== "wrong" && found.verdict !== "unreadable") missed.push([part, place, bit, found.verdict]);
    }}
    return missed;
}}"""
SOURCES = {
    "quicknet": SOURCE, "chained": CHAINED, "ceremony": ceremony(), "rehearsal": SOURCE | {"chain_hash": "00" * 32},
}  # fmt: skip


@cache
def sample(strata: tuple[Any, ...] = SMALL, source: str = "quicknet") -> Sample:
    return Sample(strata, SOURCES[source])


def sent(receipt: dict[str, Any], proof: bytes) -> list[str]:
    return [json.dumps(receipt, separators=(",", ":")), base64.b64encode(proof).decode()]


def rewritten(proof: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The proof file with a change in its JSON, in its one form again."""
    end = BEGINS + int.from_bytes(proof[8:BEGINS], "big")
    words = json.loads(proof[BEGINS:end])
    change(words)
    text = canonical(words)
    return proof[:8] + len(text).to_bytes(4, "big") + text + proof[end:]


@pytest.fixture
def checker(browser: Browser) -> Iterator[Page]:
    """An empty page on localhost, where the browser has WebCrypto, with the script."""
    page = browser.new_page()
    page.route("**/*", lambda route: route.fulfill(body="<title>-</title>", content_type="text/html"))
    page.goto("http://localhost/")
    page.add_script_tag(content=SCRIPT)
    yield page
    page.close()


def verdicts(page: Page, cases: list[list[str]]) -> list[str]:
    return [found["verdict"] for found in page.evaluate(RUN, cases)]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("strata", [SMALL, LARGE, SMALL[1:2]], ids=["small", "large", "one"])
def test_whole_draws(checker: Page, strata: tuple[Any, ...], source: str) -> None:
    """Both ends of every stratum: no places, places for all, and in between; first and last entries of blocks."""
    drawn = sample(strata, source)
    edges = {place for first in drawn.firsts for place in (first - 1, first) if place >= 0}
    edges |= {at for at in range(1, drawn.people) if drawn.block_of(at) != drawn.block_of(at - 1)}
    edges |= {at - 1 for at in edges if at} | {drawn.people - 1}
    before = [sent(drawn.receipt(at), drawn.proof(drawn.block_of(at), drawn=False)) for at in sorted(edges)]
    after = [sent(drawn.receipt(at), drawn.proof(drawn.block_of(at))) for at in sorted(edges)]
    assert verdicts(checker, before) == ["waiting"] * len(edges)
    expected = ["won" if at in drawn.winners else "lost" for at in sorted(edges)]
    assert verdicts(checker, after) == expected
    assert len(drawn.winners) == sum(min(people, places) for _, _, people, places in strata)


def test_what_each_check_says(checker: Page) -> None:
    drawn = sample()
    [before, after] = checker.evaluate(
        RUN, [sent(drawn.receipt(7), drawn.proof(0, drawn=False)), sent(drawn.receipt(7), drawn.proof(0))]
    )
    assert {one["name"] for one in before["checks"] if one["state"] == "open"} == {"randomness", "thresholds", "ticket"}
    assert {one["state"] for one in after["checks"]} == {"good"}
    assert after["values"]["ticket"] == f"{drawn.tickets[7]:016x}"
    assert after["values"]["commitment"] == document_hash(drawn.commitment)
    assert after["values"]["roll"] == drawn.commitment["roll"]["root"]
    assert after["values"]["drand"].endswith(f"{SOURCE['chain_hash']}/public/123")
    [rehearsal] = checker.evaluate(
        RUN, [sent(sample(SMALL, "rehearsal").receipt(7), sample(SMALL, "rehearsal").proof(0))]
    )
    assert [one["name"] for one in rehearsal["checks"] if one["state"] == "open"] == ["source"]
    assert "drand" not in rehearsal["values"]


def test_every_flipped_bit_of_a_receipt_is_noticed(checker: Page) -> None:
    drawn = sample()
    text, proof = sent(drawn.receipt(8), drawn.proof(0))
    places = [["receipt", place, bit] for place in range(len(text)) for bit in range(8)]
    assert checker.evaluate(FLIP, [text, proof, places]) == []


@pytest.mark.parametrize("source", ["quicknet", "ceremony"])
def test_flipped_bits_of_a_proof_file_are_noticed(checker: Page, source: str) -> None:
    """Every seventh bit of a whole file, block included; before and after the draw."""
    drawn = sample(SMALL, source)
    for done in (True, False):
        file = drawn.proof(0, drawn=done)
        text, proof = sent(drawn.receipt(8), file)
        places = [["proof", place // 8, place % 8] for place in range(0, 8 * len(file), 7)]
        assert checker.evaluate(FLIP, [text, proof, places]) == []


def failing(page: Page, receipt: dict[str, Any], proof: bytes) -> list[str]:
    [found] = page.evaluate(RUN, [sent(receipt, proof)])
    assert found["verdict"] == "wrong"
    return [one["name"] for one in found["checks"] if one["state"] == "wrong"]


# Whoever changes the commitment changes the key of the tickets too.
LIES: dict[str, tuple[Callable[[dict[str, Any]], Any], list[str]]] = {
    "another round": (lambda one: one["beacon"].update(number=124), ["randomness"]),
    "other randomness": (lambda one: one["beacon"].update(randomness="00" * 32), ["randomness"]),
    "other signature": (lambda one: one["beacon"].update(signature="00" * 48), ["randomness"]),
    "capital letters": (
        lambda one: one["beacon"].update(signature=one["beacon"]["signature"].upper()), ["randomness"]
    ),
    "a member more": (lambda one: one["beacon"].update(more=1), ["randomness"]),
    "a file with more": (lambda one: one.update(more=1), ["file"]),
    "thresholds before the round": (lambda one: one.update(beacon=None), ["file"]),
    "more places": (lambda one: one["commitment"].update(places=99), ["commitment", "ticket"]),
    "later draw": (lambda one: one["commitment"].update(sequence=3), ["commitment", "ticket"]),
    "other format": (lambda one: one["commitment"].update(format="bekal-draw-commitment/2"), ["file"]),
    "other algorithm": (lambda one: one["commitment"].update(algorithm="bekal-draw/2"), ["file"]),
    "round moved": (lambda one: one["commitment"]["source"].update(round=124), ["commitment", "source", "randomness"]),
    "committed late": (
        lambda one: one["commitment"].update(committed_at="2023-08-23T15:14:33.000001Z"), ["commitment", "ticket"]
    ),
    "committed later": (
        lambda one: one["commitment"].update(committed_at="2023-08-23T15:14:34Z"), ["commitment", "source", "ticket"]
    ),
    "other block": (lambda one: one.update(block=1), ["entry", "roll"]),
    "path longer": (lambda one: one.update(path="A" * 43 + "="), ["roll"]),
    "thresholds shifted": (lambda one: one["thresholds"].update(first=1), ["thresholds"]),
    "thresholds cut": (lambda one: one["thresholds"].update(rows=one["thresholds"]["rows"][:64]), ["thresholds"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_lies_fail_at_their_check(checker: Page, name: str) -> None:
    change, expected = LIES[name]
    drawn = sample()
    found = failing(checker, drawn.receipt(8), rewritten(drawn.proof(0), change))
    assert found == expected


def test_a_threshold_that_nobody_drew_is_noticed(checker: Page) -> None:
    """All rows agree with their root, but the row of this stratum was made up to push somebody out."""
    drawn = Sample(SMALL, SOURCE)
    place = next(at for at in sorted(drawn.winners) if SMALL[drawn.stratum_of(at)][3] > 1)
    index = drawn.stratum_of(place)
    row = int.from_bytes(drawn.threshold_rows[index][:8], "big")
    drawn.threshold_rows[index] = (row - 1).to_bytes(8, "big") + drawn.threshold_rows[index][8:]
    assert failing(checker, drawn.receipt(place), drawn.proof(0)) == ["ticket"]
    drawn.threshold_rows[0] = (5).to_bytes(8, "big") * 2
    assert failing(checker, drawn.receipt(0), drawn.proof(0)) == ["ticket"], "nobody wins where there are no places"


def test_a_secret_that_opens_no_seal_is_noticed(checker: Page) -> None:
    drawn = sample(SMALL, "ceremony")
    for secrets in (proof_sample.SECRETS | {"ketua": "00" * 32}, dict(list(proof_sample.SECRETS.items())[:2])):
        proof = rewritten(drawn.proof(0), lambda one, given=secrets: one["beacon"].update(secrets=given))  # type: ignore[misc]
        assert failing(checker, drawn.receipt(3), proof) == ["randomness"]


@pytest.mark.parametrize(
    "text", ["", "x", "null", "[]", "{}", '{"format":"bekal-draw-receipt/1"}', json.dumps(VECTORS["bundle"])]
)
def test_what_is_no_receipt_is_called_so(checker: Page, text: str) -> None:
    assert verdicts(checker, [[text, ""]]) == ["unreadable"]
    broken = deepcopy(sample().receipt(8)) | {"position": 8.5}
    assert verdicts(checker, [[json.dumps(broken), ""]]) == ["unreadable"]


def test_what_is_no_proof_file_is_called_so(checker: Page) -> None:
    drawn = sample()
    for proof in (b"", b"<!doctype html>", drawn.proof(0)[:40], drawn.proof(0)[:400]):
        assert failing(checker, drawn.receipt(8), proof) == ["file"]
    for proof in (drawn.proof(0)[:-1], drawn.proof(0) + b"\0"):
        assert failing(checker, drawn.receipt(8), proof) == ["roll"]


@pytest.mark.parametrize("receipts", [VECTORS["receipts"], VECTORS["ceremony"]["receipts"]], ids=["drand", "ceremony"])
def test_vectors_of_the_specification(checker: Page, receipts: list[dict[str, Any]]) -> None:
    for one in receipts:
        before, after = (bytes.fromhex(one[name]) for name in ("proof_before", "proof_after"))
        cases = [sent(one["receipt"], file) for file in (before, after)]
        assert verdicts(checker, cases) == ["waiting", "won" if one["wins"] else "lost"]


@pytest.mark.django_db(transaction=True)
class TestPage:
    """On the whole site; the proof files are the sample's."""

    @pytest.fixture
    def open_check(self, open_page: Callable[..., Page]) -> Callable[..., Page]:
        def opened(
            drawn: Sample, *, drawn_yet: bool = True, width: int = 360, part: str = "", language: str = "id"
        ) -> Page:
            def answer(route: Route) -> None:
                _, number, sequence, _, block = route.request.url.rsplit("/", 4)
                assert (number, sequence) == ("7", "2")
                proof = drawn.proof(int(block), drawn=drawn_yet)
                route.fulfill(body=proof, content_type="application/octet-stream")

            page = open_page(width, scripts=True, bypass_csp=True)
            page.route("**/blok/*", answer)
            page.goto(f"{PAGE}?lang={language}{part}")
            return page

        return opened

    def told(self, page: Page, receipt: dict[str, Any] | str) -> str:
        page.fill("#receipt", receipt if isinstance(receipt, str) else json.dumps(receipt, indent=1))
        page.click("#check button")
        page.wait_for_selector("#verdict h2")
        assert page.evaluate("document.activeElement.id") == "verdict"
        return page.inner_text("#verdict")

    @pytest.mark.parametrize("language", ["id", "en"])
    def test_a_winner_and_another(self, open_check: Callable[..., Page], language: str) -> None:
        drawn = sample(LARGE)
        page = open_check(drawn, language=language)
        won = min(drawn.winners)
        lost = next(at for at in range(drawn.people) if at not in drawn.winners)
        first = self.told(page, drawn.receipt(won))
        assert ("terpilih" if language == "id" else "was drawn") in first
        assert page.locator("li[data-check].good").count() == 9
        page.click("#values summary")
        assert page.locator("[data-value=ticket]").inner_text() == f"{drawn.tickets[won]:016x}"
        assert page.locator("#drand").is_visible()
        clean(page)
        assert self.told(page, drawn.receipt(lost)) != first

    def test_before_the_draw_and_a_rehearsal(self, open_check: Callable[..., Page]) -> None:
        page = open_check(sample(), drawn_yet=False)
        assert "belum dilakukan" in self.told(page, sample().receipt(8))
        assert page.locator("li[data-check].open").count() == 3
        assert "Undian latihan" not in page.inner_text("#verdict")
        rehearsal = sample(SMALL, "rehearsal")
        assert "Undian latihan" in self.told(open_check(rehearsal), rehearsal.receipt(8))
        clean(page)

    def test_what_failed_is_named(self, open_check: Callable[..., Page]) -> None:
        page = open_check(sample())
        words = self.told(page, sample().receipt(8) | {"commitment": "00" * 32})
        assert page.locator("#verdict li").all_inner_texts() == [
            page.locator(f"[data-check={name}] span span").first.inner_text() for name in ("commitment",)
        ]
        assert "pengaduan" in words
        clean(page)

    def test_the_receipt_by_file_by_address_and_in_pieces(
        self, open_check: Callable[..., Page], tmp_path: Path
    ) -> None:
        text = json.dumps(sample().receipt(8))
        file = tmp_path / "bukti.json"
        file.write_text(text)
        page = open_check(sample())
        page.set_input_files("#file", file)
        page.wait_for_function("document.getElementById('receipt').value")
        assert page.input_value("#receipt") == text
        assert "bukan bukti" in self.told(page, text[:-5])
        page.unroute("**/blok/*")
        assert "tidak dapat diambil" in self.told(page, text)
        address = page.evaluate("text => '#' + encodeURIComponent(text)", text)
        assert open_check(sample(), part=address).input_value("#receipt") == text

    def test_by_keyboard_under_the_real_policy(self, open_page: Callable[..., Page]) -> None:
        """With the page's own content security policy, and no more than three requests before the check."""
        page = open_page(360, scripts=True)
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(PAGE)
        assert len(asked) <= 3, asked
        page.route("**/blok/*", lambda route: route.fulfill(body=sample().proof(0)))
        page.focus("#receipt")
        page.keyboard.insert_text(json.dumps(sample().receipt(8)))
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("#verdict h2")
        assert page.locator("li[data-check].good").count() == 9

    def test_without_script_and_without_a_safe_line(self, open_page: Callable[..., Page], browser: Browser) -> None:
        page = open_page()
        page.goto(PAGE)
        assert page.is_visible("#no-script")
        assert not page.is_visible("#check")
        words = page.content()
        unsafe = browser.new_page()
        unsafe.route("**/check.js", lambda route: route.fulfill(body=SCRIPT, content_type="text/javascript"))
        unsafe.route("**/periksa", lambda route: route.fulfill(body=words, content_type="text/html"))
        unsafe.goto(f"http://bekal.example{PAGE}", wait_until="domcontentloaded")
        unsafe.wait_for_selector("#no-crypto")
        assert unsafe.is_visible("#no-crypto")
        assert not unsafe.is_visible("#no-script")
        assert not unsafe.is_visible("#check")
        unsafe.close()
