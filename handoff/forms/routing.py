"""What managers type about routing."""

from typing import Any

from django import forms

from core import places
from core.errors import Refused
from core.rules import whole_read
from handoff.forms.settings import Revised
from handoff.models import RoutingRule
from leads.forms.condition import ConditionField
from leads.models import Lead
from team.forms import ListedField
from team.models import User

EVERYBODY, TEAM, PEOPLE = "everybody", "team", "people"
SHARE = "share_"


class RuleForm(Revised):
    """A routing rule. The reps that can be named have a field each: their share, empty for not named."""

    condition = ConditionField(label="For leads where")
    countries = ListedField(
        places.countries_parse,
        places.countries_text,
        label="In the territory",
        max_length=2000,
        help_text="Countries or regions, such as “DACH, France”. Empty: anywhere.",
    )
    who = forms.ChoiceField(
        label="Goes to",
        choices=[(EVERYBODY, "Every rep"), (TEAM, "A team"), (PEOPLE, "People by name")],
        widget=forms.RadioSelect,
        required=False,
    )
    needs_skills = ListedField(
        places.words_parse,
        ", ".join,
        label="Only reps with these skills",
        max_length=600,
        help_text="All of them. Such as “enterprise”.",
    )

    class Meta:
        model = RoutingRule
        fields = [
            *("name", "condition", "countries", "who", "team", "strategy", "won_days", "floor_percent"),
            *("lead_owner_first", "company_owner_first", "needs_language", "needs_country", "needs_skills"),
            *("nobody", "overflow_team"),
        ]
        labels = {
            "name": "Name",
            "team": "Team",
            "strategy": "Among them",
            "won_days": "Deals closed in the last (days)",
            "floor_percent": "Goes round to everybody alike (%)",
            "lead_owner_first": "Whoever owns the lead already comes first",
            "company_owner_first": "The rep who owns the company comes first",
            "needs_language": "Only reps who speak the lead's language",
            "needs_country": "Only reps whose territory has the lead's country",
            "nobody": "When nobody of them is there",
            "overflow_team": "The other team",
        }
        help_texts = {
            "company_owner_first": "",
            "lead_owner_first": "",
            "team": "",
            "won_days": "",
            "floor_percent": "The rest by win rate, as far as it is proven: few deals prove little.",
            "needs_language": "Their own, else what is spoken in their country. Where neither is known: anybody.",
            "needs_country": "Where it is not known: anybody.",
            "nobody": "Not at work, off, full, or without the language. Owners who come first get it at any hour.",
        }
        widgets = {"strategy": forms.RadioSelect, "nobody": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("team", "overflow_team"):
            field: Any = self.fields[name]
            field.empty_label = "Choose"
        for name in ("strategy", "nobody"):
            self.fields[name].required = False
            choices: Any = self.fields[name]
            choices.choices = [one for one in choices.choices if one[0]]
        named = dict(self.instance.named.values_list("rep", "weight")) if self.instance.pk else {}
        for field_name in ("won_days", "floor_percent"):
            self.fields[field_name].required = False
        self.initial.setdefault("who", PEOPLE if named else TEAM if self.instance.team_id else EVERYBODY)
        self.people = list(User.objects.filter(is_active=True, is_rep=True).order_by("name", "pk"))
        known = {one.pk for one in self.people}
        self.left = list(User.objects.filter(pk__in=[pk for pk in named if pk not in known]))
        for one in self.people:
            self.fields[f"{SHARE}{one.pk}"] = forms.IntegerField(
                label=one.name, required=False, min_value=0, max_value=100, initial=named.get(one.pk)
            )

    def named_fields(self) -> list[Any]:
        return [self[f"{SHARE}{one.pk}"] for one in self.people]

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        shares = {one.pk: data.get(f"{SHARE}{one.pk}") for one in self.people}
        named = {pk: share for pk, share in shares.items() if share is not None}
        who = data.get("who") or (TEAM if data.get("team") else EVERYBODY)
        if who == TEAM and not data.get("team"):
            self.add_error("team", "Choose the team.")
        if who == PEOPLE and not named:
            self.add_error("who", "Name somebody: write their share, such as 1.")
        data["named"] = named if who == PEOPLE else {}
        data["team"] = data.get("team") if who == TEAM else None
        if data.get("nobody") != RoutingRule.Nobody.OVERFLOW:
            data["overflow_team"] = None
        return data

    def values(self) -> dict[str, Any]:
        said = {**super().values(), "named": self.cleaned_data["named"]}
        empty = {name for name in ("strategy", "nobody", "won_days", "floor_percent") if said[name] in (None, "")}
        return {
            name: value
            for name, value in said.items()
            if name != "who" and not name.startswith(SHARE) and name not in empty
        }


class TryForm(forms.Form):
    lead = forms.CharField(label="Lead", help_text="E-mail or number", max_length=254)

    def found(self, user: Any) -> Lead:
        """The lead that it names. Raises Refused when ``user`` sees none such."""
        text = self.cleaned_data["lead"].strip().lower() if self.is_valid() else ""
        rows = Lead.objects.visible_to(user).select_related("company", "standing")
        number = whole_read(text)
        lead = (rows.filter(pk=number) if number else rows.filter(email_key=text)).first() if text else None
        if lead is None:
            raise Refused("You see no lead with this e-mail or number.", field="lead")
        return lead
