"""What decides one person decides millions: the Python verdict and the SQL decision agree on any programme."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bekal.citizens.models import Citizen
from bekal.eligibility import rules
from bekal.eligibility.models import Fact, RegisterList
from bekal.eligibility.queries import facts_about, person_facts
from bekal.eligibility.sets import decision
from bekal.rulebooks.rules import EligibilityRules, Programme, Register, Words, parse_programme
from tests.rulebooks.making import programme_text

pytestmark = pytest.mark.django_db
AT = datetime(2023, 8, 20, 3, tzinfo=UTC)
KINDS = (
    "police", "pupil", "deceased", "foreign_national", "face_matched", "face_review", "prior_recipient", "award:other",
    "trained",
)  # fmt: skip
NORMAL = parse_programme(programme_text())

day = st.dates(date(1955, 1, 1), date(2008, 12, 31)) | st.sampled_from([date(2004, 2, 29), date(2000, 2, 29)])
person = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["registered", "verified", "mismatched"]),
        "birth_date": day,
        "occupation": st.sampled_from(["job_seeker", "laid_off", "worker", "other"]),
        "regency_code": st.sampled_from(["32.73", "12.04", "53.01"]),
        "disability": st.sampled_from(["", "visual"]),
        "schooling": st.sampled_from(["primary", "senior"]),
        "sex": st.sampled_from(["F", "M"]),
        "registry_as_of": st.dates(date(2023, 1, 1), date(2023, 8, 1)),
        "facts": st.dictionaries(
            st.sampled_from(KINDS),
            st.tuples(st.sampled_from(["stands", "contested", "ended"]), st.dates(date(2022, 1, 1), AT.date())),
        ),
    }
)


def register(code: str) -> Register:
    return Register(code=code, name=Words("x", "y"), keeper="K", source="s")


eligibility = st.builds(
    EligibilityRules,
    source=st.just("s"),
    identity_verified=st.booleans(),
    age_min=st.none() | st.integers(15, 45),
    age_max=st.none() | st.integers(46, 66),
    occupations=st.sampled_from([(), ("job_seeker",), ("worker", "laid_off")]),
    max_per_family_card=st.none(),
    once_in_a_lifetime=st.booleans(),
    registers=st.sets(st.sampled_from(["police", "pupil", "deceased"])).map(lambda s: tuple(map(register, sorted(s)))),
    required=st.sampled_from([(), (register("trained"),)]),
    citizens_only=st.booleans(),
    face_matched=st.booleans(),
    regions=st.sampled_from([(), ("32",), ("@remote_regions", "32.73")]),
    prior_awards=st.sampled_from([(), ("other",)]),
)
programmes = st.builds(lambda found: replace(NORMAL, eligibility=found), eligibility)


def enter(number: int, said: dict[str, object]) -> None:
    facts = said.pop("facts")
    state = said["state"]
    Citizen.objects.create(
        id=UUID(int=number), nik_sealed=b"x", nik_ref=UUID(int=1000 + number), family_sealed=b"x",
        family_ref=UUID(int=1), phone_sealed=b"x", phone_ref=UUID(int=2000 + number), name="A", registered_at=AT,
        checked_at=AT, verified_at=AT if state == "verified" else None,
        mismatching=["name"] if state == "mismatched" else [], **said,
    )  # fmt: skip
    for kind, (standing, as_of) in facts.items():  # type: ignore[attr-defined]
        Fact.objects.create(
            nik_ref=UUID(int=1000 + number), kind=kind, standing=standing, source="s", as_of=as_of, recorded_at=AT
        )


def decided_in_sets(programme: Programme, on: date, lists: dict[str, date]) -> dict[UUID, tuple[object, ...]]:
    text, parameters = decision(programme, on, lists)
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH people AS (SELECT id FROM citizens_citizen) SELECT id, outcome, outcomes, as_of, age, "
            f'"group", regency_code FROM ({text}) AS found',
            parameters,
        )
        return {row[0]: row[1:] for row in cursor.fetchall()}


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    programmes, st.lists(person, min_size=1, max_size=6), st.booleans(),
    st.sampled_from([AT.date(), date(2024, 2, 29), date(2023, 2, 28), date(2023, 3, 1)]),
)  # fmt: skip
def test_one_and_many_agree(programme: Programme, said: list[dict[str, object]], listed: bool, on: date) -> None:
    Citizen.objects.all().delete()
    Fact.objects.all().delete()
    RegisterList.objects.all().delete()
    if listed:
        RegisterList.objects.create(
            id=UUID(int=5), kind="police", as_of=date(2023, 6, 1), source="s", sha256="0", whole=True, people=1,
            refused_rows=0, imported_at=AT, imported_by="x",
        )  # fmt: skip
    for number, one in enumerate(said, 1):
        enter(number, dict(one))
    found = decided_in_sets(programme, on, {"police": date(2023, 6, 1)} if listed else {})
    for citizen in Citizen.objects.all():
        facts = person_facts(citizen, facts_about(citizen.nik_ref), on)
        own = rules.verdict(programme, facts)
        arms = rules.rules_of(programme)
        outcome, outcomes, as_of, age, group, regency = found[citizen.id]
        told = rules.told(arms, outcomes, as_of, age)  # type: ignore[arg-type]
        assert (outcome, told, group, regency) == (own.state, own.results, own.group, citizen.regency_code)
