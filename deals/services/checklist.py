"""Answers of the checklist, and the questions."""

from typing import Any

from django.db import transaction

from core.clock import db_now
from core.errors import Refused
from core.ordered import row_revise, row_shift, rows_held
from deals.models import Answer, Deal, Question
from deals.services.deals import deal_update
from leads.conditions import condition_check

LIMIT = 300
MOST = 40


@transaction.atomic
def answer_save(*, deal: Deal, question: Question, text: str, by: Any) -> None:
    """Keep what was found out; empty takes the answer away. One about budget, authority, need or timeline is written
    on the deal, where every other page has it from. Raises Refused for a text that is too long."""
    text = " ".join(text.split())
    if len(text) > LIMIT:
        raise Refused(f"At most {LIMIT} characters.", field="text")
    if question.field:
        deal_update(deal=deal, by=by, values={question.field: text})
        return
    if not text:
        Answer.objects.filter(deal=deal, question=question).delete()
        return
    kept = {"text": text, "by": by, "at": db_now()}
    Answer.objects.update_or_create(deal=deal, question=question, defaults=kept)


@transaction.atomic
def question_save(*, question: Question | None, revision: int, values: dict[str, Any]) -> Question:
    """Create (goes last) or change a question. Raises Refused naming the field; Conflict when somebody changed it
    since ``revision``."""
    values = {**values, "text": " ".join(values["text"].split())}
    values["condition"] = condition_check(values.get("condition"))
    if not values["text"]:
        raise Refused("Write the question.", field="text")
    same = Question.objects.filter(field=values["field"], is_active=True).exclude(pk=question.pk if question else 0)
    if values["field"] and same.exists():
        raise Refused("Another question asks for this already.", field="field")
    if question is None:
        if Question.objects.count() >= MOST:
            raise Refused(f"At most {MOST} questions.", field="text")
        made: Question = Question.objects.create(position=Question.objects.count(), **values)
        return made
    if question.answers.exists() and not Question.objects.filter(pk=question.pk, field=values["field"]).exists():
        raise Refused("It was answered: what it asks for stays. Switch it off and write a new one.", field="field")
    return row_revise(question, revision, values)


@transaction.atomic
def question_move(*, pk: int, up: bool) -> None:
    """One place up or down. Raises Refused when it is gone."""
    row_shift(rows_held(Question.objects.all()), pk, up=up)


@transaction.atomic
def question_toggle(*, pk: int, active: bool) -> None:
    """Ask it or not. What was answered stays."""
    row = Question.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        raise Refused("It is gone.", code="missing")
    if active and row.field and Question.objects.filter(field=row.field, is_active=True).exclude(pk=pk).exists():
        raise Refused("Another question asks for this already.")
    row.is_active = active
    row.save(update_fields=["is_active"])
