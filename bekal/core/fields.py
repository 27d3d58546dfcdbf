"""Columns that only the vault opens."""

from typing import Any
from uuid import UUID

from django.db import models

from bekal.core import vault


class SealedField(models.BinaryField):
    """A column sealed by `core.vault` for `place`; `by_row`: bound to its row's id as well. Empty: wiped.

    To migrations it is a BinaryField. Naming the place here is what lets keys be renewed in every table.
    """

    def __init__(self, *args: Any, place: str = "", by_row: bool = False, **options: Any) -> None:
        self.place, self.by_row = place, by_row
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[Any, Any, Any, Any]:
        name, _, positional, options = super().deconstruct()
        return name, "django.db.models.BinaryField", positional, options

    def sealed_anew(self, blob: bytes, row: UUID) -> bytes:
        """The same value under the key in use."""
        bound = row if self.by_row else None
        return vault.seal_bytes(vault.unseal_bytes(blob, place=self.place, row=bound), place=self.place, row=bound)
