"""Civil registry: compares what a person says about themselves with what the registry holds."""

import json
from datetime import date
from typing import Any

from simulators.http import Request
from simulators.questions import Questions
from simulators.standin import need_text, refuse

REGISTERS = (
    "social_aid",
    "civil_servant",
    "pupil",
    "military",
    "police",
    "village_official",
    "soe_director",
    "deceased",
    "foreign_national",
)
COMPARED = ("family_card", "name", "birth_date")


def squeeze(text: str) -> str:
    """A name without the differences that do not matter: case and white space."""
    return " ".join(text.upper().split())


class Registry(Questions):
    """Mounted at /registry."""

    name = "registry"
    path = "/v1/check"
    schema = """
    CREATE TABLE IF NOT EXISTS people (nik TEXT PRIMARY KEY, family_card TEXT, name TEXT, birth_date TEXT, registers
    TEXT) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS checks (id INTEGER PRIMARY KEY, reference TEXT, nik TEXT, result TEXT, at TEXT);
    """

    def decide(self, question: dict[str, Any], *, lie: bool) -> dict[str, Any]:
        """POST /registry/v1/check: nik, family_card, name, birth_date."""
        nik, reference, born = need_text(question, "nik", "reference", "birth_date")
        need_text(question, *COMPARED)
        if len(nik) != 16 or not (nik.isascii() and nik.isdigit()):
            raise refuse(400, "nik must be 16 digits")
        try:
            date.fromisoformat(born)
        except ValueError:
            raise refuse(400, "birth_date must be YYYY-MM-DD") from None
        answer = self.compare(nik, question)
        if lie:
            answer |= {"result": "not_found" if answer["result"] == "match" else "match", "mismatching": []}
        now = self.clock.now()
        row = (reference, nik, answer["result"], now.isoformat())
        self.books.run("INSERT INTO checks VALUES (NULL, ?, ?, ?, ?)", *row)
        return answer | {"as_of": now.date().isoformat()}

    def compare(self, nik: str, told: dict[str, Any]) -> dict[str, Any]:
        """Result, differing fields and registers."""
        row = self.books.row("SELECT family_card, name, birth_date, registers FROM people WHERE nik = ?", nik)
        if row is None:
            return {"result": "not_found", "mismatching": [], "registers": dict.fromkeys(REGISTERS, False)}
        held = dict(zip(COMPARED, row[:3], strict=True))
        differing = [name for name in COMPARED if squeeze(str(told[name])) != squeeze(held[name])]
        standing = set(json.loads(row[3]))
        registers = {name: name in standing for name in REGISTERS}
        return {"result": "mismatch" if differing else "match", "mismatching": differing, "registers": registers}

    def load_people(self, request: Request) -> dict[str, Any]:
        """Load people: {"people": [{"nik", "family_card", "name", "birth_date", "registers": [names]}]}."""
        people = request.data["people"]
        unknown = {name for person in people for name in person.get("registers", ())} - set(REGISTERS)
        if unknown:
            raise ValueError(f"unknown registers: {sorted(unknown)}")
        rows = [
            (p["nik"], p["family_card"], p["name"], str(p["birth_date"]), json.dumps(list(p.get("registers", ()))))
            for p in people
        ]
        self.books.load("INSERT OR REPLACE INTO people VALUES (?, ?, ?, ?, ?)", rows)
        return {"loaded": len(rows)}

    def audit(self) -> dict[str, Any]:
        """Every check that was answered."""
        return {"checks": self.books.dicts("SELECT reference, nik, result, at FROM checks ORDER BY id")}
