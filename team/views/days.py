"""Days on which the whole company is off, besides public holidays."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from core.errors import Refused
from core.pages import form_view, refuse
from team import services
from team.access import roles_required
from team.forms import CompanyDaysForm
from team.models import CompanyDay


@form_view
@roles_required("manager")
def days(request: HttpRequest) -> HttpResponse:
    """The days ahead and the last ones; POST adds some."""
    form = CompanyDaysForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            count = services.company_days_add(**form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{count} day{'s' if count != 1 else ''} off for everybody.")
            return redirect("team:days")
    today = timezone.localdate()
    context = {
        "form": form,
        "ahead": CompanyDay.objects.filter(day__gte=today),
        "past": CompanyDay.objects.filter(day__lt=today).order_by("-day")[:12],
    }
    return render(request, "team/days.html", context, status=422 if form.errors else 200)


@require_POST
@roles_required("manager")
def day_remove(request: HttpRequest, pk: int) -> HttpResponse:
    get_object_or_404(CompanyDay, pk=pk).delete()
    messages.success(request, "Removed: it is a working day again.")
    return redirect("team:days")
