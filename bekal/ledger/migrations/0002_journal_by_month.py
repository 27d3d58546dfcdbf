"""The journal in monthly partitions, counted by the database itself; see docs/decisions/0020."""

from django.db import migrations, models

from bekal.core.append_only import append_only
from bekal.ledger.migrations import _journal as journal

OLD = """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM ledger_transfer) THEN
            RAISE EXCEPTION 'This ledger was written before the first release and its keys cannot be carried over. '
                'Finish with the version that wrote it, or begin with an empty database.';
        END IF;
    END $$;
    DROP TABLE ledger_seal;
    DROP TABLE ledger_transfer;
    DROP TABLE ledger_account;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(OLD, migrations.RunSQL.noop),
                migrations.RunSQL(journal.ACCOUNTS, migrations.RunSQL.noop),
                migrations.RunSQL(journal.TRANSFERS, migrations.RunSQL.noop),
                migrations.RunSQL(journal.KEYS, migrations.RunSQL.noop),
                migrations.RunSQL(journal.MONTHS, migrations.RunSQL.noop),
                migrations.RunSQL(journal.COUNTING, migrations.RunSQL.noop),
                migrations.RunSQL(journal.SEALS, migrations.RunSQL.noop),
                append_only("ledger_transfer"),
                append_only("ledger_seal"),
            ],
            state_operations=[
                migrations.DeleteModel("Seal"),
                migrations.DeleteModel("Transfer"),
                migrations.DeleteModel("Account"),
                migrations.CreateModel(
                    "Account",
                    [
                        ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("key", models.CharField(max_length=80, unique=True)),
                        ("kind", models.CharField(max_length=24)),
                        ("owner", models.CharField(max_length=64)),
                        ("book", models.CharField(max_length=64)),
                        ("limit", models.CharField(choices=[("debits", "Debits"), ("none", "None")], max_length=8)),
                        ("currency", models.CharField(max_length=3)),
                        ("debits_pending", models.BigIntegerField(default=0)),
                        ("debits_posted", models.BigIntegerField(default=0)),
                        ("credits_pending", models.BigIntegerField(default=0)),
                        ("credits_posted", models.BigIntegerField(default=0)),
                        ("opened_at", models.DateTimeField()),
                        ("closed_at", models.DateTimeField(null=True)),
                    ],
                ),
                migrations.CreateModel(
                    "Delta",
                    [
                        ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False)),
                        ("account_id", models.BigIntegerField(db_index=True)),
                        ("debits_pending", models.BigIntegerField()),
                        ("debits_posted", models.BigIntegerField()),
                        ("credits_pending", models.BigIntegerField()),
                        ("credits_posted", models.BigIntegerField()),
                    ],
                ),
                migrations.CreateModel(
                    "Transfer",
                    [
                        ("key", models.UUIDField(primary_key=True, serialize=False)),
                        ("number", models.BigIntegerField()),
                        ("debit_id", models.BigIntegerField()),
                        ("credit_id", models.BigIntegerField()),
                        ("amount", models.BigIntegerField()),
                        ("at", models.DateTimeField()),
                        ("pending", models.UUIDField(null=True)),
                        ("code", models.CharField(max_length=24)),
                        (
                            "phase",
                            models.CharField(
                                choices=[
                                    ("single", "Single"), ("pending", "Pending"), ("post", "Post"), ("void", "Void"),
                                ],
                                max_length=8,
                            ),
                        ),
                        ("reference", models.CharField(max_length=120)),
                        ("actor", models.CharField(max_length=80)),
                    ],
                ),
                migrations.CreateModel(
                    "Seal",
                    [
                        ("number", models.BigIntegerField(primary_key=True, serialize=False)),
                        ("first", models.BigIntegerField(unique=True)),
                        ("last", models.BigIntegerField(unique=True)),
                        ("size", models.BigIntegerField()),
                        ("root", models.BinaryField()),
                        ("previous", models.BinaryField()),
                        ("chain", models.BinaryField(unique=True)),
                        ("at", models.DateTimeField()),
                    ],
                ),
            ],
        ),
    ]
