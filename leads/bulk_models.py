"""Changes to many leads at once: the job, and what each lead was before (part of ``leads.models``)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Leased


class BulkJob(Leased):
    """One change to many leads, asked for in the list. Runs in chunks; each chunk and the place it reached commit
    together, so a worker that dies takes nothing with it and nothing is done twice."""

    class Action(models.TextChoices):
        OWNER = "owner", "Set owner"
        STAGE = "stage", "Move to stage"
        TAG_ADD = "tag_add", "Add tag"
        TAG_REMOVE = "tag_remove", "Remove tag"
        ERASE = "erase", "Delete"
        UNDO = "undo", "Undo"

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=10, choices=Action)
    said = models.CharField(max_length=160, help_text="What it does, for people")
    params = models.JSONField(default=dict)
    query = models.TextField(blank=True, default="", help_text="The list's filters, when it is about all matching")
    lead_ids = models.JSONField(null=True, help_text="The selected leads, when it is about those")
    undoes = models.OneToOneField("self", null=True, blank=True, on_delete=models.CASCADE, related_name="undone_by")
    total = models.PositiveIntegerField(null=True, help_text="Known once it has begun")
    seen = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=dict, help_text="Why not -> how many")
    place = models.BigIntegerField(default=0, help_text="The last lead that was looked at")
    until = models.BigIntegerField(null=True, help_text="Leads that came later are not meant")
    cancelled = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(state="pending"), name="bulk_due")]

    def __str__(self) -> str:
        return self.said


class BulkChange(models.Model):
    """What one lead was before a bulk job changed it, for undo."""

    job = models.ForeignKey(BulkJob, on_delete=models.CASCADE, related_name="changes", db_index=False)
    lead = models.ForeignKey("leads.Lead", on_delete=models.CASCADE, related_name="+")
    before = models.CharField(max_length=20, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "lead"], name="bulk_change_once")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.lead_id}"
