from django import forms

from handoff.forms.settings import Revised
from handoff.models import Opener
from handoff.rules.opener import GAPS, LIMIT
from leads.forms.condition import ConditionField


class OpenerForm(Revised):
    condition = ConditionField(label="For leads where")
    text = forms.CharField(
        label="What to say",
        max_length=LIMIT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Gaps: " + ", ".join(f"{{{name}}} {said}" for name, said in GAPS.items()) + ".",
    )

    class Meta:
        model = Opener
        fields = ["name", "condition", "text"]
