"""Civil registry: compares what a person says about themselves with what the registry holds."""

import json
from datetime import date
from typing import Any

from simulators.http import Reply, Request
from simulators.standin import StandIn, need_text, refuse

REGISTERS = (
    "social_aid",
    "civil_servant",
    "pupil",
    "military",
    "police",
    "village_official",
    "soe_director",
    "deceased",
)
COMPARED = ("family_card", "name", "birth_date")


def squeeze(text: str) -> str:
    """A name without the differences that do not matter: case and white space."""
    return " ".join(text.upper().split())


class Registry(StandIn):
    """Mounted at /registry."""

    name = "registry"
    schema = """
    CREATE TABLE IF NOT EXISTS people (nik TEXT PRIMARY KEY, family_card TEXT, name TEXT, birth_date TEXT, registers
    TEXT) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS checks (id INTEGER PRIMARY KEY, reference TEXT, nik TEXT, result TEXT, at TEXT);
    """

    def respond(self, request: Request) -> Reply:
        """POST /registry/v1/check."""
        if (request.method, request.path) != ("POST", "/registry/v1/check"):
            raise refuse(404, "there is only POST /registry/v1/check")
        self.check_signature(request)
        nik, reference, born = need_text(request.data, "nik", "reference", "birth_date")
        need_text(request.data, *COMPARED)
        if len(nik) != 16 or not nik.isdigit():
            raise refuse(400, "nik must be 16 digits")
        try:
            date.fromisoformat(born)
        except ValueError:
            raise refuse(400, "birth_date must be YYYY-MM-DD") from None
        answer = self.compare(nik, request.data)
        if request.lie:
            answer |= (
                {"result": "not_found", "mismatching": []}
                if answer["result"] == "match"
                else {"result": "match", "mismatching": []}
            )
        now = self.clock.now()
        self.books.run(
            "INSERT INTO checks VALUES (NULL, ?, ?, ?, ?)", reference, nik, answer["result"], now.isoformat()
        )
        return Reply(200, answer | {"reference": reference, "as_of": now.date().isoformat()})

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

    def __init__(self, folder: Any) -> None:
        super().__init__(folder)
        self.verbs["people"] = self.load_people

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
