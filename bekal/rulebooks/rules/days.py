"""Days in words."""

from datetime import date

MONTHS = {
    "id": (
        "Januari", "Februari", "Maret", "April", "Mei", "Juni",
        "Juli", "Agustus", "September", "Oktober", "November", "Desember",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip


def day_in_words(day: date, language: str) -> str:
    """`15 Agustus 1995` or `15 August 1995`."""
    return f"{day.day} {MONTHS[language][day.month - 1]} {day.year}"
