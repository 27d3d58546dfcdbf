"""Waves, applications, and the draws of a wave."""

from django.db import models
from django.db.models import Q

from bekal.core.machine import state_check


class WaveState(models.TextChoices):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    COMMITTED = "committed"
    DRAWN = "drawn"
    ANNOUNCED = "announced"


WAVE_MOVES: dict[str, set[str]] = {
    WaveState.PLANNED: {WaveState.OPEN},
    WaveState.OPEN: {WaveState.CLOSED},
    WaveState.CLOSED: {WaveState.COMMITTED},
    WaveState.COMMITTED: {WaveState.DRAWN, WaveState.CLOSED},
    WaveState.DRAWN: {WaveState.ANNOUNCED},
    WaveState.ANNOUNCED: set(),
}


class ApplicationState(models.TextChoices):
    JOINED = "joined"
    SELECTED = "selected"
    WAITING = "waiting"
    AWARDED = "awarded"
    SKIPPED = "skipped"
    NOT_DRAWN = "not_drawn"
    EXCLUDED = "excluded"


APPLICATION_MOVES: dict[str, set[str]] = {
    ApplicationState.JOINED: {ApplicationState.SELECTED, ApplicationState.WAITING, ApplicationState.NOT_DRAWN},
    ApplicationState.SELECTED: {ApplicationState.AWARDED, ApplicationState.SKIPPED},
    ApplicationState.WAITING: {ApplicationState.AWARDED, ApplicationState.SKIPPED, ApplicationState.NOT_DRAWN},
    ApplicationState.AWARDED: set(),
    ApplicationState.SKIPPED: set(),
    ApplicationState.NOT_DRAWN: set(),
    ApplicationState.EXCLUDED: set(),
}


class DrawState(models.TextChoices):
    COMMITTED = "committed"
    FAILED = "failed"
    DRAWN = "drawn"
    ANNULLED = "annulled"


DRAW_MOVES: dict[str, set[str]] = {
    DrawState.COMMITTED: {DrawState.DRAWN, DrawState.FAILED, DrawState.ANNULLED},
    DrawState.FAILED: {DrawState.ANNULLED},
    DrawState.DRAWN: set(),
    DrawState.ANNULLED: set(),
}


class Wave(models.Model):
    """One call for applications of a programme, with its places."""

    id = models.UUIDField(primary_key=True)
    programme_code = models.CharField(max_length=40)
    number = models.PositiveIntegerField()
    rulebook_id = models.UUIDField()
    opens_at = models.DateTimeField()
    closes_at = models.DateTimeField()
    places = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=WaveState.choices, default=WaveState.PLANNED)
    announced_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            state_check(WaveState, "wave_state_known"),
            models.UniqueConstraint(fields=["programme_code", "number"], name="wave_number_once"),
            models.CheckConstraint(condition=Q(closes_at__gt=models.F("opens_at")), name="wave_closes_after_opening"),
            models.CheckConstraint(condition=Q(places__gt=0), name="wave_has_places"),
            models.CheckConstraint(
                condition=Q(state="announced", announced_at__isnull=False)
                | (~Q(state="announced") & Q(announced_at=None)),
                name="wave_announced_has_time",
            ),
        )

    def __str__(self) -> str:
        return f"{self.programme_code} {self.number}"


class Joining(models.Model):
    """The intake: that a person joined a wave, as acknowledged. `attempts`: how often; the first counts.

    Nothing is decided here. After closing every row is settled into one application.
    """

    pk = models.CompositePrimaryKey("wave_id", "citizen_id")
    wave_id = models.UUIDField()
    citizen_id = models.UUIDField()
    ticket_id = models.BinaryField()
    joined_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(attempts__gt=0), name="joining_tried_once"),)

    def __str__(self) -> str:
        return f"{self.wave_id}:{self.citizen_id}"


class Application(models.Model):
    """One person in one wave, once: on the roll, or excluded by the first rule that refused (`reason`)."""

    id = models.UUIDField(primary_key=True)
    wave = models.ForeignKey(Wave, on_delete=models.PROTECT, related_name="applications")
    citizen_id = models.UUIDField()
    region = models.CharField(max_length=5)
    regency_code = models.CharField(max_length=5)
    group = models.CharField(max_length=32)
    ticket_id = models.BinaryField()
    joined_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=12, choices=ApplicationState.choices, default=ApplicationState.JOINED)
    rank = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=64, default="")

    class Meta:
        constraints = (
            state_check(ApplicationState, "application_state_known"),
            models.UniqueConstraint(fields=["citizen_id", "wave"], name="application_once"),
            models.UniqueConstraint(fields=["wave", "ticket_id"], name="application_ticket_once"),
            models.CheckConstraint(
                condition=Q(state__in=["joined", "excluded"], rank=None) | ~Q(state__in=["joined", "excluded"]),
                name="application_rank_after_draw",
            ),
            models.CheckConstraint(
                condition=(Q(state__in=["skipped", "excluded"]) & ~Q(reason=""))
                | (~Q(state__in=["skipped", "excluded"]) & Q(reason="")),
                name="application_refused_has_reason",
            ),
        )
        indexes = (models.Index(fields=["wave", "state", "rank"], name="application_line"),)

    def __str__(self) -> str:
        return f"{self.wave_id}:{self.citizen_id}"


class Witness(models.Model):
    """An outside party whose countersignature a draw needs. `public_key`: Ed25519, 64 hex digits."""

    name = models.CharField(max_length=64, primary_key=True)
    public_key = models.CharField(max_length=64, unique=True)
    registered_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Draw(models.Model):
    """A draw of a wave, numbered without gaps; ends in a bundle or an annulment.

    What is committed (roll, leaf hashes of its blocks, strata with places, attributes for the output test, commitment)
    never changes, nor does a bundle once it is there; the database refuses it. `result`: the result file. `report`: of
    the output test. `annulment`: proposed; `annulled`: with all its signatures, as published.
    """

    id = models.UUIDField(primary_key=True)
    wave = models.ForeignKey(Wave, on_delete=models.PROTECT, related_name="draws")
    sequence = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=DrawState.choices, default=DrawState.COMMITTED)
    roll = models.BinaryField()
    leaves = models.BinaryField()
    strata = models.JSONField()
    attributes = models.BinaryField()
    commitment = models.JSONField()
    commitment_hash = models.BinaryField()
    bundle = models.JSONField(null=True)
    result = models.BinaryField(null=True)
    report = models.JSONField(null=True)
    annulment = models.JSONField(null=True)
    annulled = models.JSONField(null=True)
    committed_at = models.DateTimeField()
    drawn_at = models.DateTimeField(null=True)
    annulled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            state_check(DrawState, "draw_state_known"),
            models.UniqueConstraint(fields=["wave", "sequence"], name="draw_sequence_once"),
            models.UniqueConstraint(
                fields=["wave"], condition=~Q(state=DrawState.ANNULLED), name="draw_one_that_stands"
            ),
            models.CheckConstraint(
                condition=Q(bundle__isnull=True, result__isnull=True, report__isnull=True, drawn_at__isnull=True)
                | Q(bundle__isnull=False, result__isnull=False, report__isnull=False, drawn_at__isnull=False),
                name="draw_bundle_whole",
            ),
            models.CheckConstraint(
                condition=Q(state=DrawState.ANNULLED)
                | Q(state=DrawState.COMMITTED, bundle__isnull=True)
                | Q(state__in=[DrawState.DRAWN, DrawState.FAILED], bundle__isnull=False),
                name="draw_state_has_bundle",
            ),
            models.CheckConstraint(
                condition=Q(state=DrawState.ANNULLED, annulled__isnull=False, annulled_at__isnull=False)
                | (~Q(state=DrawState.ANNULLED) & Q(annulled__isnull=True, annulled_at__isnull=True)),
                name="draw_annulled_has_document",
            ),
        )

    def __str__(self) -> str:
        return f"{self.wave_id}#{self.sequence}"


class Endorsement(models.Model):
    """One party's signature over a document of a draw: its commitment, or an annulment of it. `document`: its hash."""

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="endorsements")
    document = models.BinaryField()
    name = models.CharField(max_length=64)
    role = models.CharField(max_length=8)
    public_key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    signed_at = models.CharField(max_length=32)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["draw", "document", "name"], name="endorsement_once"),
            models.CheckConstraint(
                condition=Q(role__in=["operator", "witness", "party"]), name="endorsement_role_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.role} {self.name}"


class Reveal(models.Model):
    """The secret that a party of a ceremony revealed: 32 bytes in hex."""

    draw = models.ForeignKey(Draw, on_delete=models.PROTECT, related_name="reveals")
    name = models.CharField(max_length=64)
    secret = models.CharField(max_length=64)
    revealed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["draw", "name"], name="reveal_once"),)

    def __str__(self) -> str:
        return f"{self.draw_id} {self.name}"
