"""What is counted of one person."""

from django.db import models


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
    value = models.BigIntegerField(default=0, help_text="Cents of all their deals in the install's currency")

    class Meta:
        indexes = [
            # drill-down of the cohort view, and its live count under filters that DayCount lacks
            models.Index(fields=["day", "furthest", "person"], name="journey_day"),
            models.Index(fields=["campaign", "day"], condition=~models.Q(campaign=""), name="journey_campaign"),
            # a team's people of one source
            models.Index(fields=["owner", "source"], condition=models.Q(owner__gt=0), name="journey_owner_source"),
            # who becomes stalled today
            models.Index(fields=["due"], condition=models.Q(fate=0, due__gt=0), name="journey_due"),
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
    day = models.IntegerField(help_text="Day number of ``at`` (UTC)")
    seconds = models.BigIntegerField(null=True, help_text="Since the step before; empty at the door")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "rank"], name="reached_once")]
        indexes = [models.Index(fields=["rank", "at", "person"], name="reached_rank_at")]

    def __str__(self) -> str:
        return f"{self.person_id} reached {self.rank}"


class DealFact(models.Model):
    """A deal that was won or lost, as it is counted: by the day it closed."""

    deal = models.BigIntegerField()
    person = models.BigIntegerField(db_index=True)
    day = models.IntegerField()
    owner = models.BigIntegerField(default=0)
    pipeline = models.BigIntegerField(default=0)
    source = models.CharField(max_length=60, blank=True, default="")
    won = models.PositiveSmallIntegerField(default=0, help_text="1 won, 0 lost")
    reason = models.BigIntegerField(default=0, help_text="Lost reason id; 0 none")
    seconds = models.BigIntegerField(default=0, help_text="From its opening to its close")
    priced = models.PositiveSmallIntegerField(default=0, help_text="1 when it has an amount in the currency")
    value = models.BigIntegerField(default=0, help_text="Cents")

    class Meta:
        indexes = [models.Index(fields=["source", "day"], name="deal_fact_source")]

    def __str__(self) -> str:
        return f"deal {self.deal} closed on {self.day}"


class OpenFact(models.Model):
    """A deal that is open, as it is counted: a narrow copy of what the pipeline asks of it."""

    deal = models.BigIntegerField()
    person = models.BigIntegerField(db_index=True)
    owner = models.BigIntegerField(default=0, db_index=True)
    stage = models.BigIntegerField()
    source = models.CharField(max_length=60, blank=True, default="")
    month = models.IntegerField(default=0, help_text="Month of the expected close (``rules.periods``); 0 none")
    since = models.DateTimeField(help_text="In its stage since then")
    bare = models.PositiveSmallIntegerField(default=0, help_text="1 when it has no amount")
    value = models.BigIntegerField(default=0, help_text="Cents")

    class Meta:
        # the longest in their stage, and those that entered it on one day
        indexes = [models.Index(fields=["since", "deal"], name="open_fact_since")]

    def __str__(self) -> str:
        return f"deal {self.deal} open"


class HandoffFact(models.Model):
    """A handoff that a rep has had, as it is counted: by the day it was assigned and the day it was decided."""

    handoff = models.BigIntegerField()
    person = models.BigIntegerField(db_index=True)
    owner = models.BigIntegerField(default=0)
    source = models.CharField(max_length=60, blank=True, default="")
    campaign = models.CharField(max_length=100, blank=True, default="")
    assigned = models.IntegerField(null=True, help_text="Day number")
    seconds = models.BigIntegerField(null=True, help_text="From assignment to the first answer; empty unanswered")
    in_time = models.PositiveSmallIntegerField(default=0)
    unclocked = models.PositiveSmallIntegerField(default=0, help_text="1: unanswered and without a deadline")
    decided = models.IntegerField(null=True, help_text="Day number")
    accepted = models.PositiveSmallIntegerField(default=0)
    reason = models.BigIntegerField(default=0, help_text="Reject reason id; 0 none")

    class Meta:
        indexes = [models.Index(fields=["source", "assigned"], name="handoff_fact_source")]

    def __str__(self) -> str:
        return f"handoff {self.handoff}"
