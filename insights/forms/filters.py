"""The filters of a dashboard, as they stand in the address. Anything that makes no sense filters nothing."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms

from core.clock import db_now
from insights.behind import Asked
from insights.metrics.scope import Scope
from insights.rules.path import day_date, day_number
from insights.rules.periods import CHOICES, period_of

KEPT = ("period", "from", "to", "view", "by", "compare", "source", "campaign", "owner", "team", "pipeline")


class FilterForm(forms.Form):
    """GET parameters of every dashboard and of the rows behind a number."""

    period = forms.ChoiceField(choices=list(CHOICES.items()), required=False)
    view = forms.ChoiceField(choices=[("cohort", "Cohort"), ("activity", "Activity")], required=False)
    by = forms.ChoiceField(choices=[("count", "By count"), ("value", "By value")], required=False)
    compare = forms.BooleanField(required=False)
    source = forms.CharField(max_length=60, required=False)
    campaign = forms.CharField(max_length=100, required=False)
    owner = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    team = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    pipeline = forms.IntegerField(min_value=1, max_value=2**62, required=False)

    def __init__(self, data: Any) -> None:
        super().__init__({name: data.get(name, "") for name in KEPT})
        self.fields["from"] = forms.DateField(required=False)
        self.fields["to"] = forms.DateField(required=False)
        self.is_valid()

    def value(self, name: str) -> Any:
        """A filter that was given and makes sense, else None."""
        found = self.cleaned_data.get(name)
        return found if found not in ("", None, False) else None

    def scope(self, user: Any) -> Scope:
        """Today in UTC decides what 'this month' is, for everybody alike."""
        now = db_now()
        today: date = day_date(day_number(now))
        first, last = self.value("from"), self.value("to")
        key = self.value("period") or ("custom" if first and last else "quarter")
        return Scope(
            user=user,
            period=period_of(key, today, first, last),
            now=now,
            view=self.value("view") or "cohort",
            source=self.value("source") or "",
            campaign=self.value("campaign") or "",
            owner=self.value("owner"),
            team=self.value("team"),
            pipeline=self.value("pipeline"),
        )

    def kept(self, **changes: Any) -> dict[str, Any]:
        """What the address says, with some filters changed; an empty value takes one out."""
        kept = {name: self.value(name) for name in KEPT} | changes
        kept["compare"] = "1" if kept.get("compare") else None
        return {name: value for name, value in kept.items() if value not in (None, "")}

    def query(self, **changes: Any) -> str:
        """The same as the address has it."""
        return urlencode(self.kept(**changes))


class RowsForm(forms.Form):
    """Which number's rows: beside the filters."""

    what = forms.CharField(max_length=20, required=False)
    rank = forms.IntegerField(min_value=0, max_value=100, required=False)
    fate = forms.CharField(max_length=12, required=False)
    reason = forms.IntegerField(min_value=0, max_value=2**62, required=False)
    stage = forms.IntegerField(min_value=1, max_value=2**62, required=False)
    month = forms.CharField(max_length=7, required=False)
    low = forms.IntegerField(min_value=0, max_value=1000, required=False)

    def _given(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in ("", None)}

    def asked(self) -> Asked:
        return Asked(**{"what": "", **self._given()})

    def query(self, filters: FilterForm) -> str:
        """The address's query without the cursor."""
        return "&".join(part for part in (urlencode(self._given()), filters.query()) if part)
