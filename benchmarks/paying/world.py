"""What the pay-run benchmarks stand on: a durable throw-away PostgreSQL, a lean bank, and approved orders."""

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bekal.cli.postgres import DATABASE, OWNER, Postgres

ROOT = Path(__file__).resolve().parents[2]
AT = datetime(2023, 8, 20, 3, tzinfo=UTC)
AMOUNT = 600_000
PEOPLE = """
    INSERT INTO citizens_citizen (id, nik_sealed, nik_ref, family_sealed, family_ref, phone_sealed, phone_ref, name,
        birth_date, sex, regency_code, schooling, disability, occupation, interests, language, state, mismatching,
        registry_as_of, registered_at, checked_at, verified_at)
    SELECT t.id, decode(repeat('00', 45), 'hex'), md5('n' || t.id)::uuid, decode(repeat('00', 45), 'hex'),
        md5('f' || t.id)::uuid, t.phone, md5('p' || t.id)::uuid, 'Person', date '1990-01-01', 'F', '32.73', 'senior',
        '', 'job_seeker', '{}', 'id', 'verified', '{}', date '2023-08-01', timestamptz '2023-08-01',
        timestamptz '2023-08-01', timestamptz '2023-08-01'
    FROM unnest(%s::uuid[], %s::bytea[]) AS t(id, phone)
"""


class World:
    """`begin` before use, `end` after. `in_flight`: calls at a time; `delay`: milliseconds until the bank answers."""

    def __init__(self, *, in_flight: int, delay: int) -> None:
        self.in_flight, self.delay = in_flight, delay
        self.folder = Path(tempfile.mkdtemp(prefix="bekal-paying-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.postgres = Postgres(self.folder)
        self.bank: subprocess.Popen[str] | None = None
        self.config: dict[str, str] = {}
        self.runs = 0

    def begin(self) -> None:
        """Start both, and bring the tables up to date."""
        self.postgres.start()
        self.postgres.create_database()
        os.environ |= {
            "BEKAL_MODE": "test", "BEKAL_MASTER_KEY": "11" * 32, "BEKAL_PROGRAMME": "prakerja-2023",
            "BEKAL_SITE_URL": "http://localhost", "DJANGO_SETTINGS_MODULE": "bekal.project.settings",
            "DATABASE_URL": self.postgres.url(OWNER, DATABASE),
        }  # fmt: skip
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        self.start_bank()
        settings.PORTS = {"payer:bank": ("bekal.outside.bank.connect", self.config)}

    def start_bank(self) -> None:
        """A process of its own, which knows our keys."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        client = {"client_id": "bekal", "secret": "a secret", "partner_id": "BEKAL01", "public_key_pem": public}
        self.bank = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.paying.standin", str(self.delay)], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, env={**os.environ, "LEAN_CLIENT": json.dumps(client)},
        )  # fmt: skip
        assert self.bank.stdout
        port = self.bank.stdout.readline().strip()
        self.config = {
            "url": f"http://127.0.0.1:{port}/bank/v1.0", "client_id": "bekal", "secret": "a secret",
            "partner_id": "BEKAL01", "private_key_pem": private, "source_account": "8800000001",
            "in_flight": str(self.in_flight), "timeout_seconds": "30",
        }  # fmt: skip

    def books(self) -> dict[str, int]:
        """What the bank says it paid."""
        found = httpx.get(self.config["url"].replace("/bank/v1.0", "/books"), trust_env=False)
        return dict(found.json())

    def end(self) -> None:
        """Stop both."""
        if self.bank:
            self.bank.kill()
            self.bank.communicate()
        self.postgres.stop()

    def approve(self, count: int) -> None:
        """So many approved incentive orders, each of a person with an award account of their own."""
        from django.db import connection, transaction

        from bekal.citizens.rules import PHONE
        from bekal.core import ids, vault

        self.runs += 1
        people = ids.fresh_many([("person", str(self.runs), str(n)) for n in range(count)])
        phones = vault.seal_many(["+6281200000001"] * count, place=PHONE, rows=people)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(PEOPLE, [people, phones])
        awards = ids.fresh_many([("award", str(self.runs), str(n)) for n in range(count)])
        self._set_aside(awards, self._orders(people, awards))

    def _orders(self, people: list[UUID], awards: list[UUID]) -> list[Any]:
        from bekal.core import ids, vault
        from bekal.incentives.models import PaymentOrder, PayRun
        from bekal.incentives.rules import HOLDER_PLACE, PLACE

        run = PayRun.objects.create(
            id=ids.fresh("run", str(self.runs)), channel="bank", state="approved", digest="0" * 64,
            orders_count=len(people), total_amount=AMOUNT * len(people), planned_by="maker", approved_by="checker",
            planned_at=AT, decided_at=AT,
        )  # fmt: skip
        account, holder = vault.seal("7700000001", place=PLACE), vault.seal("PERSON", place=HOLDER_PLACE)
        keys = ids.fresh_many([("order", str(self.runs), str(n)) for n in range(len(people))])
        orders = [
            PaymentOrder(
                id=key, pay_run=run, kind="completion", number=1, award_id=award, citizen_id=person, reference=key.hex,
                attempt=1, amount=AMOUNT, channel="bank", account_sealed=account, account_ref=person,
                holder_sealed=holder, state="approved", planned_at=AT,
            )
            for key, person, award in zip(keys, people, awards, strict=True)
        ]  # fmt: skip
        PaymentOrder.objects.bulk_create(orders, batch_size=1_000)
        return orders

    def _set_aside(self, awards: list[UUID], orders: list[Any]) -> None:
        from bekal.core.events import Actor
        from bekal.incentives.rules import award_account, paid_account
        from bekal.ledger.actions import open_accounts, post_transfers
        from bekal.ledger.rules import Opening, Posting

        by = Actor.system("benchmark")
        fixed = [Opening("treasury", "treasury", limit="none"), Opening(paid_account("bank"), "paid", limit="none")]
        for start in range(0, len(awards), 4_000):
            part, own = orders[start : start + 4_000], awards[start : start + 4_000]
            held = [Opening(award_account(key), "award_incentive", owner=str(key)) for key in own]
            open_accounts(by=by, at=AT, accounts=[*fixed, *held])
            granted = [
                Posting("treasury", award_account(o.award_id), AMOUNT, "award", f"grant:{o.reference}") for o in part
            ]
            pending = [
                Posting(award_account(o.award_id), paid_account("bank"), AMOUNT, "incentive", o.reference, "pending")
                for o in part
            ]
            post_transfers(by=by, at=AT, transfers=granted)
            post_transfers(by=by, at=AT, transfers=pending)
