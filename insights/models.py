"""Rollups: numbers that are kept so that a page need not count a million rows. Always equal to recomputation.

*Facts* are what is counted of one person: ``Journey`` and ``Reached`` the fold of their ledger (``rules.path.fold``),
``DealFact`` and ``HandoffFact`` their closed deals and their handoffs. *Sums* add facts up over blocks of days
(``rules.blocks``), for everybody together and for each owner. A person is a lead (its id) or a deal that has no lead
(minus its id). Nothing outside insights reads or writes these tables; ``manage.py rollup --rebuild`` makes them anew
from the ledger at any time. Money is kept in whole cents, so that both databases add it exactly.
"""

from django.db import models
from django.utils import timezone

EVERYBODY = -1  # the owner of the sums over all owners; 0 is nobody


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


class DayCount(models.Model):
    """How many people, by block of days. Cohort: by when their path began, how far they came and what became of
    them. Activity: by when they first reached a step."""

    class Axis(models.IntegerChoices):
        COHORT = 0, "Cohort"
        ACTIVITY = 1, "Activity"

    STALLED = 3  # a fate of sums only: open, and due by ``RollupState.today``

    axis = models.PositiveSmallIntegerField(choices=Axis)
    owner = models.BigIntegerField()
    block = models.IntegerField()
    rank = models.PositiveSmallIntegerField()
    door = models.PositiveSmallIntegerField()
    fate = models.PositiveSmallIntegerField(default=0)
    source = models.CharField(max_length=60, blank=True, default="")
    n = models.IntegerField(default=0)
    value = models.BigIntegerField(default=0, help_text="Cents of these people's deals")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["axis", "block", "owner", "rank", "door", "fate", "source"], name="day_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.block}/{self.rank}: {self.n}"


class DealCount(models.Model):
    """How many deals were won, and lost for which reason, by block of the day they closed."""

    owner = models.BigIntegerField()
    block = models.IntegerField()
    pipeline = models.BigIntegerField()
    won = models.PositiveSmallIntegerField()
    reason = models.BigIntegerField()
    source = models.CharField(max_length=60, blank=True, default="")
    n = models.IntegerField(default=0)
    priced = models.IntegerField(default=0, help_text="Those with an amount in the currency")
    value = models.BigIntegerField(default=0, help_text="Cents")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["block", "owner", "pipeline", "won", "reason", "source"], name="deal_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.block}/{self.won}: {self.n}"


class VerdictCount(models.Model):
    """How many handoffs were accepted, and rejected for which reason, by block of the day of the decision."""

    owner = models.BigIntegerField()
    block = models.IntegerField()
    accepted = models.PositiveSmallIntegerField()
    reason = models.BigIntegerField()
    source = models.CharField(max_length=60, blank=True, default="")
    campaign = models.CharField(max_length=100, blank=True, default="")
    n = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["block", "owner", "accepted", "reason", "source", "campaign"], name="verdict_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.block}/{self.accepted}: {self.n}"


class AnswerCount(models.Model):
    """How many handoffs were assigned, answered and answered in time, by block of the day of the assignment."""

    owner = models.BigIntegerField()
    block = models.IntegerField()
    source = models.CharField(max_length=60, blank=True, default="")
    n = models.IntegerField(default=0)
    answered = models.IntegerField(default=0)
    in_time = models.IntegerField(default=0)
    unclocked = models.IntegerField(default=0, help_text="Unanswered and without a deadline")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["block", "owner", "source"], name="answer_count_once")]

    def __str__(self) -> str:
        return f"{self.block}: {self.n}"


class DaySpan(models.Model):
    """How long something took, as a histogram over the bins of ``rules.rates.span_bin``, by block of the day it was
    over (an answer: of the day the clock began). Kept for all, for each source and for each owner; of a source and an
    owner together only for nobody's, who are most people: the rest would be a row for nearly every fact."""

    class Kind(models.IntegerChoices):
        STEP = 0, "From a step to the next"
        CYCLE = 1, "From a deal's opening to its win"
        ANSWER = 2, "From assignment to the first answer"

    class Cut(models.IntegerChoices):
        ALL = 0, "All"
        SOURCE = 1, "By source"
        OWNER = 2, "By owner"
        NOBODY = 3, "Nobody's, by source"

    kind = models.PositiveSmallIntegerField(choices=Kind)
    cut = models.PositiveSmallIntegerField(choices=Cut)
    owner = models.BigIntegerField(default=EVERYBODY)
    source = models.CharField(max_length=60, blank=True, default="")
    block = models.IntegerField()
    rank = models.PositiveSmallIntegerField(default=0)
    n = models.IntegerField(default=0)
    seconds = models.BigIntegerField(default=0)
    bins = models.JSONField(default=dict, help_text="How many by bin")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "cut", "block", "owner", "source", "rank"], name="day_span_once")
        ]

    def __str__(self) -> str:
        return f"{self.block}/{self.rank}: {self.n}"


class ScoreCount(models.Model):
    """How many leads are in marketing's hands, by band of ten points, as they stood at ``RollupState.scores_at``."""

    owner = models.BigIntegerField(default=0)
    source = models.CharField(max_length=60, blank=True, default="")
    band = models.PositiveSmallIntegerField(help_text="Its lower end")
    n = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.band}: {self.n}"


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
    today = models.IntegerField(default=0, help_text="Day number up to which people are counted as stalled")
    reconciled_at = models.DateTimeField(null=True)
    reconciled_to = models.BigIntegerField(null=True, help_text="The last person looked at in this round")
    scores_at = models.DateTimeField(null=True, help_text="When ScoreCount was counted")
    scores_n = models.IntegerField(default=0, help_text="How many leads those were")

    def __str__(self) -> str:
        return f"up to {self.cursor}"
