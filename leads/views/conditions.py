"""What the condition builder asks the server."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST, require_safe

from core.clock import screen_now
from leads.conditions import condition_sentence
from leads.forms.condition import ConditionField
from leads.selectors import words
from team.access import roles_required


@roles_required("marketer", "rep", "manager")
@require_safe
@cache_control(private=True, max_age=30)
def condition_words(request: HttpRequest) -> JsonResponse:
    """The vocabulary: facts, comparisons, deeds and suggested values."""
    return JsonResponse(words.condition_words())


@roles_required("marketer", "rep", "manager")
@require_POST
def condition_preview(request: HttpRequest) -> JsonResponse:
    """``{sentence, count, said}`` of the posted ``condition``, or ``{error}`` saying which part is wrong."""
    try:
        condition = ConditionField().clean(request.POST.get("condition", ""))
    except ValidationError as error:
        return JsonResponse({"error": " ".join(error.messages)}, status=422)
    rows = words.standings_matching(condition, request.user, screen_now())
    count = words.count_capped(rows)
    said = words.count_said(count)
    noun = "lead" if count == 1 else "leads"
    text = f"{condition_sentence(condition)}: matches {said} of your {noun}"
    return JsonResponse({"sentence": condition_sentence(condition), "count": count, "said": text})
