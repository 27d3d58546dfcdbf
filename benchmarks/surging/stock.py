"""The same join as a new Django project would write it: a session, a user, the ORM's get_or_create."""

from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, JsonResponse
from django.urls import path

from bekal.core import clock
from bekal.engines.draw.roll import ticket_id
from bekal.waves.models import Joining, Wave
from bekal.waves.queries import wave_key


@transaction.atomic
def join(request: HttpRequest) -> JsonResponse:
    """The ticket of a signed-in user."""
    if not request.user.is_authenticated:
        return JsonResponse({}, status=403)
    at, citizen = clock.now(), UUID(request.POST["citizen"])
    wave = Wave.objects.get(pk=request.POST["wave"], state="open", opens_at__lte=at, closes_at__gt=at)
    ticket = ticket_id(wave_key=wave_key(wave.id), person=citizen)
    row, fresh = Joining.objects.get_or_create(
        wave_id=wave.id, citizen_id=citizen, defaults={"ticket_id": ticket, "joined_at": at}
    )
    if not fresh:
        Joining.objects.filter(pk=row.pk).update(attempts=F("attempts") + 1)
    return JsonResponse({"ticket_id": bytes(row.ticket_id).hex()})


urlpatterns = [path("saya/gelombang", join)]
