"""Bought trainings and how far each has come; the attendance check; rating."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods, require_safe

from bekal.citizens.queries import citizen_place
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors import answers
from bekal.doors.citizen.questions import named
from bekal.doors.fields import Field, ask_form, asked, read_form
from bekal.doors.headers import allow_form_to
from bekal.doors.languages import say
from bekal.doors.moments import zone_of
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import actor, citizen_id, leave_word, permission
from bekal.learning.queries import AttendancePage, LearningView, attendance_page, learning_of
from bekal.learning.tasks import check_face
from bekal.market.actions import rate_purchase

LARGEST_PHOTO = 15 * 1024 * 1024
PHOTO_SIGNS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
STARS = ("1", "2", "3", "4", "5")


@permission("citizen")
@require_safe
def trainings_page(request: HttpRequest) -> HttpResponse:
    """Every bought training: its code, its sessions, what is missing, and where the certificate is."""
    key = citizen_id(request)
    shown = tuple((one, _gaps(one), say(f"learning.state_{one.state}"), _chain(one)) for one in learning_of(key))
    return show(request, "citizen/trainings.html", trainings=shown, zone=zone_of(citizen_place(key)))


def _gaps(one: LearningView) -> tuple[str, ...]:
    return tuple(say(gap.code, **dict(gap.facts)) for gap in one.gaps)


def _chain(one: LearningView) -> tuple[tuple[str, bool], ...]:
    """The way of a certificate, leg by leg, each with its owner: (words, done)."""
    reached = ("none", "reported", "verified", "issued").index(one.certificate_state)
    return (
        (say("chain.redeemed"), one.redeemed_at is not None),
        (say("chain.attended", attended=one.attended, sessions=one.sessions), one.attended >= one.sessions),
        (say("chain.reported"), reached >= 1),
        (say("chain.verified"), reached >= 2),
        (say("chain.issued"), reached >= 3),
    )


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def attendance(request: HttpRequest, token: str) -> HttpResponse:
    """Prove presence with a photo, then go back to the institution. A failed photo never costs the session."""
    page = attendance_page(token)
    if page is None or page.citizen_id != citizen_id(request):
        raise Http404
    if request.method == "POST" and page.state == "present":
        return HttpResponseRedirect(_return_address(page))
    faults = _attend(request, page) if request.method == "POST" else ()
    if request.method == "POST" and not faults:
        return HttpResponseRedirect(_return_address(page))
    photo = Field("photo", "photo", answers.line())
    response = show(
        request, "citizen/attendance.html", faults=faults, page=page, asked=asked(photo, (), faults),
        back=_return_address(page), zone=zone_of(citizen_place(page.citizen_id)),
    )  # fmt: skip
    parts = urlsplit(page.redirect_uri)
    allow_form_to(response, f"{parts.scheme}://{parts.netloc}")
    return response


def _attend(request: HttpRequest, page: AttendancePage) -> tuple[Fault, ...]:
    photo = request.FILES.get("photo")
    fault = _photo_fault(photo)
    if fault or not isinstance(photo, UploadedFile):
        return (Fault("photo", say(f"form.photo.{fault}")),)
    try:
        check_face(token=page.token, citizen_id=page.citizen_id, photo=photo.read())
    except Refused as refused:
        return (Fault("", refusal_words(refused)),)
    return ()


def _photo_fault(photo: object) -> str:
    if not isinstance(photo, UploadedFile) or not photo.size:
        return "missing"
    if photo.size > LARGEST_PHOTO:
        return "big"
    start = photo.read(8)
    photo.seek(0)
    return "" if start.startswith(PHOTO_SIGNS) else "wrong"


def _return_address(page: AttendancePage) -> str:
    """The institution's address with `state`, its own query kept."""
    parts = urlsplit(page.redirect_uri)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("state", page.state_key)]
    return urlunsplit(parts._replace(query=urlencode(query)))


RATING = (
    Field("stars", "stars", answers.one_of(STARS), named("form.stars", STARS)),
    Field("words", "words", answers.line(1_000), longest=1_000),
)


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def rating(request: HttpRequest, code: str) -> HttpResponse:
    """Rate a bought training: stars and words."""
    mine = next((one for one in learning_of(citizen_id(request)) if one.training_code == code), None)
    if mine is None:
        raise Http404
    if request.method != "POST":
        return show(request, "citizen/rate.html", training=mine, fields=tuple(asked(field) for field in RATING))
    reading = read_form(RATING, dict(request.POST.lists()))
    faults = reading.faults
    if not faults:
        try:
            rate_purchase(
                by=actor(request), at=clock.now(), citizen_id=citizen_id(request), purchase_id=mine.purchase_id,
                stars=int(reading.values["stars"]), words=reading.values["words"],
            )  # fmt: skip
        except Refused as refused:
            faults = (Fault("", refusal_words(refused)),)
    if faults:
        return show(request, "citizen/rate.html", faults=faults, training=mine, fields=ask_form(RATING, reading))
    leave_word(request, "good", "rate.thanks")
    return HttpResponseRedirect("/saya")
