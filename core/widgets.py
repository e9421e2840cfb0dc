"""Controls of forms."""

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.templatetags.marks import options


class LongSelect(forms.Select):
    """A ``<select>`` of many choices without groups (people, time zones). Django draws each from two templates,
    which on sixty of them takes longer than the rest of a page."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        known = self.build_attrs(self.attrs, {**(attrs or {}), "name": name})
        chosen = next(iter(self.format_value(value)), "")
        rows = [{"id": "" if key is None else key, "name": label} for key, label in self.choices]
        return format_html("<select{}>{}</select>", flatatt(known), options(rows, chosen))


class MomentField(forms.DateTimeField):
    """A moment by the person's own clock, of this century: far outside of it no zone could reckon it."""

    def __init__(self, **options: Any) -> None:
        shown = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(**{"widget": shown, **options})

    def to_python(self, value: Any) -> Any:
        refusal = forms.ValidationError("Choose a day between 2000 and 2100.")
        try:
            found = super().to_python(value)
        except OverflowError:
            raise refusal from None
        if found is not None and not 2000 <= found.year <= 2100:
            raise refusal
        return found
