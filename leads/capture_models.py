"""How leads come in: the forms that ask, and the inbox that keeps what was sent (part of ``leads.models``)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import Leased


class InboxItem(Leased):
    """A capture as it came in, committed before we say 2xx. What cannot be understood is quarantined here."""

    source = models.CharField(max_length=60, help_text="form:<slug>, track, api, webhook:<name>")
    key = models.CharField(max_length=150, help_text="Unique in the source: a repeat is the same capture")
    body = models.JSONField()
    lead = models.ForeignKey("leads.Lead", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="inbox_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="inbox_due"),
            models.Index(fields=["state", "-id"], name="inbox_state"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"


class CaptureForm(models.Model):
    """A form that anybody may fill in, at /f/<slug>/ or from the company's own site."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    headline = models.CharField(max_length=160, blank=True, default="")
    intro = models.CharField(max_length=400, blank=True, default="")
    button = models.CharField(max_length=40, default="Send")
    thanks = models.CharField(max_length=300, default="Thank you. We will be in touch.")
    fields = models.JSONField(default=list, help_text="Names of the asked fields beside the e-mail")
    activity_kind = models.CharField(max_length=40, default="form_submitted")
    campaign = models.CharField(max_length=100, blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
