"""The desk's own rows: one person's work given to others."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Leased


class Relief(Leased):
    """One person's work (or chosen handoffs) given to a colleague or back to routing. Runs in chunks; each chunk and
    the place it reached commit together, so a worker that dies takes nothing with it and nothing is done twice."""

    class Kind(models.TextChoices):
        UNDECIDED = "undecided", "Undecided leads"
        ACCEPTED = "accepted", "Accepted leads with their deals and tasks"
        DEALS = "deals", "Other open deals with their tasks"
        TASKS = "tasks", "Other open tasks"
        LEADS = "leads", "Other leads and customers"

    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    rep = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Whose work; empty for chosen handoffs",
    )
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Who gets it; empty: routing chooses",
    )
    kinds = models.JSONField(default=list)
    handoff_ids = models.JSONField(null=True, help_text="The chosen handoffs, when it is about those")
    why = models.CharField(max_length=80, blank=True, default="")
    leaving = models.BooleanField(default=False, help_text="Deactivate the person at the end")
    total = models.PositiveIntegerField(null=True, help_text="Known once it has begun")
    seen = models.PositiveIntegerField(default=0)
    moved = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=dict, help_text="Why not -> how many")
    report = models.JSONField(default=dict, help_text="Receiver's id ('' for the waiting list) -> kind -> how many")
    step = models.PositiveSmallIntegerField(default=0, help_text="Which of the kinds it is at")
    place = models.BigIntegerField(default=0, help_text="The last row of that kind that was looked at")
    cancelled = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["due_at"], condition=Q(state="pending"), name="relief_due")]

    def __str__(self) -> str:
        return f"{self.said} to {self.to or 'routing'}"

    @property
    def said(self) -> str:
        """What is given away, in two words."""
        return f"{self.rep}'s work" if self.rep else f"{len(self.handoff_ids or [])} chosen leads"

    @property
    def key(self) -> str:
        """The key of each receiver's one notice, and the mark of the assignments it tells of."""
        return f"relief:{self.pk}"
