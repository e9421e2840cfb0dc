import uuid
from typing import Any

from django import forms

from leads.calls import LONGEST


class LoggedForm(forms.Form):
    """What every form that logs something has. ``once`` makes a double click one call, not two."""

    minutes = forms.IntegerField(label="Minutes it took", required=False, min_value=1, max_value=LONGEST)
    once = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"once": f"log:{uuid.uuid4()}"})
        super().__init__(*args, **kwargs)

    def clean_once(self) -> str | None:
        once: str = self.cleaned_data["once"]
        if once and not once.startswith("log:"):
            raise forms.ValidationError("Open the form again.")
        return once or None
