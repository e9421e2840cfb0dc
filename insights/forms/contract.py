"""The forms of the contract: which weeks, what is promised, what was decided."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Q

from core.clock import db_now
from core.widgets import LongSelect
from insights.metrics.scope import Scope
from insights.models import Contract, Promise
from insights.rules.weeks import Weeks, monday_of, week_name, week_parse, weeks_back
from insights.services.staffing import Asked
from team.forms import zones
from team.models import Team, User
from team.rules import WEEKDAYS, zone_get

COUNTS = [(4, "4 weeks"), (13, "13 weeks"), (26, "26 weeks")]


class WeeksForm(forms.Form):
    """GET parameters of the contract page and its rows. Anything that makes no sense filters nothing."""

    weeks = forms.TypedChoiceField(choices=COUNTS, coerce=int, required=False, empty_value=None)
    until = forms.CharField(max_length=8, required=False)
    campaign = forms.CharField(max_length=100, required=False)
    source = forms.CharField(max_length=60, required=False)
    week = forms.CharField(max_length=8, required=False)
    team = forms.IntegerField(min_value=1, max_value=2**62, required=False)

    def __init__(self, data: Any) -> None:
        super().__init__({name: data.get(name, "") for name in self.base_fields})
        self.is_valid()

    def value(self, name: str) -> Any:
        return self.cleaned_data.get(name) or None

    @property
    def count(self) -> int:
        return int(self.value("weeks") or 13)

    def monday(self, name: str) -> date | None:
        return week_parse(self.value(name) or "")

    def scope(self, user: Any, contract: Contract) -> Scope:
        """One week where one is named, else so many up to the present one (or ``until``)."""
        now, zone = db_now(), zone_get(contract.time_zone)
        one = self.monday("week")
        period = Weeks.of(one, zone) if one else weeks_back(now, zone, self.count, self._until(now, zone))
        campaign = self.value("campaign") or ""
        campaign = "" if campaign == "-" else campaign  # those without one are only in the rows behind a number
        return Scope(user=user, period=period, now=now, view="activity", team=self.value("team"), campaign=campaign)

    def _until(self, now: Any, zone: Any) -> date | None:
        until = self.monday("until")
        return until if until and date(1990, 1, 1) < until < monday_of(now, zone) else None

    def kept(self, **changes: Any) -> dict[str, Any]:
        until = self.monday("until")
        kept = {
            "weeks": self.count if self.count != 13 else None,
            "until": week_name(until) if until else None,
            "team": self.value("team"),
            "campaign": self.value("campaign"),
        } | changes
        return {name: value for name, value in kept.items() if value not in (None, "")}

    def query(self, **changes: Any) -> str:
        return urlencode(self.kept(**changes))


class PromiseForm(forms.ModelForm):  # type: ignore[type-arg]
    """A new version. ``since`` is any day of its first week."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Promise
        fields = ["team", "since", "mqls", "accept_share", "answer_share", "attempts", "attempt_days", "note"]
        widgets = {"since": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
        help_texts = {
            "team": "Empty: the whole company. A team's own promise counts for it before the company's.",
            "since": "Any day of its first week. The weeks before keep what was promised then.",
            "mqls": "Marketing delivers so many a week; 0 promises nothing.",
            "accept_share": "Marketing's share that sales accepts.",
            "answer_share": "Sales answers so many within the response time.",
            "attempts": "Sales tries so often before giving up; 0 promises nothing.",
            "attempt_days": "Counted from the day after the assignment, in the rep's calendar.",
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = Team.objects.order_by("name")
        if not user.is_admin and user.team_id:
            teams = teams.filter(pk=user.team_id)
        field: Any = self.fields["team"]
        field.queryset, field.empty_label = teams, "The whole company"

    def values(self) -> dict[str, Any]:
        names = ("mqls", "accept_share", "answer_share", "attempts", "attempt_days", "note")
        return {name: self.cleaned_data[name] for name in names}

    def _post_clean(self) -> None:
        """Writing it is the service's work, and so are its rules; the form only reads what was sent."""


class ZoneForm(forms.Form):
    time_zone = forms.ChoiceField(choices=zones, widget=LongSelect, label="Weeks begin on Monday 00:00 in")
    revision = forms.IntegerField(widget=forms.HiddenInput)


class DecisionForm(forms.Form):
    text = forms.CharField(max_length=500, label="Decision", widget=forms.Textarea(attrs={"rows": 2}))
    owner = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="Nobody in particular")
    due = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["owner"]  # who has left keeps what was theirs
        field.queryset = User.objects.filter(Q(is_active=True) | Q(pk=self.initial.get("owner"))).order_by("name")


DAYS = list(enumerate(WEEKDAYS))


class StaffingForm(forms.Form):
    """GET parameters of the staffing page; what makes no sense is left at its default."""

    target = forms.FloatField(min_value=50, max_value=99.5, required=False)
    within = forms.FloatField(min_value=0.5, max_value=1440, required=False)
    handling = forms.FloatField(min_value=0.5, max_value=240, required=False)
    always = forms.BooleanField(required=False)
    plus = forms.IntegerField(min_value=-5, max_value=10, required=False)
    day = forms.TypedChoiceField(choices=DAYS, coerce=int, required=False, empty_value=None)
    first = forms.IntegerField(min_value=0, max_value=23, required=False)
    last = forms.IntegerField(min_value=1, max_value=24, required=False)
    team = forms.IntegerField(min_value=1, max_value=2**62, required=False)

    def __init__(self, data: Any) -> None:
        super().__init__({name: data.get(name, "") for name in self.base_fields})
        self.is_valid()

    def asked(self) -> Asked:
        """A number without sense is the default, as the page then shows."""
        given = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        given.pop("team", None)
        return Asked(**given)

    def scope(self, user: Any, contract: Contract) -> Scope:
        """The last thirteen weeks and the running one."""
        now = db_now()
        period = weeks_back(now, zone_get(contract.time_zone), 14)
        return Scope(user=user, period=period, now=now, view="activity", team=self.cleaned_data.get("team"))
