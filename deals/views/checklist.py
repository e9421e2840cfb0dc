"""The checklist: a rep answers, a manager says what is asked."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.clock import screen_now
from core.errors import Refused
from core.pages import act, edit, form_view
from deals.forms.checklist import QuestionForm
from deals.models import Question
from deals.selectors.checklist import checklist_of, questions_all
from deals.services import checklist as service
from deals.views.common import deal_worked
from leads.conditions import condition_sentence
from team.access import roles_required

HOME = "deals:questions"


@roles_required("rep", "manager")
@require_POST
def answer(request: HttpRequest, pk: int, question: int) -> HttpResponse:
    """POST ``text``: what was found out; empty takes it away. Answers with the checklist as it is now."""
    deal = deal_worked(request, pk)
    asked = get_object_or_404(Question, pk=question)
    error, status = "", 200
    try:
        service.answer_save(deal=deal, question=asked, text=request.POST.get("text", ""), by=request.user)
    except Refused as refusal:
        error, status = refusal.message, 422
    if not getattr(request, "htmx", None):
        if error:
            messages.error(request, error)
        return redirect("deals:detail", pk=pk)
    deal.refresh_from_db()
    context = {"checklist": checklist_of(deal, screen_now()), "may_answer": True, "error": error, "wrong": asked.pk}
    context["own"] = "own" in request.POST
    return render(request, "deals/_checklist.html", context, status=status)


@roles_required("manager")
@require_safe
def questions(request: HttpRequest) -> HttpResponse:
    """What reps find out about each lead, in order."""
    rows = list(questions_all())
    for row in rows:
        one: Any = row
        one.sentence = condition_sentence(row.condition) if row.condition else ""
    return render(request, "deals/questions.html", {"questions": rows})


def _question(request: HttpRequest, row: Question | None) -> HttpResponse:
    form = QuestionForm(request.POST or None, instance=row)

    def save() -> None:
        service.question_save(question=row, revision=form.cleaned_data["revision"], values=form.values())

    return edit(request, form, save, "deals/question_form.html", HOME, "Saved.", row=row)


@roles_required("manager")
@form_view
def question_new(request: HttpRequest) -> HttpResponse:
    return _question(request, None)


@roles_required("manager")
@form_view
def question_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _question(request, get_object_or_404(Question, pk=pk))


@roles_required("manager")
@require_POST
def question_move(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``to``: up or down."""
    up = request.POST.get("to") != "down"
    return act(request, HOME, lambda: service.question_move(pk=pk, up=up))


@roles_required("manager")
@require_POST
def question_toggle(request: HttpRequest, pk: int) -> HttpResponse:
    """POST ``active``: 1 or 0."""
    active = request.POST.get("active") == "1"
    return act(request, HOME, lambda: service.question_toggle(pk=pk, active=active))
