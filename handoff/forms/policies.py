from typing import Any

from django import forms

from handoff.forms.settings import Revised
from handoff.models import MqlPolicy
from handoff.services.policies import TOPS
from leads.forms.condition import ConditionField
from leads.rules import ACTIVITY_KINDS, RESPONSE_KINDS

# what a lead does; what we do to them can be no sign of their intent
OURS = {*RESPONSE_KINDS, "email_sent", "email_bounced", "note", "task_done", "imported", "unsubscribed"}


class PolicyForm(Revised):
    condition = ConditionField(label="For leads where")
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
        fields = [
            *("name", "condition", "score", "grades", "required", "instant_kinds", "instant_days"),
            *("recycle_wait_days", "recycle_rise", "max_cycles", "instant_skips_wait", "ceiling", "ceiling_leads"),
        ]
        labels = {
            "score": "Score from which a lead is an MQL",
            "instant_days": "High intent counts for (days)",
            "recycle_wait_days": "Wait before a recycled lead may pass again (days)",
            "recycle_rise": "Points it must have gained since it came back",
            "max_cycles": "Passes by score at most (times)",
            "instant_skips_wait": "Fresh high intent skips the wait, the gain and the limit",
            "ceiling": "How many go to a rep in a day",
            "ceiling_leads": "Leads a day",
        }
        help_texts = {
            "score": "",
            "recycle_wait_days": "A reject reason with a wait of its own goes before this.",
            "recycle_rise": "",
            "max_cycles": "Empty: no limit.",
            "instant_skips_wait": "",
            "ceiling_leads": "For a fixed number. Those over it are MQLs too, and wait in order of score.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = {kind: label for kind, label in ACTIVITY_KINDS.items() if kind not in OURS}
        kinds |= {kind: kind for kind in self.instance.instant_kinds if kind not in kinds}
        field: Any = self.fields["instant_kinds"]
        field.choices = list(kinds.items())
        for name, top in TOPS.items():
            self.fields[name].widget.attrs.update({"min": 0, "max": top})
        if self.instance.is_default:
            del self.fields["condition"]
        if not self.instance.pk:
            self.initial["name"] = ""

    def values(self) -> dict[str, Any]:
        return {"condition": {}} | super().values()
