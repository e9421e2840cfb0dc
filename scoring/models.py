"""Which points a lead gets for what. A model is a version; exactly one is active."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from leads.models import Lead
from scoring.backtest_models import BacktestRun
from scoring.shadow_models import ShadowScore
from scoring.study_models import DriftCheck, Handed, Study

__all__ = [
    "BacktestRun",
    "DriftCheck",
    "Handed",
    "Rescore",
    "RescoreChunk",
    "ScoreFailure",
    "ScoringChange",
    "ScoringModel",
    "ScoringRule",
    "ShadowScore",
    "Study",
]


class ScoringModel(models.Model):
    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SHADOW = "shadow", "Shadow"
        ACTIVE = "active", "Active"
        RETIRED = "retired", "Retired"

    name = models.CharField(max_length=80)
    version = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    fit_cap = models.PositiveSmallIntegerField(default=100)
    engagement_cap = models.PositiveSmallIntegerField(default=100)
    negative_cap = models.PositiveSmallIntegerField(default=100, help_text="Most points that are taken away")
    # Lowest fit for A, B, C (below: D) and lowest engagement for 1, 2, 3 (below: 4).
    fit_bounds = models.JSONField(default=list, help_text="[A, B, C]")
    engagement_bounds = models.JSONField(default=list, help_text="[1, 2, 3]")
    # Scores at which a lead enters Interest and Evaluation, by stage key.
    stage_bars = models.JSONField(default=dict, help_text='{"interest": 10, "evaluation": 35}')
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    activated_at = models.DateTimeField(null=True, blank=True)
    shadow_since = models.DateTimeField(null=True, blank=True, help_text="Shadow scores from before say nothing")
    shadow_error = models.CharField(max_length=300, blank=True, default="", help_text="Why it cannot be scored")
    learned = models.JSONField(
        default=dict,
        blank=True,
        help_text="From what it was learned, how good it is, and what share converts at each score",
    )

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="active"), name="scoring_one_active"),
            models.UniqueConstraint(fields=["state"], condition=models.Q(state="shadow"), name="scoring_one_shadow"),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class ScoringRule(models.Model):
    class Group(models.TextChoices):
        FIT = "fit", "Fit"
        ENGAGEMENT = "engagement", "Engagement"
        NEGATIVE = "negative", "Negative"

    class Fade(models.TextChoices):
        HALVING = "halving", "halves every so many days"
        EXPIRING = "expiring", "all for so many days, then none"

    class Counts(models.TextChoices):
        EACH = "each", "each time"
        ONCE = "once", "once: the newest"
        DAILY = "daily", "at most so many a day"

    model = models.ForeignKey(ScoringModel, on_delete=models.CASCADE, related_name="rules")
    group = models.CharField(max_length=10, choices=Group)
    name = models.CharField(max_length=120)
    points = models.SmallIntegerField()
    condition = models.JSONField(default=dict, blank=True, help_text="Facts: the condition language")
    # Engagement, and negative rules without a condition
    activity_kind = models.CharField(max_length=40, blank=True, default="", help_text="Deeds: which activity")
    fade = models.CharField(max_length=8, choices=Fade, default=Fade.HALVING)
    half_life_days = models.PositiveSmallIntegerField(default=30, help_text="Days until half, or until it expires")
    counts = models.CharField(max_length=5, choices=Counts, default=Counts.EACH)
    a_day = models.PositiveSmallIntegerField(default=1, help_text="How many of a day count, where that is limited")
    cap = models.PositiveSmallIntegerField(default=100, help_text="Most points this rule may give, or take")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    evidence = models.JSONField(
        default=dict, blank=True, help_text="What the points rest on: leads, won, rate, weight, low and high points"
    )

    class Meta:
        ordering = ["group", "position", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.points:+d})"


class ScoringChange(models.Model):
    """Who changed what in a model, in words. Append-only."""

    model = models.ForeignKey(ScoringModel, on_delete=models.CASCADE, related_name="changes")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    text = models.CharField(max_length=300)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text


class Rescore(models.Model):
    """One pass over all leads with the active model: after an activation, by hand, or because a day has gone by.

    Its chunks are the work; each is one transaction, taken by whoever is free.
    """

    key = models.CharField(max_length=80, unique=True, help_text="Makes starting the same pass twice impossible")
    model = models.ForeignKey(ScoringModel, on_delete=models.CASCADE, related_name="rescores")
    cause = models.CharField(max_length=20, help_text="activated, asked, day")
    total = models.PositiveBigIntegerField(default=0, help_text="Leads to look at")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.key


class RescoreChunk(models.Model):
    """A range of leads. Once done they have the score of ``done_at``, also where nothing had to be written."""

    rescore = models.ForeignKey(Rescore, on_delete=models.CASCADE, related_name="chunks")
    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    leads = models.PositiveIntegerField()
    changed = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(default=timezone.now, help_text="Put off after a failure")
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["id"], condition=models.Q(done_at__isnull=True), name="rescore_chunk_open")]

    def __str__(self) -> str:
        return f"{self.first_id}-{self.last_id}"


class ScoreFailure(models.Model):
    """A lead that could not be scored. It is tried again later and later, and holds up nobody else."""

    lead = models.OneToOneField(Lead, primary_key=True, on_delete=models.CASCADE, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=300)
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.error}"
