from typing import Any

from django import forms

from core.errors import Refused
from handoff.models import MqlPolicy, RoutingRule, SlaPolicy
from leads.forms.condition import ConditionField
from leads.models import Lead
from leads.rules import ACTIVITY_KINDS, RESPONSE_KINDS

# what a lead does; what we do to them can be no sign of their intent
OURS = {*RESPONSE_KINDS, "email_sent", "email_bounced", "note", "task_done", "imported", "unsubscribed"}


class _Revised(forms.ModelForm):
    """A form over a row with a revision: ``values()`` is what the service takes."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["revision"] = self.instance.revision if self.instance.pk else 0

    def values(self) -> dict[str, Any]:
        left_out = {"revision", "sure"}
        return {name: value for name, value in self.cleaned_data.items() if name not in left_out}


class PolicyForm(_Revised):
    grades = forms.MultipleChoiceField(
        label="Fit letters that may pass",
        help_text="None ticked: all of them.",
        choices=[(letter, letter) for letter in "ABCD"],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    required = ConditionField(label="And this must hold")
    instant_kinds = forms.MultipleChoiceField(
        label="Passes at once, whatever the score", widget=forms.CheckboxSelectMultiple, required=False
    )
    sure = forms.BooleanField(label="I am sure", required=False)

    class Meta:
        model = MqlPolicy
        fields = ["score", "grades", "required", "instant_kinds", "instant_days", "recycle_wait_days"]
        labels = {
            "score": "Score from which a lead is an MQL",
            "instant_days": "High intent counts for (days)",
            "recycle_wait_days": "Wait before a recycled lead may pass again (days)",
        }
        help_texts = {"score": "", "recycle_wait_days": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = {kind: label for kind, label in ACTIVITY_KINDS.items() if kind not in OURS}
        kinds |= {kind: kind for kind in self.instance.instant_kinds if kind not in kinds}
        field: Any = self.fields["instant_kinds"]
        field.choices = list(kinds.items())
        for name, top in (("score", 200), ("instant_days", 3650), ("recycle_wait_days", 3650)):
            number: Any = self.fields[name]
            number.widget.attrs.update({"min": 0, "max": top})
            number.max_value = top

    def clean_score(self) -> int:
        score: int = self.cleaned_data["score"]
        if score > 200:
            raise forms.ValidationError("The highest score is 200: nobody would ever pass.")
        return score


class RuleForm(_Revised):
    condition = ConditionField(label="For leads where")

    class Meta:
        model = RoutingRule
        fields = ["name", "condition", "team", "company_owner_first", "hold_off_hours"]
        labels = {
            "name": "Name",
            "team": "Goes to",
            "company_owner_first": "The rep who owns the company comes first",
            "hold_off_hours": "When nobody is at work, wait for the next opening",
        }
        help_texts = {"hold_off_hours": "Else it is assigned anyway.", "company_owner_first": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["team"]
        field.empty_label = "Every rep"


class SlaForm(_Revised):
    condition = ConditionField(label="For leads where")

    class Meta:
        model = SlaPolicy
        fields = [
            *("name", "condition", "instant_only", "minutes", "working_time", "warn_percent", "max_reroutes"),
        ]
        labels = {
            "instant_only": "Only for leads that passed at once (asked for a demo or a talk)",
            "minutes": "Answer within (minutes)",
            "working_time": "Only the rep's working hours count",
            "warn_percent": "Warn when this much of the time is gone (%)",
            "max_reroutes": "Give it to another rep at most (times)",
        }
        help_texts = {"instant_only": "", "working_time": ""}


class TryForm(forms.Form):
    lead = forms.CharField(label="Lead", help_text="E-mail or number", max_length=254)

    def found(self, user: Any) -> Lead:
        """The lead that it names. Raises Refused when ``user`` sees none such."""
        text = self.cleaned_data["lead"].strip().lower() if self.is_valid() else ""
        rows = Lead.objects.visible_to(user).select_related("company", "standing")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
        lead = (rows.filter(pk=number) if number else rows.filter(email_key=text)).first() if text else None
        if lead is None:
            raise Refused("You see no lead with this e-mail or number.", field="lead")
        return lead
