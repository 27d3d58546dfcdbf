"""A job portal: its feed of vacancies as pages of schema.org JobPosting, signed like the registry."""

import json
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from simulators.http import Reply, Request
from simulators.occupations import OCCUPATIONS, Occupation
from simulators.standin import StandIn, refuse

PAGE = 200
FIRST = ("Sinar", "Karya", "Mitra", "Cipta", "Bina", "Surya", "Graha", "Tunas", "Lentera", "Samudra")
SECOND = ("Abadi", "Lestari", "Mandiri", "Sejahtera", "Bersama", "Makmur", "Utama", "Sentosa", "Jaya", "Perkasa")
OFFERS = (
    "Tersedia pelatihan awal dan makan siang.",
    "Waktu kerja enam hari seminggu, jam kerja tetap.",
    "Terbuka bagi lulusan baru yang mau belajar.",
    "Pengalaman satu tahun lebih disukai.",
    "Ada tunjangan kehadiran dan jaminan sosial.",
)
KINDS = ("FULL_TIME", "FULL_TIME", "FULL_TIME", "CONTRACTOR", "PART_TIME", "INTERN")


def described(occupation: Occupation, skills: list[str], employer: str, offer: str) -> str:
    """The text of an advertisement."""
    return (
        f"{employer} mencari {occupation.title.lower()} untuk {occupation.work}. "
        f"Pelamar diharapkan menguasai {', '.join(skills[:-1])} dan {skills[-1]}. {offer}"
    )


def posting(
    number: int, dice: random.Random, occupation: Occupation, regency: dict[str, str], today: date
) -> dict[str, Any]:
    """One advertisement, decided by the dice alone."""
    employer = f"PT Contoh {dice.choice(FIRST)} {dice.choice(SECOND)}"
    skills = dice.sample(occupation.skills, k=min(len(occupation.skills), dice.choice((3, 4))))
    low = round(occupation.low * dice.uniform(0.9, 1.15) / 50) * 50
    high = max(low + 200, round(occupation.high * dice.uniform(0.85, 1.15) / 50) * 50)
    posted = today - timedelta(days=dice.randrange(0, 28))
    address = {
        "@type": "PostalAddress",
        "addressRegion": regency["code"],
        "addressLocality": regency["name"],
        "addressCountry": "ID",
    }
    salary = {"@type": "QuantitativeValue", "minValue": low * 1000, "maxValue": high * 1000, "unitText": "MONTH"}
    return {
        "@context": "https://schema.org",
        "@type": "JobPosting",
        "identifier": {"@type": "PropertyValue", "name": "portal", "value": f"LOK-{number:07d}"},
        "title": occupation.title,
        "description": described(occupation, skills, employer, dice.choice(OFFERS)),
        "hiringOrganization": {"@type": "Organization", "name": employer},
        "jobLocation": {"@type": "Place", "address": address},
        "baseSalary": {"@type": "MonetaryAmount", "currency": "IDR", "value": salary},
        "skills": skills,
        "occupationalCategory": occupation.key,
        "employmentType": dice.choice(KINDS),
        "datePosted": posted.isoformat(),
        "validThrough": (today + timedelta(days=dice.randrange(30, 90))).isoformat(),
        "url": f"https://portal.example/lowongan/{number:07d}",
    }


class Portal(StandIn):
    """Mounted at /portal."""

    name = "portal"
    schema = """
    CREATE TABLE IF NOT EXISTS postings (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, valid_through TEXT, value TEXT NOT NULL);
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.verbs |= {"generate": self.generate, "postings": lambda request: self.keep(request.data["postings"])}

    def respond(self, request: Request) -> Reply:
        """GET /portal/v1/vacancies?cursor=: a page of vacancies that are still open, and the cursor of the next page
        or null."""
        if (request.method, request.path) != ("GET", "/portal/v1/vacancies"):
            raise refuse(404, "there is only GET /portal/v1/vacancies")
        self.check_signature(request)
        cursor = request.query.get("cursor", "0")
        if not cursor.isdigit():
            raise refuse(400, "unknown cursor")
        sql = "SELECT id, value FROM postings WHERE id > ? AND coalesce(valid_through, '9') >= ? ORDER BY id LIMIT ?"
        rows = self.books.rows(sql, int(cursor), self.clock.now().date().isoformat(), PAGE)
        items = [json.loads(value) for _, value in rows]
        if request.lie:
            items = [{"@type": "JobPosting", "title": item["title"]} for item in items]
        return Reply(200, {"cursor": cursor, "items": items, "next": str(rows[-1][0]) if len(rows) == PAGE else None})

    def generate(self, request: Request) -> dict[str, Any]:
        """Make vacancies: {"seed", "count", "regencies": [code | {"code", "name"}], "occupations"?: [keys]}; the same
        request, the same vacancies."""
        data = request.data
        regencies = [r if isinstance(r, dict) else {"code": str(r), "name": str(r)} for r in data["regencies"]]
        occupations = [OCCUPATIONS[key] for key in data.get("occupations") or OCCUPATIONS]
        dice = random.Random(f"portal:{data['seed']}")
        today = self.clock.now().date()
        made = range(1, int(data["count"]) + 1)
        return self.keep([posting(n, dice, dice.choice(occupations), dice.choice(regencies), today) for n in made])

    def keep(self, postings: list[dict[str, Any]]) -> dict[str, Any]:
        """Load vacancies in the form of the feed; one with a known identifier replaces the old."""
        rows = [(p["identifier"]["value"], p.get("validThrough"), json.dumps(p, ensure_ascii=False)) for p in postings]
        sql = "INSERT INTO postings (key, valid_through, value) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET "
        self.books.load(sql + "valid_through = excluded.valid_through, value = excluded.value", rows)
        return {"loaded": len(rows)}

    def audit(self) -> dict[str, Any]:
        """How many vacancies there are."""
        return {"postings": self.books.row("SELECT count(*) FROM postings")[0]}
