"""The form that makes forms, and the fields that a public form may ask for."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.text import slugify

from leads.models import CaptureForm, CustomField
from leads.rules import ACTIVITY_KINDS, KIND_PATTERN, RESPONSE_KINDS

# name -> (label, type of the input, autocomplete token, limit)
ASKED: dict[str, tuple[str, str, str, int]] = {
    "first_name": ("First name", "text", "given-name", 80),
    "last_name": ("Last name", "text", "family-name", 80),
    "company": ("Company", "text", "organization", 160),
    "job_title": ("Job title", "text", "organization-title", 120),
    "phone": ("Phone", "tel", "tel", 40),
    "country": ("Country", "text", "country-name", 80),
    "city": ("City", "text", "address-level2", 80),
    "message": ("Message", "textarea", "off", 4000),
}
OURS = RESPONSE_KINDS | {
    "note",
    "task_done",
    "imported",
    "email_sent",
    "email_opened",
    "email_clicked",
    "email_bounced",
}


def field_choices() -> list[tuple[str, str]]:
    """What a form can ask beside the e-mail, custom fields included."""
    custom = [(f"custom.{one.key}", one.label) for one in CustomField.objects.all()]
    return [(name, spec[0]) for name, spec in ASKED.items()] + custom


def asked_fields(
    names: Sequence[str], given: Mapping[str, str], wrong: str = "", error: str = ""
) -> list[dict[str, Any]]:
    """The inputs of a public form, the e-mail first; ``wrong`` names the one that ``error`` is about."""
    custom = {}
    if any(name.startswith("custom.") for name in names):
        custom = {f"custom.{one.key}": one for one in CustomField.objects.all()}
    rows = [_row("email", ("E-mail", "email", "email", 254), given)]
    for name in names:
        if name in ASKED:
            rows.append(_row(name, ASKED[name], given))
        elif name in custom:
            types = {"number": "number", "date": "date", "choice": "select", "bool": "checkbox"}
            kind = types.get(custom[name].type, "text")
            rows.append(_row(name, (custom[name].label, kind, "off", 4000), given, custom[name].choices))
    for row in rows:
        row["error"] = error if wrong and row["name"] == wrong else ""
    return rows


def _row(name: str, spec: tuple[str, str, str, int], given: Mapping[str, str], choices: Any = ()) -> dict[str, Any]:
    label, kind, autocomplete, limit = spec
    return {
        "name": name,
        "id": "f-" + name.replace(".", "-"),
        "label": label,
        "type": kind,
        "autocomplete": autocomplete,
        "limit": limit,
        "value": given.get(name, ""),
        "required": name == "email",
        "choices": choices,
    }


class CaptureFormForm(forms.ModelForm):
    """A marketer's form about a form. The address (slug) stays once the form was published."""

    slug = forms.SlugField(max_length=60, required=False, label="Address", help_text="Made from the name when empty")
    fields_asked = forms.MultipleChoiceField(
        label="Asks for, beside the e-mail", required=False, widget=forms.CheckboxSelectMultiple
    )
    activity_kind = forms.ChoiceField(label="Counts as", help_text="What filling it in says about a lead")

    class Meta:
        model = CaptureForm
        fields = ["name", "slug", "headline", "intro", "button", "thanks", "campaign", "activity_kind", "is_active"]
        labels = {"is_active": "Published", "button": "Button text", "thanks": "Says afterwards"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked: Any = self.fields["fields_asked"]
        asked.choices = field_choices()
        kinds: Any = self.fields["activity_kind"]
        kinds.choices = [(kind, label) for kind, label in ACTIVITY_KINDS.items() if kind not in OURS]
        known = self.instance.activity_kind
        if known and KIND_PATTERN.match(known) and known not in dict(kinds.choices):
            kinds.choices = [*kinds.choices, (known, known.replace("_", " "))]
        self.fields["fields_asked"].initial = self.instance.fields or ["first_name", "last_name", "company"]
        if self.instance.pk:
            self.fields["slug"].disabled = True

    def clean_slug(self) -> str:
        return self.cleaned_data["slug"] or slugify(self.data.get("name", ""))[:60]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("slug") and "slug" not in self.errors:
            self.add_error("slug", "Give it an address of letters, digits and hyphens.")
        elif not self.instance.pk and CaptureForm.objects.filter(slug=cleaned.get("slug")).exists():
            self.add_error("slug", "Another form has this address.")
        return cleaned
