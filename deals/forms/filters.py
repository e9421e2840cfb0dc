"""The filters in the URL of the list and of the board."""

from typing import Any
from urllib.parse import urlencode

from django import forms

from core.widgets import LongSelect
from deals.access import sees_prices
from deals.selectors import lost_reasons, owners
from deals.selectors.listing import SORTS
from funnels.models import Funnel, Stage

EMPTY = ("", "Any")


class _Filter(forms.Form):
    """A filter that is not understood is left out, and said at its field."""

    def wanted(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "", False)}

    def query(self, **changes: Any) -> str:
        """The filters as a query string, with ``changes``; '' when there are none."""
        kept = {
            name: value
            for name, value in self.data.items()
            if name in self.fields and name not in self.errors and value
        }
        return urlencode({name: value for name, value in {**kept, **changes}.items() if value not in (None, "")})


def _owner_choices(user: Any) -> list[tuple[str, str]]:
    choices = [("", "Everybody I see"), ("me", "Me"), ("none", "Nobody")]
    return choices + [(str(one.pk), str(one)) for one in owners(user).only("name", "email")]


class DealFilter(_Filter):
    q = forms.CharField(label="Search", required=False, max_length=100)
    state = forms.ChoiceField(
        required=False, choices=[("", "All"), ("open", "Open"), ("won", "Won"), ("lost", "Lost")]
    )
    pipeline = forms.ChoiceField(required=False)
    stage = forms.ChoiceField(required=False)
    owner = forms.ChoiceField(required=False, widget=LongSelect)
    source = forms.CharField(required=False, max_length=60)
    closing = forms.ChoiceField(
        required=False,
        choices=[EMPTY, ("overdue", "Overdue"), ("month", "This month"), ("next", "Next month")],
    )
    lost_reason = forms.ChoiceField(label="Lost for", required=False)
    least = forms.DecimalField(label="Amount from", required=False, max_digits=14, decimal_places=2)
    most = forms.DecimalField(label="Amount to", required=False, max_digits=14, decimal_places=2)
    stalled = forms.BooleanField(label="Stalled only", required=False)
    sort = forms.ChoiceField(required=False, choices=list(SORTS.items()))

    def __init__(self, data: Any, *, user: Any, stages: list[Stage]) -> None:
        super().__init__(data)
        sales = [one for one in stages if one.funnel.kind == Funnel.Kind.SALES]
        pipelines = {one.funnel.key: one.funnel.name for one in sales}
        several = len(pipelines) > 1
        self._offer("pipeline", [EMPTY, *pipelines.items()])
        self._offer(
            "stage", [EMPTY] + [(str(one.pk), f"{one.funnel}: {one}" if several else one.name) for one in sales]
        )
        self._offer("owner", _owner_choices(user))
        self._offer(
            "lost_reason", [EMPTY] + [(str(pk), label) for pk, label in lost_reasons().values_list("pk", "label")]
        )
        if not several:
            del self.fields["pipeline"]
        if not sees_prices(user):
            for name in ("least", "most"):
                del self.fields[name]
            self._offer("sort", [(key, label) for key, label in SORTS.items() if "amount" not in key])

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices


class BoardFilter(_Filter):
    pipeline = forms.CharField(required=False, max_length=40)
    q = forms.CharField(label="Search", required=False, max_length=100)
    owner = forms.ChoiceField(required=False, widget=LongSelect)
    stalled = forms.BooleanField(label="Stalled only", required=False)

    def __init__(self, data: Any, *, user: Any) -> None:
        super().__init__(data)
        owner: Any = self.fields["owner"]
        owner.choices = _owner_choices(user)
