"""Tasks: promise, do, put off."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from core.errors import Refused
from core.pages import status_of
from deals.forms import SnoozeForm, TaskForm
from deals.models import Task
from deals.services import task_create, task_done, task_snooze, task_undo
from deals.views.common import Say, answer, deal_worked, first_error, say_no
from team.access import roles_required


@roles_required("rep", "manager")
@require_POST
def create(request: HttpRequest, pk: int) -> HttpResponse:
    """A task about this deal, for the person who writes it."""
    deal = deal_worked(request, pk)
    form = TaskForm(request.POST)
    if not form.is_valid():
        return answer(request, pk, say_no(first_error(form)), status=422)
    try:
        task_create(owner=request.user, deal=deal, **form.cleaned_data)
    except Refused as refusal:
        return answer(request, pk, say_no(refusal), status=status_of(refusal))
    return answer(request, pk, Say("Task added."))


def _change(request: HttpRequest, pk: int, act: Callable[[Task], Task], text: str) -> HttpResponse:
    task = get_object_or_404(Task.objects.visible_to(request.user), pk=pk)
    status = 200
    try:
        act(task)
        say = Say(text)
    except Refused as refusal:
        say, status = say_no(refusal), status_of(refusal)
    if task.deal_id is not None and not _next(request):
        return answer(request, task.deal_id, say, status=status)
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(say.text, status=status, content_type="text/plain; charset=utf-8")
    (messages.error if say.bad else messages.success)(request, say.text)
    return redirect(_next(request) or "desk:home")


def _next(request: HttpRequest) -> str:
    """Where the person came from, when that is a page of ours."""
    url = request.POST.get("next", "")
    return url if url_has_allowed_host_and_scheme(url, allowed_hosts=None) and url.startswith("/") else ""


@roles_required("rep", "manager", "marketer")
@require_POST
def done(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, lambda task: task_done(task=task), "Done.")


@roles_required("rep", "manager", "marketer")
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    return _change(request, pk, lambda task: task_undo(task=task), "It is open again.")


@roles_required("rep", "manager", "marketer")
@require_POST
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Put off until ``until`` (the person's own time zone)."""
    form = SnoozeForm(request.POST)

    def act(task: Task) -> Task:
        if not form.is_valid():
            raise first_error(form)
        return task_snooze(task=task, until=form.cleaned_data["until"])

    return _change(request, pk, act, "Put off.")
