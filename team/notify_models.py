"""How people are told: their chat channels, quiet hours and digest, and what quiet hours keep for later."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class NotifyPlan(models.Model):
    """A person's wishes. Somebody without a row has the defaults."""

    class Quiet(models.TextChoices):
        HOURS = "hours", "Outside my working hours"
        OWN = "own", "At times of my own"
        OFF = "off", "Never"

    class Through(models.TextChoices):
        DUTY = "duty", "Leads who asked for a talk, unless I have time off"
        ALWAYS = "always", "Leads who asked for a talk and missed deadlines, always"
        NEVER = "never", "Nothing"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="notify_plan"
    )
    mail_events = models.JSONField(default=list, blank=True, help_text="Events told by e-mail besides new leads")
    quiet = models.CharField(max_length=5, choices=Quiet, default=Quiet.HOURS)
    quiet_from = models.CharField(max_length=5, default="20:00", help_text="Local time")
    quiet_to = models.CharField(max_length=5, default="07:30", help_text="Local time; before the start: next day")
    through = models.CharField(max_length=6, choices=Through, default=Through.DUTY)
    digest = models.BooleanField(default=False)
    digest_hour = models.PositiveSmallIntegerField(default=8, help_text="Local hour, 0 to 23")
    digest_next_at = models.DateTimeField(null=True, blank=True, help_text="Empty while there is no digest")

    class Meta:
        indexes = [
            models.Index(fields=["digest_next_at"], condition=Q(digest_next_at__isnull=False), name="digest_due")
        ]

    def __str__(self) -> str:
        return f"Plan of {self.user_id}"


class ChannelQuerySet(models.QuerySet["Channel"]):
    def live(self) -> "ChannelQuerySet":
        """Those that something may be sent to."""
        return self.filter(is_active=True, paused_at=None)

    def visible_to(self, user: Any) -> "ChannelQuerySet":
        """One's own, and those of the teams that one manages."""
        mine = Q(user=user)
        if user.is_admin or (user.is_manager and user.team_id is None):
            mine |= Q(team__isnull=False)
        elif user.is_manager:
            mine |= Q(team=user.team_id)
        return self.filter(mine)


class Channel(models.Model):
    """A chat, push or webhook address of one person or one team."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="channels"
    )
    team = models.ForeignKey("team.Team", null=True, blank=True, on_delete=models.CASCADE, related_name="channels")
    name = models.CharField(max_length=80)
    # The address is a password: nothing shows it again once it is saved.
    address = models.TextField()
    service = models.CharField(max_length=60, help_text="Slack, Telegram ...: what the address is for")
    masked = models.CharField(max_length=200, help_text="The address with its secrets left out")
    events = models.JSONField(default=list)
    urgent_only = models.BooleanField("Only what is urgent", default=False)
    is_active = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failed tries in a row")
    rest_until = models.DateTimeField(null=True, blank=True, help_text="After a failed try nothing is sent before")
    paused_at = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_failed_at = models.DateTimeField(null=True, blank=True)
    last_said = models.CharField(max_length=300, blank=True, default="", help_text="What the other side answered")
    tested_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = ChannelQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(user=None) ^ Q(team=None), name="channel_one_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.service})"


class Held(models.Model):
    """A notice that quiet hours keep back from one channel (none: e-mail); all of them are sent as one at the end."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="held", db_index=False)
    channel = models.ForeignKey(Channel, null=True, blank=True, on_delete=models.CASCADE, related_name="held")
    notice = models.ForeignKey("team.Notice", on_delete=models.CASCADE, related_name="held")
    until = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="held_once"),
            models.UniqueConstraint(fields=["notice"], condition=Q(channel=None), name="held_mail_once"),
        ]
        indexes = [models.Index(fields=["until"], name="held_due")]

    def __str__(self) -> str:
        return f"{self.notice_id} for {self.channel_id or 'e-mail'} until {self.until:%Y-%m-%d %H:%M}"
