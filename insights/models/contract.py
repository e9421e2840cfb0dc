"""The contract of marketing and sales: what they promise, what they decide, and the weeks as they were counted."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from team.models import Team


class Contract(models.Model):
    """What holds for the contract as a whole (one row, pk 1). Every change of a promise is a new revision."""

    time_zone = models.CharField(max_length=64, default="UTC", help_text="Weeks begin on Monday 00:00 there")
    revision = models.PositiveIntegerField(default=1)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"contract {self.revision}"


class Promise(models.Model):
    """What holds from a Monday on, for a team or for the company; the weeks before keep what was promised then."""

    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    since = models.DateField("From the week of", help_text="A Monday")
    mqls = models.PositiveIntegerField("MQLs a week", default=0)
    accept_share = models.PositiveSmallIntegerField("Accepted, %", default=0)
    answer_share = models.PositiveSmallIntegerField("Answered in time, %", default=0)
    attempts = models.PositiveSmallIntegerField("Attempts a lead", default=0)
    attempt_days = models.PositiveSmallIntegerField("within working days", default=5)
    note = models.CharField(max_length=300, blank=True, default="")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-since", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "since"], name="promise_once"),
            models.UniqueConstraint(fields=["since"], condition=Q(team__isnull=True), name="promise_company_once"),
        ]

    def __str__(self) -> str:
        return f"{self.team or 'Company'} from {self.since}"


class ContractWeek(models.Model):
    """One week as it was counted, for one owner or for everybody (``EVERYBODY``). Kept where there are too many
    handoffs to count while somebody waits; counted again and again by the worker."""

    monday = models.DateField()
    owner = models.BigIntegerField()
    body = models.JSONField(default=dict, help_text="rules.contract.Cell")
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["monday", "owner"], name="contract_week_once")]

    def __str__(self) -> str:
        return f"{self.monday}/{self.owner}"


class Decision(models.Model):
    """What marketing and sales agreed on when they looked at a week."""

    monday = models.DateField(db_index=True, help_text="Of the week they looked at")
    text = models.CharField(max_length=500)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    due = models.DateField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return self.text


class AlignmentMail(models.Model):
    """The week was mailed to this person. The constraint makes a second mail impossible, whoever tries."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    monday = models.DateField(help_text="Of the week that the mail is about")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "monday"], name="alignment_mail_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.monday}"


class StaffingRun(models.Model):
    """A simulation that was run, by all that went into it."""

    key = models.CharField(max_length=64, unique=True)
    result = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.key[:12]
