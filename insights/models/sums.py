"""What the facts add up to."""

from django.db import models

EVERYBODY = -1  # the owner of the sums over all owners; 0 is nobody


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


class OpenCount(models.Model):
    """How many deals are open now, by stage and one more thing. For everybody only: who sees fewer deals has them
    counted from ``OpenFact``."""

    class Axis(models.IntegerChoices):
        MONTH = 0, "By month of the expected close"
        OWNER = 1, "By owner"
        DAY = 2, "By the day on which they entered their stage"

    axis = models.PositiveSmallIntegerField(choices=Axis)
    stage = models.BigIntegerField()
    at = models.BigIntegerField(help_text="The month, the owner's id or the day number")
    n = models.IntegerField(default=0)
    bare = models.IntegerField(default=0, help_text="Those without an amount")
    value = models.BigIntegerField(default=0, help_text="Cents")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["axis", "stage", "at"], name="open_count_once")]

    def __str__(self) -> str:
        return f"{self.stage}/{self.at}: {self.n}"


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
