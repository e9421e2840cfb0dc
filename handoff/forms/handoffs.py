from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.http import urlencode

from core.errors import Refused
from handoff.models import Handoff, RejectReason
from handoff.selectors import reps_for
from team.models import User

SORTS = {"-opened_at": "Newest first", "due_at": "Unanswered, most urgent first", "-score": "Best score first"}
STATES = [("", "All"), ("open", "Open"), *Handoff.State.choices, ("late", "Late")]


class ListForm(forms.Form):
    """The filters of the list. A value that makes no sense is left out, never an error page."""

    q = forms.CharField(label="Lead", required=False, max_length=100)
    state = forms.ChoiceField(label="State", required=False, choices=STATES)
    rep = forms.ModelChoiceField(User.objects.none(), label="Rep", required=False, empty_label="Everybody")
    reason = forms.ModelChoiceField(
        RejectReason.objects.all(), label="Reject reason", required=False, to_field_name="code", empty_label="Any"
    )
    sort = forms.ChoiceField(label="Order", required=False, choices=list(SORTS.items()))

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["rep"]
        field.queryset = User.objects.filter(is_rep=True).order_by("name", "pk")
        if not user.has_role("marketer", "manager"):
            del self.fields["rep"]
        self.full_clean()

    def _value(self, name: str) -> Any:
        return self.cleaned_data.get(name) or None

    @property
    def ordering(self) -> str:
        return self._value("sort") or "-opened_at"

    def narrow(self, rows: Any, now: datetime) -> QuerySet[Handoff]:
        state = self._value("state")
        if state == "open":
            rows = rows.filter(state__in=[Handoff.State.WAITING, Handoff.State.ASSIGNED])
        elif state == "late":
            rows = rows.late(now)
        elif state:
            rows = rows.filter(state=state)
        if self.ordering == "due_at" and state != Handoff.State.REJECTED:  # what was answered long ago is not urgent
            rows = rows.filter(responded_at=None, closed_at=None).exclude(state=Handoff.State.REJECTED)
        for name, path in (("rep", "rep"), ("reason", "reject_reason")):
            if self._value(name):
                rows = rows.filter(**{path: self._value(name)})
        for word in (self._value("q") or "").split()[:5]:
            rows = rows.filter(
                Q(lead__first_name__istartswith=word)
                | Q(lead__last_name__istartswith=word)
                | Q(lead__email_key__startswith=word.lower())
                | Q(lead__company__name__istartswith=word)
            )
        found: QuerySet[Handoff] = rows
        return found

    def query(self) -> str:
        """The filters as a query string, without the cursor."""
        kept: dict[str, Any] = {name: self.data.get(name) for name in self.fields if self._value(name)}
        return urlencode(kept)


class ReassignForm(forms.Form):
    to = forms.ModelChoiceField(User.objects.none(), label="Give it to")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to"]
        field.queryset = reps_for(user)

    def rep(self) -> User:
        """Raises Refused when it names no active rep."""
        if not self.is_valid():
            raise Refused("Choose an active rep.", field="to")
        found: User = self.cleaned_data["to"]
        return found
