"""Accounts and transfers. TigerBeetle's shape: two ends, four counters, pending and resolved, nothing ever changed.

Tables, constraints and the trigger that counts are SQL: `migrations/_journal.py`. Only a transfer is ever inserted; its
counting is the database's own, whoever inserts it.
"""

from django.db import models

NUMBERS = "ledger_transfer_number_seq"


class Limit(models.TextChoices):
    DEBITS = "debits"
    NONE = "none"


class Phase(models.TextChoices):
    SINGLE = "single"
    PENDING = "pending"
    POST = "post"
    VOID = "void"


class Account(models.Model):
    """A place where money can be. `limit=debits`: never more out (pending included) than came in.

    Numbered below 0: busy, its counters lack what stands in `Delta`. `owner`, `book`: opaque to the ledger; sums can be
    had by them.
    """

    id = models.BigIntegerField(primary_key=True)
    key = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=24)
    owner = models.CharField(max_length=64)
    book = models.CharField(max_length=64)
    limit = models.CharField(max_length=8, choices=Limit.choices)
    currency = models.CharField(max_length=3)
    debits_pending = models.BigIntegerField(default=0)
    debits_posted = models.BigIntegerField(default=0)
    credits_pending = models.BigIntegerField(default=0)
    credits_posted = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.key


class Delta(models.Model):
    """What a busy account's counters lack yet. Folded in under the account's lock."""

    account_id = models.BigIntegerField(db_index=True)
    debits_pending = models.BigIntegerField()
    debits_posted = models.BigIntegerField()
    credits_pending = models.BigIntegerField()
    credits_posted = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.account_id)


class Transfer(models.Model):
    """Money from `debit` to `credit`; append-only, partitioned by the month in `key` (`rules.key_of`).

    A post or void is a transfer that names its pending one and has the key that only its resolution can have.
    """

    key = models.UUIDField(primary_key=True)
    number = models.BigIntegerField()
    debit_id = models.BigIntegerField()
    credit_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    at = models.DateTimeField()
    pending = models.UUIDField(null=True)
    code = models.CharField(max_length=24)
    phase = models.CharField(max_length=8, choices=Phase.choices)
    reference = models.CharField(max_length=120)
    actor = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.reference


class Seal(models.Model):
    """A Merkle root over transfers, chained to the seal before. Append-only.

    It covers the transfers numbered `first` to `last`.
    """

    number = models.BigIntegerField(primary_key=True)
    first = models.BigIntegerField(unique=True)
    last = models.BigIntegerField(unique=True)
    size = models.BigIntegerField()
    root = models.BinaryField()
    previous = models.BinaryField()
    chain = models.BinaryField(unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.number)
