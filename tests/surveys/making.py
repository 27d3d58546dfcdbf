"""Answers that fit the surveys of prakerja-2023."""

from typing import Any

FIRST: dict[str, Any] = {
    "reason": "new_skill", "employment": "not_working", "monthly_income": 0, "searching": "yes", "relevance": 4,
    "trainer": 5,
}  # fmt: skip
SECOND: dict[str, Any] = {
    "employment": "employee", "monthly_income": 2_500_000, "weekly_hours": 40, "used_certificate": "yes",
    "incentive_use": "transport", "advice": "Lebih banyak praktik.",
}  # fmt: skip
