"""What a rep finds out before a deal is worth more work: BANT and discovery (part of ``deals.models``)."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from funnels.models import Funnel


class Question(models.Model):
    """One line of the checklist. One about budget, authority, need or timeline has its answer on the deal itself."""

    class Field(models.TextChoices):
        OWN = "", "Its own answer"
        BUDGET = "budget", "Budget"
        AUTHORITY = "authority", "Authority"
        NEED = "need", "Need"
        TIMELINE = "timeline", "Timeline"

    text = models.CharField(max_length=160)
    field = models.CharField(max_length=10, choices=Field, blank=True, default="")
    pipeline = models.ForeignKey(
        Funnel, null=True, blank=True, on_delete=models.CASCADE, related_name="+", help_text="Empty: every pipeline"
    )
    condition = models.JSONField(default=dict, blank=True, help_text="Of which leads it is asked; empty: of all")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.text


class Answer(models.Model):
    """What was found out, by whom and when. Of a BANT question only who and when: the words are the deal's."""

    deal = models.ForeignKey("deals.Deal", on_delete=models.CASCADE, related_name="answers", db_index=False)
    question = models.ForeignKey(Question, on_delete=models.PROTECT, related_name="answers")
    text = models.CharField(max_length=300, blank=True, default="")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deal", "question"], name="answer_once")]

    def __str__(self) -> str:
        return self.text or str(self.question_id)
