"""Addresses of the institution's desk."""

from django.urls import path

from bekal.doors.provider import desk

urlpatterns = [
    path("lembaga", desk.desk),
    path("lembaga/kehadiran", desk.vouch),
    path("lembaga/selesai", desk.report),
]
