"""In which money a programme counts, and how its amounts are written."""

from dataclasses import dataclass
from typing import Annotated

from bekal.core.money import format_rupiah
from bekal.rulebooks.rules.reading import Range, Shape
from bekal.rulebooks.rules.words import Words

_POINTS = {"id": (".", ","), "en": (",", ".")}


@dataclass(frozen=True, slots=True)
class Currency:
    """`code`: ISO 4217. All amounts of the file are whole minor units, `digits` of which stand behind the point; `sign`
    stands before an amount."""

    code: Annotated[str, Shape(r"[A-Z]{3}", "IDR")]
    digits: Annotated[int, Range(0, 4)]
    sign: str
    name: Words
    source: str

    def written(self, amount: int, language: str) -> str:
        """`Rp600.000`; `S$500` and `S$12.50` in English, `S$12,50` in Indonesian."""
        if self.code == RUPIAH.code:
            return format_rupiah(amount)
        thousand, point = _POINTS[language]
        whole, rest = divmod(abs(amount), 10**self.digits)
        told = f"{whole:,}".replace(",", thousand) + (f"{point}{rest:0{self.digits}d}" if rest else "")
        return f"{'-' if amount < 0 else ''}{self.sign}{told}"


RUPIAH = Currency("IDR", 0, "Rp", Words("rupiah", "rupiah"), "ISO 4217; whole rupiah, as the ledger keeps them")
