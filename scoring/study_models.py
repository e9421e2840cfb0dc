"""What takes a while to find out about a model, and what was found (part of ``scoring.models``)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import Leased
from leads.models import Lead


class Study(Leased):
    """A look at the data that takes more than a page load. One of a kind at a time; a worker does it and tells how
    far it is. One that cannot be done (too few outcomes, no library) is given up; ``last_error`` says what to do."""

    class Kind(models.TextChoices):
        COUNT = "count", "What each rule meets"
        LEARN = "learn", "Learn from what converts"

    kind = models.CharField(max_length=8, choices=Kind)
    model = models.ForeignKey(
        "scoring.ScoringModel", null=True, blank=True, on_delete=models.CASCADE, related_name="studies"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    params = models.JSONField(default=dict, help_text="What was asked for")
    step = models.CharField(max_length=120, blank=True, default="", help_text="What it is at, for people")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="0 while that is not known")
    result = models.JSONField(default=dict)
    draft = models.ForeignKey(
        "scoring.ScoringModel",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The draft that was learned",
    )
    tuned = models.ForeignKey(
        "scoring.ScoringModel",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The draft into which its suggestions go",
    )

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["kind"], condition=Q(state="pending"), name="study_one_of_a_kind")
        ]
        indexes = [models.Index(fields=["kind", "-id"], name="study_newest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Handed(models.Model):
    """A lead that sales got, and which rules of one model held for it at that moment: a bit a rule, by its place
    among the rules of its group. Counted anew every day; a bit has no meaning without its study's ``result``."""

    model = models.ForeignKey("scoring.ScoringModel", on_delete=models.CASCADE, related_name="handed")
    handoff_id = models.BigIntegerField()
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(help_text="When sales got it")
    verdict = models.CharField(max_length=8, blank=True, default="", help_text="accepted, rejected, or not yet")
    reason = models.CharField(max_length=80, blank=True, default="", help_text="Why rejected")
    outcome = models.CharField(max_length=4, blank=True, default="", help_text="won, lost, or open")
    lost_reason = models.CharField(max_length=80, blank=True, default="")
    edited = models.BooleanField(default=False, help_text="Its facts were changed since: they may say more than then")
    fit = models.BigIntegerField(default=0)
    engagement = models.BigIntegerField(default=0)
    negative = models.BigIntegerField(default=0)
    counted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "handoff_id"], name="handed_once")]
        indexes = [models.Index(fields=["model", "-at", "-id"], name="handed_newest")]

    def __str__(self) -> str:
        return f"{self.model_id}: {self.handoff_id}"


class DriftCheck(models.Model):
    """How the leads' scores lie this week, beside how they lay when the model was activated."""

    model = models.ForeignKey("scoring.ScoringModel", on_delete=models.CASCADE, related_name="drift")
    week = models.CharField(max_length=8, help_text="2026-W47; the first of a model is what later ones are held to")
    at = models.DateTimeField(default=timezone.now)
    bands = models.JSONField(default=list, help_text="How many leads in marketing have 0-9, 10-19 ... 100 and more")
    psi = models.FloatField(null=True, help_text="Population stability index against the first")
    calibration = models.JSONField(default=dict, blank=True, help_text="n, said, came, low, high of newer outcomes")
    moved = models.BooleanField(default=False)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["model", "week"], name="drift_once_a_week")]

    def __str__(self) -> str:
        return f"{self.model_id} {self.week}"
