from typing import Any

from django import forms

from handoff.models import MqlPolicy
from leads.forms.condition import ConditionField
from leads.rules import ACTIVITY_KINDS, RESPONSE_KINDS

# what a lead does; what we do to them can be no sign of their intent
OURS = {*RESPONSE_KINDS, "email_sent", "email_bounced", "note", "task_done", "imported", "unsubscribed"}


class Revised(forms.ModelForm):
    """A form over a row with a revision: ``values()`` is what the service takes."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["revision"] = self.instance.revision if self.instance.pk else 0

    def values(self) -> dict[str, Any]:
        left_out = {"revision", "sure"}
        return {name: value for name, value in self.cleaned_data.items() if name not in left_out}


class PolicyForm(Revised):
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
