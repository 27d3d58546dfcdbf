"""The partners of the rehearsal and what they teach: invented organisations, our own words."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PLATFORMS = (("PASARAJAR", "Pasar Ajar", 12), ("LAPAKILMU", "Lapak Ilmu", 10))
PROVIDERS = (
    ("RUANGKARYA", "Ruang Karya Nusantara", "31.71"),
    ("DAPURPINTAR", "Dapur Pintar Bandung", "32.73"),
    ("JARITKREASI", "Jarit Kreasi Surakarta", "33.72"),
    ("TEKNOTIMUR", "Tekno Timur Makassar", "73.71"),
    ("LADANGILMU", "Ladang Ilmu Malang", "35.73"),
    ("SIAPKERJA", "Balai Siap Kerja Medan", "12.71"),
)
STAFF = (
    ("sari@bekal.example", "Sari Operator", ("operator", "draw_operator")),
    ("tono@bekal.example", "Tono Undian", ("draw_operator",)),
    ("ratih@bekal.example", "Ratih Keuangan", ("finance_maker",)),
    ("bima@bekal.example", "Bima Pemeriksa", ("finance_checker",)),
    ("dian@bekal.example", "Dian Penilai", ("assessor",)),
    ("oka@bekal.example", "Oka Penilai", ("assessor",)),
    ("laras@bekal.example", "Laras Auditor", ("auditor",)),
)
WITNESSES = ("Universitas Saksi", "Perhimpunan Pemantau")


@dataclass(frozen=True, slots=True)
class Lesson:
    """One training: `price` in rupiah, `sessions` until the last one."""

    provider: str
    code: str
    title: str
    summary: str
    skills: tuple[str, ...]
    mode: str
    hours: int
    price: int
    good: bool = True

    @property
    def sessions(self) -> int:
        return 1 if self.mode == "self_paced" else 2


def _lesson(line: str) -> Lesson:
    provider, code, title, summary, skills, mode, hours, price = (part.strip() for part in line.split("|"))
    return Lesson(
        PROVIDERS[int(provider)][0], code, title, summary, tuple(skills.split()), mode, int(hours), int(price) * 1_000,
        good=not code.endswith("-X"),
    )  # fmt: skip


_LINES = (Path(__file__).parent / "lessons.txt").read_text().splitlines()[1:]

LESSONS = tuple(_lesson(line) for line in _LINES)
RUNS = (
    ("A", datetime(2023, 8, 28, 2, tzinfo=UTC), datetime(2023, 9, 4, 10, tzinfo=UTC)),
    ("B", datetime(2023, 9, 18, 2, tzinfo=UTC), datetime(2023, 9, 25, 10, tzinfo=UTC)),
)
