"""Whole rupiah; no fraction exists anywhere in the product."""

from typing import NewType

Money = NewType("Money", int)


def format_rupiah(amount: int) -> str:
    """`Rp600.000`, joined and with Indonesian thousand points; negative amounts as `-Rp600.000`."""
    sign = "-" if amount < 0 else ""
    return f"{sign}Rp{abs(amount):,}".replace(",", ".")
