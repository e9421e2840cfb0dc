"""The checklist of one deal: what is asked, what is known, by whom."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from deals.models import Answer, Deal, Question
from leads.compiler import leads_matching
from leads.models import Lead


@dataclass(frozen=True)
class Line:
    """One question with its answer; ``text`` '' while it is open."""

    question: Question
    text: str
    by: Any = None
    at: datetime | None = None


@dataclass(frozen=True)
class Checklist:
    """The questions of one deal, in order."""

    deal: Deal
    lines: list[Line]

    @property
    def done(self) -> int:
        return sum(bool(one.text) for one in self.lines)

    @property
    def total(self) -> int:
        return len(self.lines)


def checklist_of(deal: Deal, now: datetime) -> Checklist:
    """What is asked about this deal's pipeline and lead, and what was answered; answered ones stay, also when nobody
    is asked any more. Two queries, and one a question with a condition."""
    answers = {one.question_id: one for one in Answer.objects.filter(deal=deal).select_related("by")}
    rows = Question.objects.filter(Q(is_active=True) | Q(pk__in=list(answers)))
    rows = rows.filter(Q(pipeline=None) | Q(pipeline=deal.stage.funnel_id) | Q(pk__in=list(answers)))
    asked = [one for one in rows if one.pk in answers or _of_lead(one, deal, now)]
    lines = []
    for one in asked:
        answer = answers.get(one.pk)
        text = getattr(deal, one.field) if one.field else answer.text if answer else ""
        lines.append(Line(one, text, answer.by if answer and text else None, answer.at if answer and text else None))
    return Checklist(deal, [line for line in lines if line.text or line.question.is_active])


def _of_lead(one: Question, deal: Deal, now: datetime) -> bool:
    if not one.condition:
        return True
    if deal.lead_id is None:
        return False
    within = Lead.objects.filter(pk=deal.lead_id)
    return leads_matching(one.condition, now=now, within=within).exists()


def questions_all() -> QuerySet[Question]:
    return Question.objects.select_related("pipeline")
