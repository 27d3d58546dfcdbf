"""Addresses of the citizen's pages."""

from django.urls import path

from bekal.doors.citizen import advice, dashboard, learning, money, passkeys, registration, sign_in, surveys, waves

urlpatterns = [
    path("daftar", registration.start),
    path("daftar/kode", registration.phone_code),
    path("daftar/lanjut", registration.go_on),
    path("daftar/terdaftar", registration.known),
    path("daftar/periksa", registration.check),
    path("daftar/selesai", registration.receipt),
    path("daftar/<slug:slug>", registration.question),
    path("masuk", sign_in.phone),
    path("masuk/kode", sign_in.code),
    path("masuk/bukti", sign_in.proof),
    path("masuk/tantangan", passkeys.enter_challenge),
    path("masuk/kunci", passkeys.enter_with_key),
    path("tautan/<slug:token>", sign_in.link),
    path("keluar", sign_in.sign_out),
    path("saya", dashboard.way_page),
    path("saya/data", dashboard.data_page),
    path("saya/data/perbaiki", dashboard.correct),
    path("saya/data/periksa", dashboard.check_again),
    path("saya/keamanan", passkeys.security_page),
    path("saya/keamanan/tantangan", passkeys.add_challenge),
    path("saya/keamanan/hapus", passkeys.remove),
    path("saya/gelombang", waves.wave_page),
    path("saya/gelombang/bukti.json", waves.receipt_file),
    path("saya/gelombang/periksa", waves.check_own),
    path("saya/saldo", money.balance_page),
    path("saya/rekening", money.account_page),
    path("saya/insentif", money.incentive_page),
    path("saya/saran", advice.advice_page),
    path("saya/lowongan", advice.jobs_page),
    path("saya/pelatihan", learning.trainings_page),
    path("saya/nilai/<str:code>", learning.rating),
    path("saya/survei/<int:number>", surveys.survey_page),
    path("hadir/<slug:token>", learning.attendance),
]
