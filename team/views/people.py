"""People and teams: admins change them, managers see theirs and say how much each rep gets."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.ask import ask
from core.errors import Refused
from core.pages import refuse
from team import selectors, services
from team.access import roles_required
from team.forms import HoursForm, LoadForm, PersonForm, TeamForm, TimeOffForm
from team.models import Team, TimeOff, User
from team.rules import zone_get

OWNING = ("is_active", "is_rep", "is_manager", "is_admin")  # what says whether leads may be theirs


@require_safe
@roles_required("manager")
def people(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    rows = list(selectors.people_seen_by(user))
    left = [one.pk for one in rows if not one.may_own]
    holding = ask("people.holding", user_ids=left) or ()
    context = {"people": rows, "holding": holding, "teams": selectors.teams_counted()}
    return render(request, "team/people.html", context)


def _seen(request: HttpRequest, pk: int) -> User:
    user: Any = request.user
    return get_object_or_404(selectors.people_seen_by(user), pk=pk)


def _form(request: HttpRequest, person: User, *, sent: bool = True) -> "ModelForm[User]":
    """What an admin, or the team's manager, may change of the person; not ``sent``: as it is, when another of the
    page's forms was sent."""
    user: Any = request.user
    kind: Any = PersonForm if user.is_admin else LoadForm
    form: ModelForm[User] = kind((sent and request.POST) or None, instance=person)
    return form


@require_http_methods(["GET", "HEAD", "POST"])
@roles_required("manager")
def person(request: HttpRequest, pk: int) -> HttpResponse:
    found = _seen(request, pk)
    user: Any = request.user
    form = _form(request, found)
    holds = ask("person.holds", user_id=found.pk) or []
    if request.method == "POST" and form.is_valid():
        if _leaves_work(request, found, form, holds):
            return _person_page(request, found, form, holds, 422, confirm=True)
        try:
            services.person_save(person=found, by=user, values=form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
            found.refresh_from_db()
        else:
            if "confirmed" in request.POST and not found.may_own:
                return _left(request, found)
            messages.success(request, f"{found.name} saved.")
            return redirect("team:people")
    return _person_page(request, found, form, holds, 422 if form.errors else 200)


def _left(request: HttpRequest, person: User) -> HttpResponse:
    """What stays in the name of somebody who was locked out at once: it is to be given to others next."""
    messages.warning(request, f"{person.name} saved. Who shall have what stays in {person.get_short_name()}'s name?")
    return redirect(f"{reverse('desk:relief')}?rep={person.pk}")


def _leaves_work(request: HttpRequest, person: User, form: "ModelForm[User]", holds: list[Any]) -> bool:
    """True when somebody with work on the desk could own none any more, and nobody has said that this is meant."""
    said = {name: form.cleaned_data.get(name, getattr(person, name)) for name in OWNING}
    goes = person.may_own and not User(**said).may_own
    return goes and bool(holds) and "confirmed" not in request.POST


def _person_page(
    request: HttpRequest,
    person: User,
    form: "ModelForm[User]",
    holds: list[Any],
    status: int,
    confirm: bool = False,
    **forms: Any,
) -> HttpResponse:
    context = {
        "person": person,
        "form": form,
        "holds": holds,
        "confirm": confirm,
        "off_form": TimeOffForm(),
    }
    if person.pk:
        context |= {"hours_form": HoursForm(user=person), **selectors.working_time(person, timezone.now())}
    context |= forms
    return render(request, "team/person.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@roles_required("admin")
def person_new(request: HttpRequest) -> HttpResponse:
    """Invite somebody: they get a mail with a link at which they choose a password."""
    user: Any = request.user
    form = PersonForm(request.POST or None, initial={"is_active": True, "time_zone": user.time_zone})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.person_save(person=User(), by=user, values=form.cleaned_data)
        except Refused as refusal:
            refuse(form, refusal)
        else:
            _invite(request, made)
            return redirect("team:people")
    return render(request, "team/person.html", {"form": form}, status=422 if form.errors else 200)


def _invite(request: HttpRequest, made: User) -> None:
    user: Any = request.user
    uid = urlsafe_base64_encode(force_bytes(made.pk))
    path = reverse("team:password_reset_confirm", args=[uid, default_token_generator.make_token(made)])
    services.invite_send(person=made, link=request.build_absolute_uri(path), by=user)
    messages.success(request, f"An invitation is on its way to {made.email}.")


@require_POST
@roles_required("admin")
def invite(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the invitation again."""
    found = _seen(request, pk)
    if not found.is_active:
        raise PermissionDenied
    _invite(request, found)
    return redirect("team:person", pk=pk)


@require_POST
@roles_required("manager")
def person_hours(request: HttpRequest, pk: int) -> HttpResponse:
    """When somebody works, and whose holidays they keep."""
    found = _seen(request, pk)
    form = HoursForm(request.POST, user=found)
    if not form.is_valid():
        holds = ask("person.holds", user_id=found.pk) or []
        return _person_page(request, found, _form(request, found, sent=False), holds, 422, hours_form=form)
    services.hours_save(person=found, **form.values())
    messages.success(request, f"{found.name}'s working hours saved.")
    return redirect("team:person", pk=pk)


@require_POST
@roles_required("manager")
def person_off(request: HttpRequest, pk: int) -> HttpResponse:
    """Note somebody's time off for them: in their time zone, as the page says."""
    found = _seen(request, pk)
    with timezone.override(zone_get(found.time_zone)):
        form = TimeOffForm(request.POST, instance=TimeOff(user=found))
        valid = form.is_valid()
    if not valid:
        holds = ask("person.holds", user_id=found.pk) or []
        return _person_page(request, found, _form(request, found, sent=False), holds, 422, off_form=form)
    form.save()
    messages.success(request, "Time off noted: no new leads are handed to them then.")
    return redirect("team:person", pk=pk)


@require_POST
@roles_required("manager")
def person_off_remove(request: HttpRequest, pk: int, off: int) -> HttpResponse:
    found = _seen(request, pk)
    get_object_or_404(TimeOff, pk=off, user=found).delete()
    messages.success(request, "Removed.")
    return redirect("team:person", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@roles_required("admin")
def team(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    found = get_object_or_404(Team, pk=pk) if pk else Team()
    form = TeamForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, f"Team {found.name} saved.")
        return redirect("team:people")
    return render(request, "team/team.html", {"form": form, "team": found}, status=422 if form.errors else 200)
