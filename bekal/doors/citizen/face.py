"""The photo of a person's face: taking it, what came of it, and what to do next."""

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_http_methods

from bekal.citizens.actions import FaceSettled, PhotoInCheck, PhotoMissing, PhotoRefused, PhotoTooBig
from bekal.citizens.photos import LARGEST_BYTES
from bekal.citizens.queries import FaceView, citizen_view, face_of
from bekal.citizens.rules import IDENTITY_POLICY, promised_day
from bekal.core import clock
from bekal.core.errors import Refused
from bekal.doors import answers
from bekal.doors.fields import Field, asked
from bekal.doors.headers import allow_own_script
from bekal.doors.languages import say
from bekal.doors.pages import Fault, refusal_words, show
from bekal.doors.sessions import citizen_id, leave_word, permission
from bekal.eligibility.tasks import send_photo
from bekal.rulebooks.queries import programme_of, rulebook_of

PHOTO = Field("photo", "photo", answers.line())


def face_asked() -> bool:
    """Whether the programme of this site asks for a photo of the face."""
    rules = programme_of(rulebook_of(settings.PROGRAMME).id).eligibility
    return rules is not None and rules.face_matched


@permission("citizen")
@require_http_methods(["GET", "HEAD", "POST"])
def face_page(request: HttpRequest) -> HttpResponse:
    """Send a photo, or see what came of the last one."""
    faults: tuple[Fault, ...] = ()
    if request.method == "POST" and face_asked():
        try:
            _send(request)
        except (PhotoInCheck, FaceSettled) as refused:
            leave_word(request, "info", refused.code)
        except Refused as refused:
            anchor = "photo" if isinstance(refused, PhotoRefused) else ""
            faults = (Fault(anchor, refusal_words(refused)),)
        if not faults:
            return HttpResponseRedirect("/saya/wajah")
    return _shown(request, faults)


def _send(request: HttpRequest) -> None:
    photo = request.FILES.get("photo")
    if not isinstance(photo, UploadedFile):
        raise PhotoMissing
    if (photo.size or 0) > LARGEST_BYTES:
        raise PhotoTooBig
    send_photo(citizen_id(request), photo.read(), rulebook_of(settings.PROGRAMME).id)


def _shown(request: HttpRequest, faults: tuple[Fault, ...]) -> HttpResponse:
    key = citizen_id(request)
    person, check = citizen_view(key), face_of(key)
    standing = _standing(person.state, check)
    response = show(
        request, "citizen/face.html", faults=faults, person=person, standing=standing, asked=asked(PHOTO, (), faults),
        advice=_advice(check), left=say("face.left", left=check.left) if check and check.state == "open" else "",
        refused_for=say(f"face.refused.{check.refused_for}") if check and check.refused_for else "",
        due_on=_due_on(check), keep_days=IDENTITY_POLICY.keep_days,
    )  # fmt: skip
    if standing in ("first", "open", "refused"):
        allow_own_script(response)
    return response


def _standing(person: str, check: FaceView | None) -> str:
    """Which of its faces the page shows: unasked, data, first, or the state of the check."""
    if not face_asked():
        return "unasked"
    if person == "mismatched":
        return "data"
    return "first" if check is None else check.state


def _advice(check: FaceView | None) -> str:
    """What to do better, by the last answer of the face match."""
    if check is None or check.state != "open" or not check.tries:
        return ""
    return say("face.advice_alike" if check.tries[-1].live else "face.advice_live")


def _due_on(check: FaceView | None) -> object:
    """The day by which the person hears from us."""
    if check is None or check.state == "waiting":
        since, now = check.sent_at if check else clock.now(), clock.now()
        return max(promised_day(since, IDENTITY_POLICY.registry_days), promised_day(now, 1))
    return check.review_due_on
