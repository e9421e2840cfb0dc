"""What became of the buttons in e-mails."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class LinkUse(models.Model):
    """The one use of the accept button in the e-mail about one turn of a handoff."""

    handoff = models.ForeignKey("handoff.Handoff", on_delete=models.CASCADE, related_name="link_uses", db_index=False)
    turn = models.PositiveSmallIntegerField()
    rep = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handoff", "turn"], name="link_used_once")]

    def __str__(self) -> str:
        return f"{self.handoff_id}:{self.turn} by {self.rep_id}"
