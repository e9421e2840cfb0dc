from typing import Any

from django import forms


class Revised(forms.ModelForm):
    """A form over a row with a revision: ``values()`` is what the service takes."""

    revision = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["revision"] = self.instance.revision if self.instance.pk else 0

    def values(self) -> dict[str, Any]:
        left_out = {"revision", "sure"}
        return {name: value for name, value in self.cleaned_data.items() if name not in left_out}
