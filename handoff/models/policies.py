"""When a lead is sales-ready, by segment."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class MqlPolicy(models.Model):
    """Of several in order the first whose condition holds judges a lead. The default is the last and holds for
    everybody, so every lead has one. Every change is a new revision, kept in words by ``MqlPolicyChange``."""

    class Ceiling(models.TextChoices):
        NONE = "none", "No ceiling"
        FIXED = "fixed", "So many a day"
        CAPACITY = "capacity", "As many as the reps have room for today"

    name = models.CharField(max_length=80, default="Everybody else")
    position = models.PositiveSmallIntegerField(default=0)
    condition = models.JSONField(default=dict, blank=True, help_text="Its segment; empty: everybody")
    is_default = models.BooleanField(default=False, help_text="The last one, for whoever no other policy is about")
    is_active = models.BooleanField(default=True)
    score = models.PositiveSmallIntegerField(default=60, help_text="Score from which a lead is an MQL")
    grades = models.JSONField(default=list, blank=True, help_text="Allowed fit letters, empty for all: A, B, C, D")
    required = models.JSONField(default=dict, blank=True, help_text="Condition that must hold too")
    instant_kinds = models.JSONField(default=list, blank=True, help_text="Activities that pass at once")
    instant_days = models.PositiveSmallIntegerField(
        default=7, help_text="An older high-intent activity (an imported past) counts only through the score"
    )
    recycle_wait_days = models.PositiveSmallIntegerField(
        default=14, help_text="Before a recycled lead may pass again, unless its reject reason says otherwise"
    )
    recycle_rise = models.PositiveSmallIntegerField(
        default=0, help_text="Points that a recycled lead must have gained since it came back"
    )
    max_cycles = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="How many times a lead may pass by its score; empty: no limit"
    )
    instant_skips_wait = models.BooleanField(
        default=True, help_text="A fresh high-intent activity passes a recycled lead at once too"
    )
    ceiling = models.CharField(max_length=8, choices=Ceiling, default=Ceiling.NONE)
    ceiling_leads = models.PositiveIntegerField(null=True, blank=True, help_text="Leads a day that go to a rep")
    revision = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["is_default", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="mql_one_default"),
            models.CheckConstraint(condition=Q(is_default=False) | Q(is_active=True), name="mql_default_is_on"),
        ]

    def __str__(self) -> str:
        return self.name


class MqlPolicyChange(models.Model):
    """Who changed what in a policy, in words. Append-only; a deleted policy keeps its name here."""

    policy = models.ForeignKey(MqlPolicy, null=True, on_delete=models.SET_NULL, related_name="changes")
    name = models.CharField(max_length=80, help_text="Of the policy then")
    revision = models.PositiveIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    what = models.JSONField(default=list, help_text="[[what, before, after], ...]")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name} {self.revision}"
