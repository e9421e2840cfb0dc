"""What people decided about handoffs, kept also when it was taken back (part of ``handoff.models``)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Decision(models.Model):
    """One decision about a handoff. The handoff itself says what is true now; this says what was said, by whom, and
    whether it was taken back. Numbers count the handoff, so that a decision taken back counts nowhere."""

    class Kind(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"
        GIVEN_BACK = "given_back", "Given back to routing"
        TAKEN_OVER = "taken_over", "Taken over"

    handoff = models.ForeignKey("handoff.Handoff", on_delete=models.CASCADE, related_name="decisions")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    rep = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Who had it when it was decided",
    )
    reason = models.ForeignKey(
        "handoff.RejectReason", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    note = models.CharField(max_length=500, blank=True, default="")
    kept = models.JSONField(default=dict, help_text="What undoing it needs to know")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        ordering = ["id"]
        indexes = [
            # how often leads were given back or taken over, and by whom
            models.Index(
                fields=["kind", "-at"], condition=Q(kind__in=["given_back", "taken_over"]), name="decision_passed_on"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.handoff_id}: {self.kind}"
