"""Trainings that may suit a person, a package toward a goal, and matched vacancies."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from bekal.advice.queries import package_for, recommendations_for
from bekal.careers.queries import vacancies_for
from bekal.citizens.queries import citizen_place, consents_of
from bekal.doors import answers
from bekal.doors.fields import Field, asked
from bekal.doors.languages import say
from bekal.doors.listings import job_row, training_row
from bekal.doors.moments import zone_of
from bekal.doors.pages import show
from bekal.doors.sessions import citizen_id, permission
from bekal.doors.skill_names import field_choices, fields, skill_names
from bekal.scholarships.queries import award_of

GOAL = Field("goal", "select", answers.one_of(fields), field_choices)


@permission("citizen")
@require_safe
def advice_page(request: HttpRequest) -> HttpResponse:
    """Recommendations with their reasons; with `?goal=` a package that fits the balance."""
    key = citizen_id(request)
    goal, personal = request.GET.get("goal", ""), "recommendations" in consents_of(key)
    package = package_for(key, goal) if goal in fields() else None
    found = recommendations_for(key, opt_out=not personal)
    recommended = tuple((training_row(one.training), say(one.reason, **dict(one.facts))) for one in found)
    return show(
        request, "citizen/advice.html", recommended=recommended, goal=asked(GOAL, (goal,)), package=package,
        package_rows=tuple(training_row(one) for one in package.trainings) if package else (),
        gained=", ".join(skill_names(tuple(package.skills_gained))) if package else "",
        award=award_of(key), zone=zone_of(citizen_place(key)),
    )  # fmt: skip


@permission("citizen")
@require_safe
def jobs_page(request: HttpRequest) -> HttpResponse:
    """Vacancies that fit what the person learned and where they live, each with its reasons."""
    matched = tuple(
        (job_row(one.vacancy), tuple(say(code, **facts) for code, facts in one.reasons))
        for one in vacancies_for(citizen_id(request))
    )
    return show(request, "citizen/jobs.html", matched=matched)
