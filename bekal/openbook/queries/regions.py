"""The programme by province and by regency, with small cells withheld."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from django.db.models import Count, QuerySet

from bekal.citizens.models import Citizen, Forgotten
from bekal.learning.models import Certificate, CertificateState
from bekal.openbook.rules import withhold_places
from bekal.rulebooks.regions import PROVINCES, REGENCIES, province_of
from bekal.scholarships.models import Award
from bekal.waves.models import Application

Level = Literal["province", "regency"]
COLUMNS = ("registered", "joined", "awarded", "certified")


@dataclass(frozen=True, slots=True)
class RegionLine:
    """People by the regency they live in (of the application or award where there is one). None: 1 to 4 people,
    withheld.
    """

    code: str
    name: str
    registered: int | None
    joined: int | None
    awarded: int | None
    certified: int | None


def by_region(level: Level = "province") -> list[RegionLine]:
    """Every province or regency, by code, also those with nobody."""
    names = _names(level)
    columns = [_withheld(counts, list(names), level) for counts in _counts()]
    return [RegionLine(code, names[code], *(column[place] for column in columns)) for place, code in enumerate(names)]


def _names(level: Level) -> dict[str, str]:
    if level == "province":
        return dict(sorted(PROVINCES.items()))
    return {code: regency.name for code, regency in sorted(REGENCIES.items())}


def _counts() -> Iterable[dict[str, int]]:
    certified = Certificate.objects.filter(state=CertificateState.ISSUED, award_id__isnull=False).values("award_id")
    gone = _per_regency(Forgotten.objects.all(), "citizen_id")
    here = _per_regency(Citizen.objects.all(), "id")
    yield {code: here.get(code, 0) + gone.get(code, 0) for code in here | gone}
    yield _per_regency(Application.objects.all(), "citizen_id")
    yield _per_regency(Award.objects.all(), "citizen_id")
    yield _per_regency(Award.objects.filter(id__in=certified), "citizen_id")


def _per_regency(rows: QuerySet, person: str) -> dict[str, int]:  # type: ignore[type-arg]
    counted = rows.order_by().values_list("regency_code").annotate(people=Count(person, distinct=True))
    return dict(counted)


def _withheld(counts: dict[str, int], codes: Sequence[str], level: Level) -> list[int | None]:
    provinces, regencies = withhold_places(counts, province_of)
    cells = provinces if level == "province" else regencies
    return [cells.get(code, 0) for code in codes]
