"""People in front of the site's pages: registering with its forms, and signing in by phone and one-time code."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.cast import Player
from demo.wire import Browser, Page, Surprise

if TYPE_CHECKING:
    from demo.story import Story

BATCH = 200


@dataclass
class Visitor:
    """A player with a browser."""

    player: Player
    browser: Browser

    def signed_in(self) -> bool:
        return "bekal" in self.browser.cookies


class Visitors:
    """Keeps each player's browser over the stages."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.known: dict[int, Visitor] = {}

    def register(self, player: Player) -> None:
        """Answer every question of the registration, one page after the other, as a person would."""
        browser = Browser(self.story.rehearsal.site)
        browser.get("/daftar")
        for slug, fields in _answers(player):
            browser.get(f"/daftar/{slug}")
            page = browser.post(f"/daftar/{slug}", **fields)
            if page.leads_to == "/daftar/kode":
                browser.get("/daftar/kode")
                self.story.send_notices()
                page = browser.post("/daftar/kode", code=self._code(player))
            _expect_to_go_on(page, slug)
        browser.get("/daftar/periksa")
        page = browser.post("/daftar/periksa", consent="yes", allow=["recommendations", "research"])
        _expect_to_go_on(page, "periksa")
        if browser.get(page.leads_to).status != 200 or page.leads_to != "/daftar/selesai":
            raise Surprise(f"registration of player {player.number} ended at {page.leads_to}")

    def all(self, players: Sequence[Player]) -> Iterable[Visitor]:
        """These players, signed in; in batches, so that one hand-over carries many codes."""
        for start in range(0, len(players), BATCH):
            batch = [self._visitor(player) for player in players[start : start + BATCH]]
            newcomers = [visitor for visitor in batch if not visitor.signed_in()]
            list(self.story.rehearsal.many(_ask_for_code, newcomers))
            self.story.send_notices()
            list(self.story.rehearsal.many(self._enter, newcomers))
            yield from batch

    def _visitor(self, player: Player) -> Visitor:
        if player.number not in self.known:
            self.known[player.number] = Visitor(player, Browser(self.story.rehearsal.site))
        return self.known[player.number]

    def _enter(self, visitor: Visitor) -> None:
        page = visitor.browser.post("/masuk/kode", code=self._code(visitor.player))
        if page.leads_to != "/saya":
            raise Surprise(f"player {visitor.player.number} is not signed in: {page.status} {page.leads_to}")

    def _code(self, player: Player) -> str:
        return self.story.code_on(player.phone, to_sign_in=True)


def _ask_for_code(visitor: Visitor) -> None:
    visitor.browser.get("/masuk")
    visitor.browser.post("/masuk", phone=visitor.player.phone)


def _answers(player: Player) -> list[tuple[str, dict[str, str | list[str]]]]:
    return [
        ("telepon", {"phone": player.phone}),
        ("nama", {"name": player.name}),
        ("nik", {"nik": player.nik}),
        ("lahir", {"birth_date": player.birth_date.isoformat()}),
        ("kk", {"family_card": player.family_card}),
        ("provinsi", {"province": player.regency_code[:2]}),
        ("kabupaten", {"regency": player.regency_code}),
        ("sekolah", {"schooling": player.schooling}),
        ("pekerjaan", {"occupation": player.occupation}),
        ("disabilitas", {"disability": player.disability or "none"}),
        ("minat", {"interests": list(player.interests)}),
    ]


def _expect_to_go_on(page: Page, slug: str) -> None:
    if not page.leads_to:
        words = re.sub(r"<[^>]+>", " ", page.text)
        raise Surprise(f"/daftar/{slug}: HTTP {page.status} {' '.join(words.split())[:300]}")
