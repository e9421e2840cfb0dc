"""Uploading a file."""

from typing import Any

from django import forms

from intake.kinds.base import Kind


class UploadForm(forms.Form):
    kind = forms.ChoiceField(label="What is in it")
    file = forms.FileField(label="CSV file", widget=forms.ClearableFileInput(attrs={"accept": ".csv,.tsv,.txt"}))
    encoding = forms.CharField(label="Encoding", required=False, max_length=40, help_text="Found out when left empty")

    def __init__(self, *args: Any, kinds: list[Kind], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["kind"]
        chosen.choices = [(kind.name, kind.label) for kind in kinds]
