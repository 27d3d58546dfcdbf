"""Every address of the site, door by door."""

from django.urls import include, path

urlpatterns = [
    path("", include("bekal.doors.public.urls")),
    path("", include("bekal.doors.citizen.urls")),
    path("", include("bekal.doors.provider.urls")),
    path("", include("bekal.doors.operator.urls")),
    path("", include("bekal.doors.partner_api.urls")),
]
