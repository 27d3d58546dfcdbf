"""Addresses of the institution's desk."""

from django.urls import path

from bekal.doors.provider import desk, settlements

urlpatterns = [
    path("lembaga", desk.desk),
    path("lembaga/kehadiran", desk.vouch),
    path("lembaga/selesai", desk.report),
    path("lembaga/pembayaran", settlements.statements),
    path("lembaga/pembayaran/<int:number>", settlements.statement),
    path("lembaga/pembayaran/<int:number>.csv", settlements.statement_file),
]
