"""Face match: compares a photo with the portrait of a NIK. The answer depends on the loaded person and the photo's
bytes alone."""

import base64
import hashlib
from typing import Any

from simulators.http import Request
from simulators.questions import Questions
from simulators.standin import need_text, refuse

LIKENESS_OF_PORTRAIT = 97
LIKENESS_OF_STRANGERS = 60


class Face(Questions):
    """Mounted at /face."""

    name = "face"
    path = "/v1/compare"
    schema = """
    CREATE TABLE IF NOT EXISTS people (nik TEXT PRIMARY KEY, portrait_sha256 TEXT, live INTEGER, score INTEGER)
    WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS comparisons (id INTEGER PRIMARY KEY, reference TEXT, nik TEXT, live INTEGER, score
    INTEGER, at TEXT);
    """

    def decide(self, question: dict[str, Any], *, lie: bool) -> dict[str, Any]:
        """POST /face/v1/compare: nik and photo (Base64)."""
        nik, reference, encoded = need_text(question, "nik", "reference", "photo")
        try:
            photo = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise refuse(400, "photo must be Base64") from None
        live, score = self.judge(nik, photo)
        if lie:
            live, score = not live, 100 - score
        at = self.clock.now().isoformat()
        self.books.run("INSERT INTO comparisons VALUES (NULL, ?, ?, ?, ?, ?)", reference, nik, live, score, at)
        return {"live": live, "score": score}

    def judge(self, nik: str, photo: bytes) -> tuple[bool, int]:
        """Liveness and likeness: as loaded when the person's answer is fixed, else by the bytes; (False, 0) when the
        NIK has no portrait."""
        row = self.books.row("SELECT portrait_sha256, live, score FROM people WHERE nik = ?", nik)
        if row is None:
            return False, 0
        portrait, live, score = row
        digest = hashlib.sha256(photo).hexdigest()
        by_bytes = LIKENESS_OF_PORTRAIT if portrait in (digest, None) else int(digest[:8], 16) % LIKENESS_OF_STRANGERS
        return bool(live), by_bytes if score is None else score

    def load_people(self, request: Request) -> dict[str, Any]:
        """Load people: {"people": [{"nik", "portrait_sha256"?, "live"? = true, "score"? fixed}]}; without a portrait
        every photo is theirs."""
        people = request.data["people"]
        rows = [(p["nik"], p.get("portrait_sha256"), bool(p.get("live", True)), p.get("score")) for p in people]
        self.books.load("INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?)", rows)
        return {"loaded": len(rows)}

    def audit(self) -> dict[str, Any]:
        """Every comparison that was answered."""
        return {"comparisons": self.books.dicts("SELECT reference, nik, live, score, at FROM comparisons ORDER BY id")}
