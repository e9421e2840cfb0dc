from typing import Any

from django import forms

from desk.selectors import LOG_KINDS
from leads.forms.logged import LoggedForm

OUTCOMES = [
    ("", "—"),
    ("talked", "Talked"),
    ("no_answer", "No answer"),
    ("voicemail", "Left a message"),
    ("wrong_number", "Wrong number"),
]


class LogForm(LoggedForm):
    """What happened, in the rep's words; only a note is nothing without them."""

    text = forms.CharField(
        required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 4, "autofocus": True})
    )
    outcome = forms.ChoiceField(required=False, choices=OUTCOMES)
    field_order = ["text", "outcome", "minutes"]

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = LOG_KINDS[kind][1]
        self.fields["text"].required = kind == "note"
        if kind != "call":
            del self.fields["outcome"], self.fields["minutes"]

    def facts(self) -> dict[str, Any]:
        """What is kept with the activity."""
        kept = {name: self.cleaned_data.get(name) for name in ("text", "outcome", "minutes")}
        return {name: value for name, value in kept.items() if value}
