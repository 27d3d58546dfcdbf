"""Names as they stand on KTPs, and as they might: each is taken and shown back letter for letter by the real page."""

import html
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.test import Client

from bekal.citizens import rules
from bekal.citizens.actions import register_applicants
from bekal.citizens.models import Citizen
from bekal.citizens.rows import Applicant, read_row
from bekal.core.clock import now
from tests.citizens.making import BY
from tests.citizens.test_applicants import ON, cells
from tests.doors.conftest import outside  # noqa: F401
from tests.doors.test_registration import DAY, answer, prove_phone
from tests.rulebooks.making import loaded_programme

FIRST = ("Siti", "Budi", "Dewi", "Agus", "Ni Luh Putu", "Muhammad", "Nur", "Sri", "Abdul", "Maria")
LAST = ("Santoso", "Nasution", "Sihombing", "Wulandari", "Lestari", "Hutagalung", "Tjokroaminoto", "Rahmawati")
SHAPES = (
    "{first} {last}", "{last}, {first}", "Dr. {first} {last}, S.E., M.M.", "H. {first} {last}",
    "Hj. {first} binti {last}", "{first} bin {last}", "{first} {last} 3rd", "{first}-{last}", "R.A. {first} {last}",
    "{first} (Alm.) {last}", "{first} al-{last}", "Drs. H. {first}  {last}", "{first} d'{last}", "{first} {last} II",
    "{first} alias {last}", "{first} a/n {last}", "Mc{last}", "Ny. {first} {last}-{last}",
)  # fmt: skip
REAL = (
    "A", "I", "Y", "Suharto", "Sukarno", "Slamet", "Mulyono", "N", "U Thant", "O", "Po", "R.M. 2", "3rd Rahman",
    "I Gusti Ayu Made Rai", "Ida Ayu Komang Oka", "I Gusti Ngurah Rai", "I Wayan", "Ni Made Ayu", "Anak Agung Gde",
    "Cokorda Istri", "Desak Putu", "Dewa Gede", "Sagung Ayu", "d'Arc", "Jeanne d’Arc", "D'Souza", "O'Brien", "O’Neil",
    "NURUL `AIN", "Nurul ‘Ain", "Nurul ʻAin", "Nurul ʼAin", "Nurul ´Ain", "Ma'ruf", "Ma’ruf", "Sya'ban", "Rofi'ah",
    "Mu'minah", "Al-Qur'ani", "Abdul-Aziz", "Nur'aini", "Ba'asyir", "Ka'bah", "Jum'at", "Ana-Maria", "Anne‐Marie",
    "Anne‑Marie", "Tuan Guru H. Zainuddin, Lc., M.A.", "Prof. Dr. Ir. B.J. Habibie, FREng", "K.H. Abdurrahman Wahid",
    "R.Ng. Ronggowarsito", "K.R.T. Wiryodiningrat", "G.K.R. Hemas", "Raden Mas Said", "Raden Ayu Kartini", "St. Aisyah",
    "Moch. Soleh", "Mohd. Ali", "Muh. Yusuf", "M. Nasir", "Tjoa A Yin", "Oei Tiong Ham", "Liem Sioe Liong", 
    
    "Kwik Kian Gie",
    "Yohanes Paulus II", "Maria Goretti da Costa", "Xanana Gusmão", "João da Silva", "José", "Renée", "Zoë", "Chloë",
    "François", "Björk", "Søren", "Łukasz", "Dvořák", "Nguyễn Văn Ân", "Ğülşen", "Þór", "Straße", "Œuvre", "Ñuñez",
    "Jose\u0301", "Ame\u0301lie", "A\u030angstro\u0308m", "S\u0323alih\u0323", "Ḥasan", "ʿAlī", "Ṭāhā", "Mūsā", "Ā",
    "محمد علي", "عبد الرحمن", "فاطمة", "نور العين", "علی\u200cرضا", "مُحَمَّد", "شيخ ٢",
    "李小龍", "林", "陳美玲", "王 大明", "ꦯꦶꦠꦶ", "ꦧꦸꦢꦶ ꦱꦤ꧀ꦠꦺꦴꦱꦺꦴ", "ꦱꦸꦏꦂꦤ", "ᬲᬶᬢᬶ", "ᬯᬬᬦ᭄", "ᬦᬶ ᬫᬤᬾ", "ᮞᮤᮒᮤ", "ᮃᮞᮨᮕ᮪",
    "ᨅᨔᨑ", "ᨕᨆᨗᨑ", "ᯅᯖᯂ᯲", "ராஜா", "க\u200dஷ", "श्रीमती", "क्\u200dष", "สมชาย", "한국인", "やまだ", "Владимир", "Αλέξης",
    "Siti  Dua Spasi", "siti huruf kecil", "SITI HURUF BESAR", "sItI cAmPuR", "Tan, Melaka", "A.", "A.B.", "A/L Raju",
    "S/O Kumar", "Kapten (Purn.) Yusuf", "Bhre", "Xx", "Wwww", "Fr. Magnis-Suseno, S.J.", "Sr. Maria OSU", "Pdt. Yosua",
    "Andi Baso Amir Makkasau Petta Lolo", "La Ode Muhammad", "Wa Ode Siti", "Daeng Ngalle", "Teuku Umar",
    "Cut Nyak Dien",
    "Datuk Seri", "Pangeran Diponegoro XIII", "Uwais Al Qarni bin Amir bin Juz bin Malik", "Ali " * 40 + "Akhir",
      "Kanjeng Gusti Pangeran Adipati Arya Mangkunegara Senapati ing Ngalaga Ngabdurrahman Sayidin Panatagama "
    "Kalifatullah",
    "x" * 200, "é" * 120, "ꦲ" * 100,
)  # fmt: skip


def made() -> Iterator[str]:
    for number, (shape, first) in enumerate(product(SHAPES, FIRST)):
        yield shape.format(first=first, last=LAST[number % len(LAST)])


NAMES = tuple(dict.fromkeys([*REAL, *made()]))


def test_there_are_enough() -> None:
    assert len(NAMES) >= 300
    assert sum(1 for name in NAMES if len(name) >= 100) >= 4


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:30])
def test_every_name_is_taken_as_it_is(name: str) -> None:
    assert rules.read_name(name) == name


@pytest.mark.django_db
def test_the_page_shows_every_name_back(clock_at: Any, outside: Any) -> None:  # noqa: F811
    clock_at(DAY)
    loaded_programme()
    client = Client()
    answer(client, "telepon")
    prove_phone(client)
    for name in NAMES:
        reply = client.post("/daftar/nama", {"name": name})
        assert reply.status_code == 302, (name, reply.content.decode()[:2000])
        page = client.get("/daftar/nama").content.decode()
        shown = re.search(r'<input[^>]*name="name"[^>]*?value="([^"]*)"|value="([^"]*)"[^>]*name="name"', page)
        assert shown, page
        assert html.unescape(shown[1] or shown[2]) == name


@pytest.mark.django_db
def test_the_register_keeps_every_name(clock_at: Any) -> None:
    clock_at(DAY)
    read = [read_row(number, cells(number, name=name), ON) for number, name in enumerate(NAMES, 1)]
    people = [one for one in read if isinstance(one, Applicant)]
    assert register_applicants(by=BY, at=now(), source="c" * 64, applicants=people).added == len(NAMES)
    assert sorted(Citizen.objects.values_list("name", flat=True)) == sorted(NAMES)
