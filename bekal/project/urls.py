"""Every address of the site, door by door."""

from django.urls import include, path

handler400 = "bekal.doors.public.first.unreadable"
handler403 = "bekal.doors.public.first.forbidden"
handler404 = "bekal.doors.public.first.not_found"
handler500 = "bekal.doors.public.first.broken"

urlpatterns = [
    path("", include("bekal.doors.citizen.urls")),
    path("", include("bekal.doors.public.urls")),
    path("", include("bekal.doors.provider.urls")),
    path("", include("bekal.doors.operator.urls")),
    path("", include("bekal.doors.partner_api.urls")),
]
