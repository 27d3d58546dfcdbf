"""Addresses of the operators' desk."""

from django.urls import path

from bekal.doors.operator import contested, desk, identity, recovery, waiting

urlpatterns = [
    path("operator", desk.desk),
    path("operator/gelombang/<int:wave_number>", desk.move_wave),
    path("operator/undian/<int:wave_number>", desk.sign),
    path("operator/undian/<int:wave_number>/batal", desk.annul),
    path("operator/pemulihan", recovery.cases_page),
    path("operator/pemulihan/<uuid:case_id>", recovery.case_page),
    path("operator/pemulihan/<uuid:case_id>/putuskan", recovery.decide),
    path("operator/identitas", identity.cases),
    path("operator/identitas/<uuid:citizen_id>/foto", identity.photo),
    path("operator/tinjauan", contested.reviews),
    path("operator/pencairan", desk.plan_runs),
    path("operator/pencairan/<uuid:run_id>", desk.decide_run),
    path("operator/pencairan/tahan", waiting.hold),
    path("operator/pencairan/menunggu", waiting.orders),
    path("operator/pencairan/menunggu/<str:reference>", waiting.decide),
]
