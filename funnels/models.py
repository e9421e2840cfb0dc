"""The floor plan: funnels, their stages, and the one append-only ledger of every move."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class Funnel(models.Model):
    class Kind(models.TextChoices):
        MARKETING = "marketing", "Marketing"
        SALES = "sales", "Sales"
        CUSTOMER = "customer", "Customer"

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=10, choices=Kind)
    is_default = models.BooleanField(default=False, help_text="The sales pipeline that handoffs open deals in")
    position = models.PositiveSmallIntegerField(default=0)
    revision = models.PositiveIntegerField(default=1, help_text="Every change of the funnel or its stages adds one")

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=models.Q(is_default=True), name="funnel_one_default")
        ]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    class Kind(models.TextChoices):
        OPEN = "open", "Open"
        HANDED_OFF = "handed_off", "Handed off"
        DISQUALIFIED = "disqualified", "Disqualified"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        CHURNED = "churned", "Churned"

    funnel = models.ForeignKey(Funnel, on_delete=models.PROTECT, related_name="stages")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.OPEN)
    probability = models.PositiveSmallIntegerField(default=0, help_text="Chance to win, in percent (sales)")
    expected_days = models.PositiveSmallIntegerField(
        default=14,
        help_text="After this many days a traveller is stalled: amber, red at one and a half times",
    )
    required = models.JSONField(
        default=list, blank=True, help_text="Names of fields that must be filled before entering"
    )
    explanation = models.CharField(max_length=300, blank=True, default="")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["funnel_id", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["funnel", "key"], name="stage_key_once"),
            models.UniqueConstraint(
                "funnel", Lower("name"), condition=models.Q(is_active=True), name="stage_name_once"
            ),
            models.CheckConstraint(condition=models.Q(probability__lte=100), name="stage_probability"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return self.kind == self.Kind.OPEN


class Traveller(models.Model):
    """Whatever moves through stages. ``stage``, ``stage_since`` and ``seq`` only cache the last ledger row;
    ``funnels.services.journey_move`` is the one function that writes them."""

    # Which ledger the model's rows write (``Transition.Kind``); each model says its own.
    journey: ClassVar[int]

    # Each model's own indexes begin with the stage.
    stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+", db_index=False)
    stage_since = models.DateTimeField(default=timezone.now)
    seq = models.PositiveIntegerField(default=0, help_text="How many ledger rows this traveller has")
    cycle = models.PositiveSmallIntegerField(default=1)

    class Meta:
        abstract = True


class Transition(models.Model):
    """One move. Append-only: a row is never changed, and removed only when a person is erased."""

    class Kind(models.IntegerChoices):
        LEAD = 1, "Lead"
        DEAL = 2, "Deal"

    kind = models.PositiveSmallIntegerField(choices=Kind)
    traveller_id = models.BigIntegerField()
    seq = models.PositiveIntegerField(help_text="1 for the first; no gaps")
    cycle = models.PositiveSmallIntegerField(default=1)
    from_stage = models.ForeignKey(Stage, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    to_stage = models.ForeignKey(Stage, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    seconds = models.BigIntegerField(null=True, help_text="Seconds spent in from_stage")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    cause = models.CharField(max_length=40, help_text="Machine-readable: captured, scored, mql, accepted, board ...")
    note = models.CharField(max_length=200, blank=True, default="")
    score = models.SmallIntegerField(null=True, help_text="Lead score at the time")

    class Meta:
        constraints = [
            # two movers at once: one of them fails here, whatever the locks did
            models.UniqueConstraint(fields=["kind", "traveller_id", "seq"], name="transition_chain")
        ]
        indexes = [
            # activity view of the funnel: who passed stage S in a period
            models.Index(fields=["to_stage", "at"], name="transition_stage_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.traveller_id} #{self.seq}"
