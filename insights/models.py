"""Rollups: numbers that are kept so that a page need not count a million rows. Always equal to recomputation.

``Journey`` and ``Reached`` are the fold of one person's ledger (``rules.path.fold``), ``DayCount`` and ``DaySpan``
their sums. A person is a lead (its id) or a deal that has no lead (minus its id). Nothing outside insights reads or
writes these tables; ``manage.py rollup --rebuild`` makes them anew from the ledger at any time.
"""

from django.db import models
from django.utils import timezone


class Journey(models.Model):
    """How far one person came, and by whom and what they are counted."""

    class Fate(models.IntegerChoices):
        OPEN = 0, "Still open"
        RECYCLED = 1, "Recycled"
        LOST = 2, "Lost"

    person = models.BigIntegerField(primary_key=True)
    door = models.PositiveSmallIntegerField(default=0, help_text="0 came as a lead, 1 as a deal without a lead")
    day = models.IntegerField(help_text="Day number on which the path began (UTC)")
    furthest = models.PositiveSmallIntegerField()
    fate = models.PositiveSmallIntegerField(choices=Fate, default=Fate.OPEN)
    due = models.IntegerField(default=0, help_text="Day number from which they are stalled; 0 never")
    source = models.CharField(max_length=60, blank=True, default="")
    campaign = models.CharField(max_length=100, blank=True, default="")
    owner = models.BigIntegerField(default=0, help_text="User id; 0 nobody")
    pipeline = models.BigIntegerField(default=0, help_text="Funnel id of the latest deal; 0 none")

    class Meta:
        indexes = [
            # drill-down of the cohort view, and its live count under filters that DayCount lacks
            models.Index(fields=["day", "furthest", "person"], name="journey_day"),
            models.Index(fields=["campaign", "day"], condition=~models.Q(campaign=""), name="journey_campaign"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.furthest}"


class Reached(models.Model):
    """The first moment at which a person reached a step of the path or went beyond it."""

    # No constraint in the database: rows are written and emptied in bulk, and rollup_check() is the judge.
    person = models.ForeignKey(
        Journey, on_delete=models.CASCADE, related_name="steps", db_index=False, db_constraint=False
    )
    rank = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    seconds = models.BigIntegerField(null=True, help_text="Since the step before; empty at the door")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "rank"], name="reached_once")]
        indexes = [models.Index(fields=["rank", "at", "person"], name="reached_rank_at")]

    def __str__(self) -> str:
        return f"{self.person_id} reached {self.rank}"


class DayCount(models.Model):
    """How many people, by day. Cohort: by the day their path began and how far they came. Activity: by the day
    they first reached a step."""

    class Axis(models.IntegerChoices):
        COHORT = 0, "Cohort"
        ACTIVITY = 1, "Activity"

    axis = models.PositiveSmallIntegerField(choices=Axis)
    day = models.IntegerField()
    rank = models.PositiveSmallIntegerField()
    door = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=60, blank=True, default="")
    owner = models.BigIntegerField(default=0)
    fate = models.PositiveSmallIntegerField(default=0)
    due = models.IntegerField(default=0)
    n = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["axis", "day", "rank", "door", "source", "owner", "fate", "due"],
                name="day_count_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day}/{self.rank}: {self.n}"


class DaySpan(models.Model):
    """How long people took from a step to the next, by the day they moved on, in bins of ``rules.rates.span_bin``."""

    day = models.IntegerField()
    rank = models.PositiveSmallIntegerField()
    bin = models.IntegerField()
    n = models.IntegerField(default=0)
    seconds = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "rank", "bin"], name="day_span_once")]

    def __str__(self) -> str:
        return f"{self.day}/{self.rank}/{self.bin}: {self.n}"


class Stale(models.Model):
    """A person to fold again although the ledger has no new row of theirs: a rep accepted, an owner changed."""

    person = models.BigIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.person)


class RollupState(models.Model):
    """Where the rollup stands (one row, pk 1). Its lock lets one worker count at a time."""

    cursor = models.BigIntegerField(default=0, help_text="Ledger rows up to this id are counted")
    gaps = models.JSONField(default=list, help_text="[first, last, seen]: ids not there yet, perhaps not committed")
    signature = models.TextField(blank=True, default="", help_text="The path that was counted along")
    rebuilding = models.BooleanField(default=False)
    rebuilt_to = models.BigIntegerField(default=0, help_text="Leads up to this id are counted anew")
    as_of = models.DateTimeField(null=True)
    reconciled_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"up to {self.cursor}"
