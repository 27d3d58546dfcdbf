"""Who may be a partner organisation, and what a platform may take."""

import re

CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,31}")
ACCOUNT = re.compile(r"[0-9]{6,20}")


def is_code(code: str) -> bool:
    """2 to 32 upper-case letters, digits and hyphens, not beginning with a hyphen."""
    return CODE.fullmatch(code) is not None


def is_account(number: str) -> bool:
    """The shape of a bank account number: 6 to 20 digits."""
    return ACCOUNT.fullmatch(number) is not None


def commission_of(price: int, *, agreed_percent: int | None, cap_percent: int) -> int:
    """The platform's part of a price in whole rupiah, rounded down so that it never exceeds the cap (Permenko
    11/2020, article 40).
    """
    percent = cap_percent if agreed_percent is None else min(agreed_percent, cap_percent)
    return price * percent // 100
