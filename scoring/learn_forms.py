"""What to learn from."""

from typing import Any

from django import forms

from leads.conditions import FACTS
from leads.models import CustomField
from leads.rules import ACTIVITY_KINDS
from scoring.selectors.outcomes import NOT_DEEDS, NUMBERS, TEXTS
from scoring.services.learn_study import OUTCOMES

PERIODS = [("0", "All of them"), ("365", "Handed to sales in the last 12 months"), ("180", "In the last 6 months")]
FACTS_ASKED = (*TEXTS, *NUMBERS, "lead.phone", "lead.consent_email")


class LearnForm(forms.Form):
    """Outcome, period, and inputs that are none."""

    outcome = forms.ChoiceField(label="What counts as converted")
    days = forms.ChoiceField(label="Which leads", choices=PERIODS, required=False)
    name = forms.CharField(label="Name of the draft", max_length=60, initial="Learned")
    exclude = forms.MultipleChoiceField(
        label="Never an input",
        required=False,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "many"}),
        help_text="Tick what was written down by sales, or after the outcome was known: it would know the answer.",
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        custom = list(CustomField.objects.exclude(type=CustomField.Type.DATE))
        labels = [(f"custom.{one.key}", f"Leads' own field “{one.label}” says yes or no") for one in custom]
        self.fields["outcome"].choices = [*OUTCOMES.items(), *labels]  # type: ignore[attr-defined]
        facts = [(name, _capital(FACTS[name].label)) for name in FACTS_ASKED]
        facts += [(f"custom.{one.key}", one.label) for one in custom]
        facts += [(f"did:{kind}", label) for kind, label in ACTIVITY_KINDS.items() if kind not in NOT_DEEDS]
        self.fields["exclude"].choices = facts  # type: ignore[attr-defined]

    def params(self) -> dict[str, Any]:
        """What the study wants."""
        given = self.cleaned_data
        return {
            "outcome": given["outcome"],
            "days": int(given["days"] or 0),
            "name": given["name"],
            "exclude": [one for one in given["exclude"] if one != given["outcome"]],
        }


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
