import uuid
from typing import Any

from django import forms

from desk.selectors import LOG_KINDS
from leads.calls import LONGEST

OUTCOMES = [
    ("", "—"),
    ("talked", "Talked"),
    ("no_answer", "No answer"),
    ("voicemail", "Left a message"),
    ("wrong_number", "Wrong number"),
]


class LogForm(forms.Form):
    """What happened, in the rep's words; only a note is nothing without them. ``once`` makes a double click one
    call, not two."""

    text = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4, "autofocus": True})
    )
    outcome = forms.ChoiceField(required=False, choices=OUTCOMES)
    minutes = forms.IntegerField(label="Minutes it took", required=False, min_value=1, max_value=LONGEST)
    once = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"once": f"log:{uuid.uuid4()}"})
        super().__init__(*args, **kwargs)
        self.fields["text"].label = LOG_KINDS[kind][1]
        self.fields["text"].required = kind == "note"
        if kind != "call":
            del self.fields["outcome"], self.fields["minutes"]

    def clean_once(self) -> str:
        once: str = self.cleaned_data["once"]
        if once and not once.startswith("log:"):
            raise forms.ValidationError("Open the form again.")
        return once

    def facts(self) -> dict[str, Any]:
        """What is kept with the activity."""
        kept = {name: self.cleaned_data.get(name) for name in ("text", "outcome", "minutes")}
        return {name: value for name, value in kept.items() if value}
