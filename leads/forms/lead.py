"""A lead's form: the fixed facts, and the fields that an admin added, each by its type."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms

from leads.models import CustomField, Lead
from leads.rules import LEAD_FIELDS


class LeadForm(forms.Form):
    email = forms.CharField(label="E-mail", max_length=254, required=False, widget=forms.EmailInput)
    first_name = forms.CharField(max_length=80, required=False)
    last_name = forms.CharField(max_length=80, required=False)
    phone = forms.CharField(max_length=40, required=False)
    job_title = forms.CharField(max_length=120, required=False)
    company = forms.CharField(max_length=160, required=False, help_text="An existing one of this name, or a new one")
    persona = forms.CharField(max_length=60, required=False)
    language = forms.CharField(max_length=12, required=False)
    country = forms.CharField(max_length=80, required=False)
    city = forms.CharField(max_length=80, required=False)
    source = forms.CharField(max_length=60, required=False, help_text="Where they first came from; stays")
    tags = forms.CharField(max_length=600, required=False, help_text="With commas between")
    consent = forms.BooleanField(label="May be e-mailed", required=False, help_text="They agreed to marketing mail")

    def __init__(self, *args: Any, lead: Lead | None = None, **kwargs: Any) -> None:
        self.lead = lead
        if lead is not None:
            kwargs.setdefault("initial", _initial(lead))
        super().__init__(*args, **kwargs)
        if lead is not None:
            del self.fields["source"]
        self.custom = list(CustomField.objects.all())
        for row in self.custom:
            self.fields[f"custom_{row.key}"] = _field(row)
            if lead is not None and row.key in lead.custom:
                self.initial[f"custom_{row.key}"] = _shown(row, lead.custom[row.key])

    @property
    def facts(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in LEAD_FIELDS}

    @property
    def custom_values(self) -> dict[str, Any]:
        """Typed JSON values by key; None takes a value off."""
        return {row.key: _stored(row, self.cleaned_data.get(f"custom_{row.key}")) for row in self.custom}

    @property
    def tag_names(self) -> list[str]:
        return [name for one in self.cleaned_data["tags"].split(",") if (name := one.strip())]


def _initial(lead: Lead) -> dict[str, Any]:
    return {
        **{name: getattr(lead, name) for name in LEAD_FIELDS},
        "email": lead.email,
        "company": lead.company.name if lead.company else "",
        "tags": ", ".join(tag.name for tag in lead.tags.all()),
        "consent": lead.consent_email,
    }


def _field(row: CustomField) -> forms.Field:
    common: dict[str, Any] = {"label": row.label, "required": False}
    if row.type == CustomField.Type.NUMBER:
        return forms.DecimalField(max_digits=15, decimal_places=6, **common)
    if row.type == CustomField.Type.DATE:
        return forms.DateField(widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **common)
    if row.type == CustomField.Type.BOOL:
        return forms.ChoiceField(choices=[("", "Unknown"), ("true", "Yes"), ("false", "No")], **common)
    if row.type == CustomField.Type.CHOICE:
        return forms.ChoiceField(choices=[("", "Unknown"), *((str(one), str(one)) for one in row.choices)], **common)
    return forms.CharField(max_length=500, **common)


def _shown(row: CustomField, value: Any) -> Any:
    if row.type == CustomField.Type.BOOL and isinstance(value, bool):
        return str(value).lower()
    return value


def _stored(row: CustomField, value: Any) -> Any:
    if value in (None, ""):
        return None
    if row.type == CustomField.Type.BOOL:
        return value == "true"
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value.isoformat() if isinstance(value, date) else value


class CompanyForm(forms.Form):
    name = forms.CharField(max_length=160)
    domain = forms.CharField(max_length=160, required=False)
    industry = forms.CharField(max_length=80, required=False)
    employees = forms.IntegerField(min_value=0, max_value=2_000_000_000, required=False)
    revenue = forms.DecimalField(label="Revenue a year", min_value=0, max_digits=16, decimal_places=2, required=False)
    country = forms.CharField(max_length=80, required=False)
    city = forms.CharField(max_length=80, required=False)
