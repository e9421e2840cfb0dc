"""How soon a rep must answer, and what happens when nobody does."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

# What a clock keeps of the policy it started under.
TERMS = ["name", "minutes", "working_time", "warn_percent", "warn_minutes", "max_reroutes", "after_last", "tell_id"]


class SlaPolicy(models.Model):
    """How soon a rep must answer. The first whose condition holds counts."""

    class After(models.TextChoices):
        STAY = "stay", "It stays with the rep, and managers are told"
        MANAGER = "manager", "It goes to the manager"

    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    condition = models.JSONField(default=dict, blank=True, help_text="Empty: everybody")
    instant_only = models.BooleanField(default=False, help_text="Only for leads that asked for a demo or a talk")
    minutes = models.PositiveIntegerField(default=240)
    working_time = models.BooleanField(default=True, help_text="Count only the rep's working hours")
    warn_percent = models.PositiveSmallIntegerField(default=75)
    warn_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="Warn so long before the deadline; empty: by the percentage"
    )
    max_reroutes = models.PositiveSmallIntegerField(default=2)
    after_last = models.CharField(max_length=7, choices=After, default=After.STAY)
    tell = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    is_active = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name

    @property
    def terms(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in TERMS}

    @property
    def for_everybody(self) -> bool:
        """It holds for every lead: none falls through."""
        return not self.condition and not self.instant_only


class SlaRevision(models.Model):
    """The terms of a policy at one revision: clocks that run keep them, whoever changes the policy."""

    policy = models.ForeignKey(SlaPolicy, on_delete=models.CASCADE, related_name="revisions", db_index=False)
    revision = models.PositiveIntegerField()
    terms = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-revision"]
        constraints = [models.UniqueConstraint(fields=["policy", "revision"], name="sla_revision_once")]

    def __str__(self) -> str:
        return f"{self.policy_id}, revision {self.revision}"
