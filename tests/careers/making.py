"""Postings and vacancies for tests."""

from datetime import date
from typing import Any

from bekal.careers.actions import Intake, take_in_postings
from bekal.careers.ports import Posting
from tests.partners.making import AT, BY

TODAY = date(2023, 8, 1)


def posting(number: int = 1, **changes: Any) -> Posting:
    """Posting `number` of a portal: digital marketing in Bandung, open until the end of August."""
    usual: dict[str, Any] = {
        "key": f"LOK-{number:04}",
        "title": "Pemasar Digital",
        "description": "<p>Menyusun iklan daring dan mengelola <b>media sosial</b>.</p>",
        "employer": "PT Contoh Jaya",
        "regency": "32.73",
        "skills": ("pemasaran digital",),
        "wage_low": 4_000_000,
        "wage_high": 6_000_000,
        "posted_on": date(2023, 7, 20),
        "valid_until": date(2023, 8, 31),
        "url": f"https://portal.example/lowongan/{number}",
    }
    return Posting(**(usual | changes))


def taken_in(*postings: Posting, portal: str = "job_portal") -> Intake:
    return take_in_postings(by=BY, at=AT, portal=portal, postings=postings)
