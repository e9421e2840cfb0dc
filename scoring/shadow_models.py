"""Scores of the model in shadow, beside the real ones (part of ``scoring.models``)."""

from django.db import models

from leads.models import Lead


class ShadowScore(models.Model):
    """What a lead would have with the model in shadow. Nothing acts on it. Only rows of the present shadow that were
    made since it became one say anything: others are left over, and on their way out."""

    lead = models.OneToOneField(Lead, primary_key=True, on_delete=models.CASCADE, related_name="+")
    model = models.ForeignKey("scoring.ScoringModel", on_delete=models.CASCADE, related_name="+")
    fit = models.SmallIntegerField()
    engagement = models.SmallIntegerField()
    score = models.SmallIntegerField()
    scored_at = models.DateTimeField(
        help_text="When it last changed; a finished part of a pass says until when it holds"
    )

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.score}"
