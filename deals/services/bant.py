"""Who found out budget, authority, need and timeline: the deal holds what, this holds by whom and when."""

from collections.abc import Iterable
from typing import Any

from core.clock import db_now
from deals.models import Answer, Deal, Question

BANT = ("budget", "authority", "need", "timeline")


def bant_note(deal: Deal, changed: Iterable[str], by: Any) -> None:
    """Who found out budget, authority, need or timeline, and when, wherever it was written. In the transaction."""
    now = db_now()
    for question in Question.objects.filter(field__in=[name for name in changed if name in BANT]):
        if getattr(deal, question.field):
            kept = {"text": "", "by": by, "at": now}
            Answer.objects.update_or_create(deal=deal, question=question, defaults=kept)
        else:
            Answer.objects.filter(deal=deal, question=question).delete()
