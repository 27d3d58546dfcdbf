"""Reading facts, lists, verdicts and reviews."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Max, QuerySet

from bekal.citizens.models import Citizen
from bekal.core.rows import Rows, plain_rows
from bekal.eligibility.models import Fact, RegisterList, Review, ReviewState, Stands, Verdict
from bekal.eligibility.rules import PersonFacts, RuleResult, Standing, rules_of, told
from bekal.eligibility.rules.definition import FACE_MATCHED, FACE_REVIEW, PRIOR_RECIPIENT, award_of
from bekal.rulebooks.queries import programme_of, rulebooks
from bekal.rulebooks.rules import EligibilityRules, Words

OWN = frozenset({PRIOR_RECIPIENT, FACE_MATCHED, FACE_REVIEW})
"""Registers that this system itself writes, beside those of awards."""


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A decision. `state`: eligible, pending or refused; `results`: one for each rule, in the programme's order."""

    citizen_id: UUID
    rulebook_id: UUID
    state: str
    results: tuple[RuleResult, ...]
    decided_at: datetime

    @property
    def eligible(self) -> bool:
        """Whether every rule said yes."""
        return self.state == "eligible"

    @property
    def refusals(self) -> tuple[RuleResult, ...]:
        """The rules that said no."""
        return tuple(result for result in self.results if result.outcome == "refused")

    @property
    def waits(self) -> tuple[RuleResult, ...]:
        """The rules that wait for somebody else."""
        return tuple(result for result in self.results if result.outcome == "pending")


@dataclass(frozen=True, slots=True)
class Decided:
    """What later rooms need of a decision. `state`: eligible, pending or refused; `refused_by`: rules that said no;
    `regency_code` and `group`: where and as what the person draws."""

    state: str
    refused_by: tuple[str, ...]
    regency_code: str
    group: str


def verdict_of(citizen_id: UUID, rulebook_id: UUID) -> VerdictView | None:
    """The last decision about a person under a version of a programme."""
    row = Verdict.objects.filter(citizen_id=citizen_id, rulebook_id=rulebook_id).first()
    if row is None:
        return None
    results = told(rules_of(programme_of(rulebook_id)), row.outcomes, row.as_of, row.age)
    return VerdictView(row.citizen_id, row.rulebook_id, row.outcome, results, row.decided_at)


def decided(rulebook_id: UUID, citizen_ids: Sequence[UUID]) -> dict[UUID, Decided]:
    """The last decisions about many people; who was never decided about is not in it."""
    rules = rules_of(programme_of(rulebook_id))
    rows = Verdict.objects.filter(rulebook_id=rulebook_id, citizen_id__in=citizen_ids)
    return {
        citizen_id: Decided(
            state,
            tuple(
                rule.code
                for rule, arm in zip(rules, outcomes, strict=True)
                if arm and rule.arms[arm - 1].outcome == "refused"
            ),
            regency_code,
            group,
        )
        for citizen_id, state, outcomes, regency_code, group in rows.values_list(
            "citizen_id", "outcome", "outcomes", "regency_code", "group"
        )
    }


def is_eligible(citizen_id: UUID, rulebook_id: UUID) -> bool:
    """Whether the last decision about a person under a version of a programme was a yes."""
    return Verdict.objects.filter(citizen_id=citizen_id, rulebook_id=rulebook_id, outcome="eligible").exists()


def facts_about(nik_ref: UUID) -> list[Fact]:
    """All facts about the person behind a NIK's reference, past ones among them."""
    return list(Fact.objects.filter(nik_ref=nik_ref).order_by("kind"))


def newest_lists() -> dict[str, date]:
    """Register -> day of the newest list of it."""
    return dict(RegisterList.objects.values_list("kind").annotate(newest=Max("as_of")).order_by("kind"))


def barring(kind: str) -> list[UUID]:
    """The versions of programmes that bar whoever stands in a register."""
    return [book_id for book_id, rules in _eligibility() if kind in rules.registers_barred]


def importable() -> frozenset[str]:
    """The registers that some programme looks into, and of which a list can come."""
    kinds = (rule.kinds() for book_id, _ in _eligibility() for rule in rules_of(programme_of(book_id)))
    return frozenset[str]().union(*kinds) - {FACE_MATCHED, FACE_REVIEW}


def only_grows(kind: str) -> bool:
    """Whether no list takes anybody off a register: being on it is a right, or this system itself writes it."""
    required = {register.code for _, rules in _eligibility() for register in rules.required}
    return kind in required | OWN or kind.startswith(award_of(""))


def _eligibility() -> list[tuple[UUID, EligibilityRules]]:
    found = ((book.id, programme_of(book.id).eligibility) for book in rulebooks())
    return [(book_id, rules) for book_id, rules in found if rules]


def person_facts(citizen: Citizen, facts: Iterable[Fact], on: date) -> PersonFacts:
    """What the rules need to know of a person."""
    return PersonFacts(
        on=on,
        identity=citizen.state,  # type: ignore[arg-type]
        birth_date=citizen.birth_date,
        occupation=citizen.occupation,
        regency_code=citizen.regency_code,
        registry_as_of=citizen.registry_as_of,
        disability=citizen.disability or None,
        schooling=citizen.schooling,
        sex=citizen.sex,
        standings={
            fact.kind: Standing(fact.source, fact.as_of, contested=fact.standing == Stands.CONTESTED)
            for fact in facts
            if fact.standing != Stands.ENDED
        },
        lists=newest_lists(),
    )


def books_decided(citizen_id: UUID) -> list[UUID]:
    """The versions of programmes under which there is a decision about a person."""
    rows = Verdict.objects.filter(citizen_id=citizen_id).order_by("rulebook_id")
    return list(rows.values_list("rulebook_id", flat=True))


def review_due(citizen_id: UUID) -> date | None:
    """Until when a contested decision about a person is looked at, if one is."""
    rows = Review.objects.filter(citizen_id=citizen_id, state=ReviewState.OPEN)
    return rows.order_by("due_on").values_list("due_on", flat=True).first()


def contested_among(citizen_ids: Iterable[UUID]) -> set[UUID]:
    """Those of these people about whom a past decision is contested and still open."""
    rows = Review.objects.filter(citizen_id__in=list(citizen_ids), state=ReviewState.OPEN)
    return set(rows.values_list("citizen_id", flat=True))


def contested_people() -> QuerySet[Review, UUID]:
    """Everybody about whom a past decision is contested and still open, as a subquery."""
    return Review.objects.filter(state=ReviewState.OPEN).values_list("citizen_id", flat=True)


def rows_about(citizen_id: UUID) -> dict[str, Rows]:
    """Everything this room keeps about a person, by table."""
    ref = Citizen.objects.values_list("nik_ref", flat=True).get(id=citizen_id)
    return {
        "facts": plain_rows(Fact.objects.filter(nik_ref=ref), without=("nik_ref",)),
        "verdicts": plain_rows(Verdict.objects.filter(citizen_id=citizen_id)),
        "reviews": plain_rows(Review.objects.filter(citizen_id=citizen_id), without=("proposed_by", "closed_by")),
    }


def review_for(staff_key: str) -> Review | None:
    """The contested decision that waits longest and that this member of staff has not proposed to confirm."""
    rows = Review.objects.filter(state=ReviewState.OPEN).exclude(proposed_by=staff_key)
    return rows.select_related("register_list").order_by("due_on", "opened_at", "id").first()


def open_review_count() -> int:
    """How many contested decisions wait for a person."""
    return Review.objects.filter(state=ReviewState.OPEN).count()


def register_words(kind: str) -> Words:
    """What the newest programme that knows a register calls it; its code where none does."""
    for book in reversed(rulebooks()):
        rules = programme_of(book.id).eligibility
        for register in (*rules.registers, *rules.required) if rules else ():
            if register.code == kind:
                return register.name
    return Words(kind, kind)
