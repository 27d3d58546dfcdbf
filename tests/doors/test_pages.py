"""Every page, for everyone who may open it, in both languages."""

import gzip
import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.doors.making import World, as_citizen, as_provider, as_staff

LARGEST_PAGE = 14_000
PUBLIC = (
    "/", "/bantuan", "/gaya", "/daftar", "/daftar/telepon", "/masuk", "/pelatihan",
    "/pelatihan?search=digital&mode=webinar", "/pelatihan/TR-2", "/lowongan", "/lowongan?search=ponsel&place=32",
    "/terbuka", "/terbuka/undian", "/terbuka/undian/59", "/terbuka/undian/periksa", "/terbuka/uang",
    "/terbuka/uang/wilayah", "/terbuka/uang/wilayah/32", "/terbuka/dampak", "/terbuka/aturan/prakerja-2023",
)  # fmt: skip
OWN = (
    "/saya", "/saya/data", "/saya/gelombang", "/saya/saldo", "/saya/rekening", "/saya/insentif", "/saya/saran",
    "/saya/saran?goal=marketing", "/saya/lowongan", "/saya/pelatihan", "/saya/keamanan",
)  # fmt: skip


def check_page(client: Client, address: str) -> None:
    """One page in both languages: it stands alone, says its language, and keeps its budget."""
    for language in ("id", "en"):
        answer = client.get(
            address, {"lang": language} if "?" not in address else None, headers={"accept": "text/html"}
        )
        assert answer.status_code == 200, address
        words = answer.content.decode()
        assert len(re.findall("<h1", words)) == 1, address
        assert "<title>" in words
        assert not re.search(r"\{\{|\{%|<script(?! src=\"/aset/)| style=", words), address
        assert len(gzip.compress(answer.content)) <= LARGEST_PAGE, address
        if "?" not in address:
            assert f'<html lang="{language}">' in words
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def links_of(client: Client, addresses: tuple[str, ...]) -> set[str]:
    found = set()
    for address in addresses:
        found |= set(re.findall(r'href="(/[^"#]*)', client.get(address).content.decode()))
    return {link.replace("&amp;", "&") for link in found if not link.startswith("/aset/")}


@pytest.mark.django_db
def test_public_pages(small_world: World) -> None:
    client = Client()
    for address in (*PUBLIC, f"/sertifikat/{small_world.certificate}"):
        check_page(client, address)


@pytest.mark.django_db
def test_public_links_lead_somewhere(small_world: World) -> None:
    client = Client()
    for link in sorted(links_of(client, PUBLIC)):
        assert client.get(link).status_code in (200, 302), link


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["graduate", "learner", "winner", "waiting"])
def test_own_pages(small_world: World, who: str) -> None:
    client = as_citizen(getattr(small_world, who))
    for address in OWN:
        check_page(client, address)
    for link in sorted(links_of(client, OWN)):
        assert client.get(link, follow=True).status_code == 200, link


@pytest.mark.django_db
def test_desks(small_world: World) -> None:
    check_page(as_provider(small_world.provider), "/lembaga")
    check_page(as_staff(small_world.maker, "finance_maker", "operator", "draw_operator"), "/operator")
    check_page(as_staff(small_world.checker, "finance_checker"), "/operator")


@pytest.mark.django_db
def test_pages_of_an_empty_house(clock_at: Callable[[object], None]) -> None:
    client = Client()
    for address in PUBLIC:
        assert client.get(address).status_code in (200, 404), address


@pytest.mark.django_db
def test_files(small_world: World) -> None:
    client = Client()
    for address in (
        "/terbuka/undian/59/1/commitment.json", "/terbuka/undian/59/1/roll.bin", "/terbuka/undian/59/1/bundle.json",
        "/terbuka/undian/59/1/result.bin", "/terbuka/undian/59/1/report.json", "/terbuka/undian/59/1/blok/0",
        "/terbuka/uang/journal.json", "/terbuka/uang/uang.json",
        "/terbuka/data/funnel.json", f"/sertifikat/{small_world.certificate}.json", "/sehat",
    ):  # fmt: skip
        assert client.get(address).status_code == 200, address
    for address in ("/terbuka/undian/7", "/terbuka/undian/59/2/roll.bin", "/terbuka/undian/59/1/annulment.json",
        "/terbuka/undian/59/1/people.json", "/terbuka/undian/59/1/blok/9", "/terbuka/data/people.json",
        "/terbuka/uang/orang.csv", "/terbuka/uang/wilayah/99",
        "/sertifikat/NONE", "/pelatihan/NONE",
    ):  # fmt: skip
        assert client.get(address).status_code == 404, address


def views() -> Iterator[tuple[str, Callable[..., object]]]:
    def walk(resolver: URLResolver, before: str) -> Iterator[tuple[str, Callable[..., object]]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry, before + str(entry.pattern))
            elif isinstance(entry, URLPattern):
                yield before + str(entry.pattern), entry.callback

    return walk(get_resolver(), "")


def test_every_view_states_its_permission() -> None:
    for address, view in views():
        if not address.startswith("api/"):
            assert getattr(view, "permission", ()), address
