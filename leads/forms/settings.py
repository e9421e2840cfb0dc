"""Forms of segments and custom fields."""

from typing import Any

from django import forms

from leads.forms.condition import ConditionField
from leads.models import CustomField


class SegmentForm(forms.Form):
    name = forms.CharField(max_length=80)
    condition = ConditionField(label="Who belongs to it")
    query = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)
    shared = forms.BooleanField(required=False, help_text="Everybody may use it; each sees their own leads in it")


class CustomFieldForm(forms.Form):
    label = forms.CharField(max_length=80)
    key = forms.SlugField(max_length=60, help_text="Its name in the API and in CSV; stays")
    type = forms.ChoiceField(choices=CustomField.Type.choices)
    choices = forms.CharField(required=False, widget=forms.Textarea({"rows": 4}), help_text="One a line")
    position = forms.IntegerField(min_value=0, max_value=1000, initial=0)

    def __init__(self, *args: Any, field: CustomField | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field is not None:
            del self.fields["key"], self.fields["type"]

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"].lower()
        if key[:1] in "-_":
            raise forms.ValidationError("Begin with a letter or a digit.")
        return key

    def clean_choices(self) -> list[str]:
        lines = [line.strip()[:80] for line in self.cleaned_data["choices"].splitlines()]
        return list(dict.fromkeys(line for line in lines if line))[:200]
