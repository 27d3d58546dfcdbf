"""Addresses that anyone may open."""

from django.urls import path

from bekal.doors.public import book, certificates, draws, first, lists, money, proofs

urlpatterns = [
    path("", first.home),
    path("bantuan", first.help_page),
    path("gaya", first.style),
    path("sehat", first.health),
    path("pelatihan", lists.trainings),
    path("pelatihan/<str:code>", lists.training),
    path("lowongan", lists.jobs),
    path("sertifikat/<slug:number>.json", certificates.certificate_file),
    path("sertifikat/<slug:number>", certificates.certificate_page),
    path("terbuka", book.book),
    path("terbuka/undian", draws.draws),
    path("terbuka/undian/periksa", proofs.check),
    path("terbuka/undian/<int:wave_number>", draws.draw),
    path("terbuka/undian/<int:wave_number>/<int:sequence>/roll.bin", draws.roll_file),
    path("terbuka/undian/<int:wave_number>/<int:sequence>/result.bin", draws.result_file),
    path("terbuka/undian/<int:wave_number>/<int:sequence>/excluded.csv", draws.excluded_file),
    path("terbuka/undian/kunci-tanda-terima.json", draws.receipt_key),
    path("terbuka/undian/<int:wave_number>/<int:sequence>/<slug:name>.json", draws.document),
    path("terbuka/undian/<int:wave_number>/<int:sequence>/blok/<int:block>", draws.block_file),
    path("terbuka/uang", money.money),
    path("terbuka/uang/journal.json", money.journal_file),
    path("terbuka/uang/wilayah", money.places),
    path("terbuka/uang/wilayah/<slug:code>", money.province),
    path("terbuka/uang/<str:name>", money.money_file),
    path("terbuka/dampak", book.effect),
    path("terbuka/aturan/<slug:code>", book.rules),
    path("terbuka/data/<slug:name>.json", book.document),
]
