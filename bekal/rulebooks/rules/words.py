"""One wording in both languages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words(Mapping[str, str]):
    """One wording in Indonesian (`id`) and English (`en`); also a mapping of the two."""

    id: str
    en: str

    def __getitem__(self, language: str) -> str:
        if language not in ("id", "en"):
            raise KeyError(language)
        return self.id if language == "id" else self.en

    def __iter__(self) -> Iterator[str]:
        return iter(("id", "en"))

    def __len__(self) -> int:
        return 2
