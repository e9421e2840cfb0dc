"""Where the rollup stands."""

from django.db import models
from django.utils import timezone


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
