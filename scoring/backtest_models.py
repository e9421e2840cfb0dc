"""Trying a model on the past: a run is a row, so that it shows how far it is, can be stopped, and outlives a worker
(part of ``scoring.models``)."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class BacktestRun(models.Model):
    """A model and a bar, over the leads of some days. ``cursor`` is the place where a run that was killed goes on: it
    is written in the same statement as the counts of the leads up to it."""

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    model = models.ForeignKey("scoring.ScoringModel", on_delete=models.CASCADE, related_name="backtests")
    bar = models.PositiveSmallIntegerField(help_text="Score from which a lead would be an MQL")
    against = models.ForeignKey(
        "scoring.ScoringModel",
        null=True,
        on_delete=models.CASCADE,
        related_name="+",
        help_text="The model that was active",
    )
    against_bar = models.PositiveSmallIntegerField(default=0)
    rules_hash = models.CharField(max_length=64, help_text="Of the rules that were tried: a draft may change")
    policy = models.JSONField(default=dict, help_text="What else lets a lead pass, as it was when the run began")
    left_out = models.JSONField(default=list, help_text="Rules that ask for what is not known of the past")
    first_day = models.DateField(help_text="UTC")
    until = models.DateTimeField(help_text="Nothing that was written down later is looked at")
    state = models.CharField(max_length=9, choices=State, default=State.RUNNING)
    error = models.CharField(max_length=300, blank=True, default="")
    cancel_requested = models.BooleanField(default=False)
    total = models.PositiveBigIntegerField(default=0, help_text="Leads to look at")
    done = models.PositiveBigIntegerField(default=0)
    cursor = models.BigIntegerField(default=0, help_text="Leads up to this one are counted")
    last_id = models.BigIntegerField(default=0)
    counts = models.JSONField(default=dict, help_text="What the leads so far add up to: scoring.backtest.counts")
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Starts since the last finished part")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["id"], condition=models.Q(state="running"), name="backtest_running")]

    def __str__(self) -> str:
        return f"{self.model} from {self.bar}, {self.days} days"

    @property
    def days(self) -> int:
        """How many UTC days it looks at, today among them."""
        return (self.until.date() - self.first_day).days + 1

    @property
    def is_active(self) -> bool:
        return self.state == self.State.RUNNING
