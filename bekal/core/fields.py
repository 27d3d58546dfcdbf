"""Columns that only the vault opens."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import models

from bekal.core import vault

if TYPE_CHECKING:
    Binary = models.BinaryField[Any, Any]
else:
    Binary = models.BinaryField


class SealedField(Binary):
    """A column sealed by `core.vault` for `place`; `by_row`: bound to its row's id as well. Empty: wiped. `batch`: how
    many are sealed anew at once, fewer where values are large.

    To migrations it is a BinaryField. Naming the place here is what lets keys be renewed in every table.
    """

    def __init__(self, *args: Any, place: str = "", by_row: bool = False, batch: int = 2_000, **options: Any) -> None:
        self.place, self.by_row, self.batch = place, by_row, batch
        super().__init__(*args, **options)

    def deconstruct(self) -> tuple[Any, Any, Any, Any]:
        name, _, positional, options = super().deconstruct()
        return name, "django.db.models.BinaryField", positional, options

    def sealed_anew(self, blob: bytes, row: UUID) -> bytes:
        """The same value under the key in use."""
        bound = row if self.by_row else None
        return vault.seal_bytes(vault.unseal_bytes(blob, place=self.place, row=bound), place=self.place, row=bound)
