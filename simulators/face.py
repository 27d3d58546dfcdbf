"""Face match: compares a photo with the portrait of a NIK. The answer depends on the loaded person and the photo's
bytes alone."""

import base64
import binascii
import hashlib
from pathlib import Path
from typing import Any

from simulators.http import Reply, Request
from simulators.standin import StandIn, need_text, refuse

LIKENESS_OF_PORTRAIT = 97
LIKENESS_OF_STRANGERS = 60


class Face(StandIn):
    """Mounted at /face."""

    name = "face"
    schema = """
    CREATE TABLE IF NOT EXISTS people (nik TEXT PRIMARY KEY, portrait_sha256 TEXT, live INTEGER, score INTEGER)
    WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS comparisons (id INTEGER PRIMARY KEY, reference TEXT, nik TEXT, live INTEGER, score
    INTEGER, at TEXT);
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.verbs["people"] = self.load_people

    def respond(self, request: Request) -> Reply:
        """POST /face/v1/compare."""
        if (request.method, request.path) != ("POST", "/face/v1/compare"):
            raise refuse(404, "there is only POST /face/v1/compare")
        self.check_signature(request)
        nik, reference, encoded = need_text(request.data, "nik", "reference", "photo")
        try:
            photo = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise refuse(400, "photo must be Base64") from None
        live, score = self.judge(nik, photo)
        if request.lie:
            live, score = not live, 100 - score
        at = self.clock.now().isoformat()
        self.books.run("INSERT INTO comparisons VALUES (NULL, ?, ?, ?, ?, ?)", reference, nik, live, score, at)
        return Reply(200, {"live": live, "score": score, "reference": reference})

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
