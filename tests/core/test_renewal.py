"""Keys renewed while everything runs: old and new both unique, killed anywhere and run again, nothing lost."""

import os
import signal
import subprocess
import sys
import time
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from django.apps import apps
from django.conf import settings
from django.db import connection, models
from django.test import override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bekal.citizens import queries
from bekal.citizens.actions import NikTaken, PhoneTaken
from bekal.citizens.models import Citizen
from bekal.citizens.readings import read_numbers
from bekal.citizens.rules import NIK
from bekal.core import marks, renewal, vault
from bekal.core.clock import now
from bekal.core.events import Actor
from bekal.core.fields import SealedField
from bekal.core.models import Event, Mark
from bekal.project.settings import WrongSetting, later_keys
from tests.citizens.making import nik, numbers_of, registered_citizen

BY = Actor.system("tests")
SECOND, THIRD = bytes([2]) * 32, bytes([3]) * 32


def keyed(*, columns: int = 1, first: int = 1, last: int = 1) -> Any:
    """An installation whose columns are sealed under one key and whose indexes are written under first … last."""
    rings = {2: SECOND, 3: THIRD}
    return override_settings(
        COLUMN_KEYS=rings, COLUMN_KEY=columns, INDEX_FROM=first,
        INDEX_KEYS={version: key for version, key in rings.items() if version <= last},
    )  # fmt: skip


def renewed() -> int:
    return renewal.renew_everything(by=BY, at=now())


def test_every_sealed_column_says_its_place() -> None:
    sealed = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.BinaryField) and field.name.endswith("_sealed")
        if not (isinstance(field, SealedField) and field.place)
    ]
    assert sealed == []


def test_a_value_opens_for_its_place_and_row_only() -> None:
    row, other = UUID(int=1), UUID(int=2)
    for blob in (vault.seal("3273", place="p", row=row), vault.seal_many(["3273"], place="p", rows=[row])[0]):
        assert vault.unseal(blob, place="p", row=row) == "3273"
        for place, wrong in (("q", row), ("p", other), ("p", None)):
            with pytest.raises(InvalidTag):
                vault.unseal(blob, place=place, row=wrong)


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(vault.UnknownKey, match="column key 9"):
        vault.unseal(b"\x09" + bytes(40), place="p")


@pytest.mark.parametrize("text", ["2", "2=ff", "3=" + "11" * 32, "x=" + "11" * 32, "2=" + "zz" * 32])
def test_a_ring_that_cannot_be_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RING", text)
    with pytest.raises(WrongSetting, match="RING must read like"):
        later_keys("RING")
    monkeypatch.setenv("RING", f"2={'22' * 32} 3={'33' * 32}")
    assert later_keys("RING") == {2: bytes.fromhex("22" * 32), 3: bytes.fromhex("33" * 32)}


@pytest.mark.django_db
def test_columns_are_sealed_anew_and_open_without_the_old_key() -> None:
    people = [registered_citizen(number) for number in range(1, 6)]
    with keyed(columns=2):
        assert renewal.left_to_renew()["citizens_citizen.nik_sealed"] == 5
        assert [numbers_of(person.id)["nik"] for person in people] == [nik(number) for number in range(1, 6)]
        assert renewed() == 15
        assert (renewed(), renewal.left_to_renew()) == (0, {})
        with override_settings(MASTER_KEY=bytes(32)):
            assert numbers_of(people[2].id)["nik"] == nik(3)
        assert Event.objects.filter(kind="core.column_renewed").count() == 3


@pytest.mark.django_db
def test_a_number_is_unique_under_the_old_and_the_new_key() -> None:
    registered_citizen(1)
    with keyed(last=2):
        for taken, refusal in (({"nik": nik(1)}, NikTaken), ({"phone": "0812 3456 0001"}, PhoneTaken)):
            with pytest.raises(refusal):
                registered_citizen(2, **taken)
        registered_citizen(3)
    for first, last in ((1, 1), (1, 2), (2, 2)):
        with keyed(first=first, last=last), pytest.raises(NikTaken):
            registered_citizen(4, nik=nik(3))


@pytest.mark.django_db
def test_indexes_are_renewed_also_where_no_number_is_kept() -> None:
    citizen = registered_citizen(1)
    listed = marks.refer({(NIK, nik(9)): UUID(int=9)})
    with keyed(last=2):
        assert renewal.left_to_renew() == {"core_mark": 4}
        assert (renewed(), renewed()) == (4, 0)
    with keyed(first=2, last=2):
        assert marks.find([(NIK, nik(1)), (NIK, nik(9))]) == {(NIK, nik(1)): citizen.nik_ref, **listed}
        assert renewal.retire_marks(by=BY, at=now()) == 4
        assert set(Mark.objects.values_list("version", flat=True)) == {2}
    with keyed(first=2, last=3):
        assert renewed() == 4
    with keyed(first=3, last=3):
        assert queries.citizen_of_phone("0812 3456 0001") == citizen.id


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(["refer", "renew"]), st.integers(1, 6), st.sampled_from([(1, 1), (1, 2)]))))
@pytest.mark.django_db
def test_a_number_keeps_its_reference_whatever_process_asks(steps: list[Any]) -> None:
    """Old and new processes side by side, while marks are renewed: then the old ones end, and the new ones know all."""
    Mark.objects.all().delete()
    known: dict[int, UUID] = {}
    for step, (what, number, versions) in enumerate(steps):
        with keyed(first=versions[0], last=versions[1]):
            if what == "renew":
                marks.renew(2)
            else:
                ref = marks.refer({(NIK, nik(number)): UUID(int=step + 1)})[NIK, nik(number)]
                assert known.setdefault(number, ref) == ref
    with keyed(last=2):
        while marks.renew(2):
            pass
    with keyed(first=2, last=2):
        assert marks.find((NIK, nik(number)) for number in known) == {
            (NIK, nik(number)): ref for number, ref in known.items()
        }


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_and_run_again() -> None:
    Citizen.objects.bulk_create(
        [Citizen(
            id=(row := UUID(int=number)), nik_sealed=vault.seal(nik(number), place=NIK, row=row), family_sealed=b"",
            phone_sealed=b"", nik_ref=row, family_ref=row, phone_ref=row, name="A", birth_date="1990-01-01", sex="F",
            regency_code="32.73", schooling="senior", occupation="worker", registered_at=now(),
        )
        for number in range(1, 9_001)],
        batch_size=1_000,
    )  # fmt: skip
    database = settings.DATABASES["default"]
    environment = {
        **os.environ, "BEKAL_COLUMN_KEYS": f"2={SECOND.hex()}", "DJANGO_SETTINGS_MODULE": "bekal.project.settings",
        "DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
        "PGPASSWORD": database["PASSWORD"],
    }  # fmt: skip
    command = [sys.executable, "-m", "bekal", "keys", "renew"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as worker:
        until = time.monotonic() + 60
        while Event.objects.filter(kind="core.column_renewed").count() < 2 and time.monotonic() < until:
            time.sleep(0.005)
        worker.send_signal(signal.SIGKILL)
    done = _under_the_second()
    assert 0 < done <= 9_000
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert again.stdout.startswith(f"{9_000 - done} values renewed")
    assert _under_the_second() == 9_000
    with keyed(columns=2):
        read = read_numbers(
            by=Actor.system("tests"), at=now(), citizen_id=UUID(int=4_321), fields=("nik",), purpose="own_view"
        )
        assert read["nik"] == nik(4_321)


def _under_the_second() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM citizens_citizen WHERE get_byte(nik_sealed, 0) = 2")
        return int(cursor.fetchone()[0])


def test_the_settings_of_this_test_run_have_one_key() -> None:
    assert (settings.COLUMN_KEY, settings.INDEX_FROM, settings.INDEX_KEYS) == (1, 1, {})
