"""Bringing files in: one run a file, and every row that was not taken with its reason."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

LEASE_SECONDS = 120  # a run whose worker says nothing for so long is taken over


class ImportRunQuerySet(models.QuerySet["ImportRun"]):
    def visible_to(self, user: Any) -> "ImportRunQuerySet":
        """The own imports; a manager's those of the team; an admin's, and a manager's without a team, all. A file
        brings people whom its importer may see: its rows, and the rejected ones with their cells, are theirs alone.
        """
        if not user.is_authenticated:
            return self.none()
        if user.is_admin or (user.is_manager and user.team_id is None):
            return self
        own = Q(by=user)
        return self.filter(own | Q(by__team=user.team_id) if user.is_manager else own)


class ImportRun(models.Model):
    """One file on its way in. ``rows_in`` is also the place where a run that was killed goes on: it is written
    in the transaction of the rows it counts."""

    class State(models.TextChoices):
        DRAFT = "draft", "Waiting for your mapping"
        CHECKING = "checking", "Being checked"
        CHECKED = "checked", "Checked, nothing written yet"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"
        FAILED = "failed", "Failed"

    ACTIVE = ["checking", "running"]

    kind = models.CharField(max_length=12)
    file = models.FileField(upload_to="imports/", blank=True)
    path = models.CharField(
        max_length=500, blank=True, default="", help_text="Of a file imported on the command line"
    )
    file_name = models.CharField(max_length=200)
    size = models.BigIntegerField(default=0)
    encoding = models.CharField(max_length=40, default="utf-8")
    delimiter = models.CharField(max_length=1, default=",")
    header = models.JSONField(default=list)
    mapping = models.JSONField(default=dict, help_text="Column -> field; '' leaves the column out")
    date_format = models.CharField(max_length=20, blank=True, default="")
    options = models.JSONField(default=dict, help_text="Words that mean empty; stage names")
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    error = models.TextField(blank=True, default="")
    cancel_requested = models.BooleanField(default=False)
    rows_in = models.BigIntegerField(default=0)
    created = models.BigIntegerField(default=0)
    updated = models.BigIntegerField(default=0)
    unchanged = models.BigIntegerField(default=0)
    rejected = models.BigIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    notes = models.JSONField(default=dict, help_text="What else happened -> how often")
    checked = models.JSONField(default=dict, help_text="The counters of the dry run")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Starts since the last finished chunk")

    objects = ImportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"

    @property
    def full_path(self) -> Path:
        return Path(self.file.path if self.file else self.path)

    @property
    def dry_run(self) -> bool:
        return self.state in (self.State.CHECKING, self.State.CHECKED)

    @property
    def is_active(self) -> bool:
        return self.state in self.ACTIVE

    @property
    def percent(self) -> int:
        return min(100, int(100 * self.bytes_done / self.size)) if self.size else 0

    @property
    def counters(self) -> dict[str, Any]:
        names = ("rows_in", "created", "updated", "unchanged", "rejected")
        return {name: getattr(self, name) for name in names}


class ImportIssue(models.Model):
    """A row that was not taken: its line in the file, the field at fault, why, and the row itself."""

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="issues", db_index=False)
    line = models.BigIntegerField()
    field = models.CharField(max_length=80, blank=True, default="")
    reason = models.CharField(max_length=400)
    excerpt = models.CharField(max_length=300, blank=True, default="")
    row = models.JSONField(default=list, help_text="The row's cells, for the file of rejected rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "line"], name="import_issue_line")]

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class ImportKey(models.Model):
    """Which line of a run brought a key first, so that a repeat in the same file is found however long it is."""

    pk = models.CompositePrimaryKey("run_id", "key")
    run = models.ForeignKey(
        ImportRun, on_delete=models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    key = models.BigIntegerField(help_text="64 bits of a hash of the row's key")
    line = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.key}"
