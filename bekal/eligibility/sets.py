"""The rules of a programme as one SQL statement: what decides one person decides millions.

`decision(programme, on, lists)` is a SELECT over a relation `people(id)` with a row for every citizen in it: id,
outcomes, as_of, age, regency_code, group, outcome. Outcomes and days mean what they mean in `rules.verdict`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from bekal.eligibility.rules import GENERAL, Rule, groups_of, rules_of
from bekal.eligibility.rules.conditions import Scope, Sql
from bekal.rulebooks.rules import Programme

_SHAPE = """
    SELECT d.id, ARRAY[{outcomes}]::smallint[] AS outcomes, d.as_of, d.age, d.regency_code, d.grp AS "group",
        CASE WHEN {refused} THEN 'refused' WHEN {pending} THEN 'pending' ELSE 'eligible' END AS outcome
    FROM (
        SELECT c.id, c.regency_code, {columns} ARRAY[{days}]::date[] AS as_of,
            extract(year FROM age(%s::timestamp, c.birth_date::timestamp))::smallint AS age, {group} AS grp
        FROM people JOIN citizens_citizen c ON c.id = people.id
        {joins}
        OFFSET 0
    ) d
"""
_JOIN = """
    LEFT JOIN eligibility_fact {alias}
        ON {alias}.nik_ref = c.nik_ref AND {alias}.kind = %s AND {alias}.standing <> 'ended'"""


def decision(programme: Programme, on: date, lists: Mapping[str, date]) -> Sql:
    """The statement and its parameters. `lists`: register -> day of the newest list of it."""
    rules = rules_of(programme)
    kinds = sorted(frozenset[str]().union(*(rule.kinds() for rule in rules)))
    scope = Scope(on, {kind: f"f{number}" for number, kind in enumerate(kinds)})
    columns = [_outcome(rule, number, scope) for number, rule in enumerate(rules)]
    days = [_day(rule, scope, lists) for rule in rules]
    group, told = _group(programme, scope)
    parameters = [value for _, values in columns for value in values]
    parameters += [value for _, values in days for value in values]
    text = _SHAPE.format(
        outcomes=", ".join(f"d.o{number}" for number in range(len(rules))),
        refused=_ending(rules, "refused"),
        pending=_ending(rules, "pending"),
        columns="".join(f"{text}, " for text, _ in columns),
        days=", ".join(text for text, _ in days),
        group=group,
        joins="".join(_JOIN.format(alias=scope.aliases[kind]) for kind in kinds),
    )
    return text, [*parameters, on, *told, *kinds]


def _outcome(rule: Rule, number: int, scope: Scope) -> Sql:
    arms = [arm.when.sql(scope) for arm in rule.arms]
    cases = "".join(f" WHEN {text} THEN {place}" for place, (text, _) in enumerate(arms, 1))
    return f"CASE{cases} ELSE 0 END AS o{number}", [value for _, values in arms for value in values]


def _day(rule: Rule, scope: Scope, lists: Mapping[str, date]) -> Sql:
    if rule.dated == "today":
        return "%s::date", [scope.on]
    if rule.dated == "registry":
        return "c.registry_as_of", []
    alias, listed = scope.aliases[rule.dated], lists.get(rule.dated)
    if listed is None:
        return f"coalesce({alias}.as_of, c.registry_as_of)", []
    return f"coalesce({alias}.as_of, %s::date)", [listed]


def _ending(rules: Sequence[Rule], outcome: str) -> str:
    """Whether any rule ended like this."""
    numbers = [[place for place, arm in enumerate(rule.arms, 1) if arm.outcome == outcome] for rule in rules]
    tests = [f"d.o{rule} IN ({', '.join(map(str, arms))})" for rule, arms in enumerate(numbers) if arms]
    return " OR ".join(tests) or "false"


def _group(programme: Programme, scope: Scope) -> Sql:
    found = [(code, condition.sql(scope)) for code, condition in groups_of(programme)]
    if not found:
        return "%s", [GENERAL]
    parameters: list[Any] = []
    for code, (_, values) in found:
        parameters += [*values, code]
    cases = "".join(f" WHEN {text} THEN %s" for _, (text, _) in found)
    return f"(CASE{cases} ELSE %s END)", [*parameters, GENERAL]
