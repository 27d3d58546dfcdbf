"""The verdict on one person, from the programme files and their example cases."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bekal.core.texts import LANGUAGES, text
from bekal.eligibility import rules
from bekal.eligibility.rules import PersonFacts, Standing
from bekal.rulebooks.rules import Case, Examples, Given, Programme, parse_examples, parse_programme
from tests.rulebooks.making import PROGRAMMES, programme_text

CODES = ("prakerja-2022", "prakerja-2023", "skills-week")
NORMAL = parse_programme(programme_text())
ON = date(2023, 8, 20)
PERSON = PersonFacts(
    on=ON,
    identity="verified",
    birth_date=date(1995, 8, 15),
    occupation="job_seeker",
    regency_code="32.73",
    registry_as_of=date(2023, 8, 19),
)


def examples(code: str) -> Examples:
    return parse_examples((PROGRAMMES / code / "cases.toml").read_text(), file=f"{code}/cases.toml")


CASES = [
    pytest.param(parse_programme(programme_text(code)), case, id=f"{code}: {case.name.en}")
    for code in CODES
    for case in examples(code).cases
]


@pytest.mark.parametrize(("programme", "case"), CASES)
def test_example_cases(programme: Programme, case: Case) -> None:
    assert rules.case_faults(programme, case) == []


def test_a_case_that_disagrees_is_told() -> None:
    case = examples("prakerja-2023").cases[0]
    wrong = replace(case, expect=replace(case.expect, eligible=False, group="remote"))
    assert rules.case_faults(NORMAL, wrong) == ["eligible: True, expected False", "group: general, expected remote"]


def test_every_rule_gives_its_result_source_and_day() -> None:
    found = rules.verdict(NORMAL, PERSON)
    assert found.eligible
    assert [result.rule for result in found.results] == [
        "identity_verified", "citizens_only", "age", "occupation", "register:civil_servant", "register:military",
        "register:police", "register:village_official", "register:soe_director",
        "register:pupil", "register:deceased", "prior_recipient",
    ]  # fmt: skip
    assert all(result.source and result.as_of and not result.correction for result in found.results)


def test_a_bar_names_keeper_day_and_correction() -> None:
    person = replace(PERSON, standings={"police": Standing("civil_registry", date(2023, 7, 1))})
    found = rules.verdict(NORMAL, person)
    assert (found.eligible, found.refused_by) == (False, ("register:police",))
    bar = next(result for result in found.results if not result.passed)
    assert (bar.source, bar.as_of) == ("Polri", date(2023, 7, 1))
    assert text(bar.reason, "id", **bar.facts) == "Anda ada di daftar anggota Polri. Data ini dipegang Polri."
    assert "ask Polri" in text(bar.correction, "en", **bar.facts)


@pytest.mark.parametrize(
    ("change", "rule", "reason"),
    [
        ({"identity": "mismatched"}, "identity_verified", "eligibility.identity_mismatched"),
        ({"birth_date": date(2005, 8, 21)}, "age", "eligibility.age_below"),
        ({"birth_date": date(1958, 8, 20)}, "age", "eligibility.age_above"),
        ({"occupation": "retired"}, "occupation", "eligibility.occupation_other"),
        ({"standings": {"prior_recipient": Standing("award", ON)}}, "prior_recipient", "eligibility.received_before"),
    ],
)
def test_each_refusal(change: dict[str, object], rule: str, reason: str) -> None:
    found = rules.verdict(NORMAL, replace(PERSON, **change))  # type: ignore[arg-type]
    assert found.refused_by == (rule,)
    assert reason in {result.reason for result in found.results}


people = st.builds(
    PersonFacts,
    on=st.dates(date(2022, 1, 1), date(2024, 12, 31)),
    identity=st.sampled_from(["registered", "verified", "mismatched"]),
    birth_date=st.dates(date(1930, 1, 1), date(2010, 1, 1)),
    occupation=st.sampled_from(["job_seeker", "laid_off", "worker", "furloughed", "small_business", "other"]),
    regency_code=st.sampled_from(["32.73", "12.04", "31.74"]),
    registry_as_of=st.none() | st.just(ON),
    disability=st.none() | st.just("visual"),
    standings=st.dictionaries(
        st.sampled_from(["police", "pupil", "social_aid", "deceased", "prior_recipient", "unheard_of"]),
        st.just(Standing("civil_registry", ON)),
    ),
)


@given(st.sampled_from([parse_programme(programme_text(code)) for code in CODES]), people)
def test_a_verdict_is_the_sum_of_its_results(programme: Programme, person: PersonFacts) -> None:
    found = rules.verdict(programme, person)
    assert found.eligible == all(result.passed for result in found.results)
    assert (found.state == "refused") == (found.refused_by != ())
    for result in found.results:
        assert result.correction or result.outcome != "refused"
        for language in LANGUAGES:
            for key in filter(None, (result.reason, result.correction)):
                sentences = text(key, language, **result.facts).split(". ")
                assert all(len(sentence.split()) <= 20 for sentence in sentences)


def test_who_waits_for_the_registry_is_not_refused() -> None:
    found = rules.verdict(NORMAL, replace(PERSON, identity="registered", registry_as_of=None))
    assert (found.state, found.eligible, found.refused_by) == ("pending", False, ())
    assert found.results[0].reason == "eligibility.identity_registered"


@given(people, st.sampled_from(["police", "pupil", "deceased"]))
def test_one_more_register_never_helps(person: PersonFacts, register: str) -> None:
    worse = replace(person, standings={**person.standings, register: Standing("civil_registry", ON)})
    assert rules.verdict(NORMAL, worse).eligible <= rules.verdict(NORMAL, person).eligible


def test_no_rules_admit_everybody() -> None:
    open_to_all = replace(NORMAL, eligibility=None, selection=None)
    assert rules.verdict(open_to_all, replace(PERSON, identity="mismatched")).eligible
    assert rules.priority_group(open_to_all, replace(PERSON, disability="visual")) == "general"


def test_limits_that_are_absent_are_not_asked() -> None:
    assert NORMAL.eligibility
    loose = replace(
        NORMAL.eligibility, identity_verified=False, citizens_only=False, age_min=None, age_max=None, occupations=(),
        registers=(), once_in_a_lifetime=False,
    )  # fmt: skip
    assert rules.verdict(replace(NORMAL, eligibility=loose), PERSON).results == ()


@pytest.mark.parametrize(
    ("count", "limit", "full"), [(0, 2, False), (1, 2, False), (2, 2, True), (3, 2, True), (9, None, False)]
)
def test_family_card(count: int, limit: int | None, full: bool) -> None:
    assert rules.family_card_full(count, limit) is full


def test_the_first_fitting_group_counts() -> None:
    person = replace(PERSON, regency_code="12.04", occupation="laid_off", disability="visual")
    assert rules.priority_group(NORMAL, person) == "disability"
    assert rules.priority_group(NORMAL, replace(person, disability=None)) == "laid_off"
    assert rules.priority_group(NORMAL, replace(person, disability=None, occupation="worker")) == "remote"
    assert rules.priority_group(NORMAL, PERSON) == "general"


def test_an_example_person_is_what_the_case_says() -> None:
    person = rules.person_of_case(Given(birth_date=ON, on=ON, registers=("pupil",), earlier_recipient=True))
    assert set(person.standings) == {"pupil", "prior_recipient", "face_matched"}
    given = Given(birth_date=ON, on=ON, citizen=False, face="review", prior_awards=("another",))
    assert set(rules.person_of_case(given).standings) == {"foreign_national", "face_review", "award:another"}
    assert not rules.person_of_case(Given(birth_date=ON, on=ON, face="none")).standings
