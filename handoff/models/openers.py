"""What a rep may say first (part of ``handoff.models``)."""

from django.db import models


class Opener(models.Model):
    """A first sentence for leads for whom the condition holds. The first whose gaps can all be filled is shown."""

    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    condition = models.JSONField(default=dict, blank=True, help_text="Empty: everybody")
    text = models.CharField(max_length=400)
    is_active = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name
