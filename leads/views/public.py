"""The page anybody may fill in. No login, no cookie of ours, no script needed."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import Refused
from leads.forms.capture import asked_fields
from leads.models import CaptureForm
from leads.services.public import HONEYPOT, form_key, form_submit
from leads.visits import UTM, bot_class, too_many

PER_MINUTE = 30
HIDDEN = (*[f"utm_{name}" for name in UTM], "referrer", "landing_page", "visitor")


# The company's own site posts here too, so there is no CSRF token; nothing is done in anybody's name.
@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def public_form(request: HttpRequest, slug: str) -> HttpResponse:
    form = get_object_or_404(CaptureForm, slug=slug, is_active=True)
    if request.method != "POST":
        return _page(request, form, _arrival(request))
    given = {name: value for name, value in request.POST.items() if isinstance(value, str)}
    if too_many(request, "form", PER_MINUTE):
        said = "Too many forms came from your network just now. Please send it again in a minute."
        return _page(request, form, given, error=said, status=429)
    try:
        form_submit(form=form, given=given, bot=bot_class(request))
    except Refused as refusal:
        return _page(request, form, given, error=refusal.message, field=refusal.field, status=400)
    return redirect("leads:public_thanks", slug=slug)


def _arrival(request: HttpRequest) -> dict[str, str]:
    """Where a visitor came from, kept in the form so that it is there without a script."""
    given = {name: request.GET.get(name, "") for name in HIDDEN}
    given["referrer"] = given["referrer"] or request.headers.get("Referer", "")
    given["landing_page"] = given["landing_page"] or request.build_absolute_uri()
    return {name: value[:2000] for name, value in given.items()}


def _page(
    request: HttpRequest,
    form: CaptureForm,
    given: dict[str, str],
    *,
    error: str = "",
    field: str = "",
    status: int = 200,
) -> HttpResponse:
    wrong = field.removeprefix("lead.").replace("company.name", "company")
    context: dict[str, Any] = {
        "form": form,
        "fields": asked_fields(form.fields, given, wrong, error),
        "hidden": [(name, given.get(name, "")) for name in HIDDEN],
        "honeypot": HONEYPOT,
        "key": given.get("key") or form_key(form.slug),
        "consent": bool(given.get("consent_email")),
        "error": error,
    }
    return render(request, "leads/public_form.html", context, status=status)


@login_not_required
@require_safe
def public_thanks(request: HttpRequest, slug: str) -> HttpResponse:
    form = get_object_or_404(CaptureForm, slug=slug)
    return render(request, "leads/public_thanks.html", {"form": form})
