"""Forms of the scoring desk. What may be is decided by the services."""

from typing import Any

from django import forms

from funnels.models import Stage
from leads.forms.condition import ConditionField
from leads.rules import ACTIVITY_KINDS
from scoring import rules
from scoring.models import ScoringModel, ScoringRule
from scoring.selectors.words import rule_say, settings_say


class OpenedField(forms.CharField):
    """How it read when the form was opened: of two people who change the same, the second is told."""

    def __init__(self, reads: str) -> None:
        super().__init__(widget=forms.HiddenInput, required=False, strip=False, initial=reads)
        self.empty_value = None  # type: ignore[assignment]


class ModelForm(forms.ModelForm):
    """Name, caps, bounds and stage bars of a draft."""

    class Meta:
        model = ScoringModel
        fields = ["name", "fit_cap", "engagement_cap", "negative_cap"]
        help_texts = {
            "fit_cap": "Most points for fit",
            "engagement_cap": "Most points for engagement",
            "negative_cap": "Most points that negative rules take",
        }

    def __init__(self, *args: Any, stages: list[Stage], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = self.instance
        self.bounds = {"fit_bounds": ("Fit", "ABC"), "engagement_bounds": ("Engagement", "123")}
        for name, (of, signs) in self.bounds.items():
            for index, sign in enumerate(signs):
                self.fields[f"{name}_{index}"] = forms.IntegerField(
                    label=f"{of} {sign} from", min_value=0, max_value=100, initial=getattr(model, name)[index]
                )
        self.fields["opened"] = OpenedField(settings_say(model))
        self.bars = [stage.key for stage in stages[1:]]
        for stage in stages[1:]:
            self.fields[f"bar_{stage.key}"] = forms.IntegerField(
                label=f"{stage.name} from score",
                min_value=0,
                max_value=2000,
                required=False,
                initial=model.stage_bars.get(stage.key),
                help_text="Empty: no score leads there",
            )

    def values(self) -> dict[str, Any]:
        """What the service wants."""
        data = self.cleaned_data
        bars = {key: data[f"bar_{key}"] for key in self.bars if data[f"bar_{key}"] is not None}
        bounds = {name: [data[f"{name}_{index}"] for index in range(3)] for name in self.bounds}
        return (
            {name: data[name] for name in self._meta.fields or []}
            | bounds
            | {
                "stage_bars": bars,
                "opened": data["opened"],
            }
        )

    def refuse(self, field: str, message: str) -> None:
        """Show a refusal at the field that it names."""
        first = {"stage_bars": f"bar_{self.bars[0]}" if self.bars else None}.get(field, f"{field}_0")
        at = field if field in self.fields else first
        self.add_error(at if at in self.fields else None, message)


DEEDS = ("activity_kind", "counts", "a_day", "fade", "half_life_days", "cap")


class RuleForm(forms.ModelForm):
    """A rule of a draft; which fields there are depends on the group."""

    class Meta:
        model = ScoringRule
        fields = ["name", "points", *DEEDS, "is_active"]
        labels = {
            "activity_kind": "Activity",
            "counts": "How often it counts",
            "a_day": "How many a day",
            "fade": "How it fades",
            "half_life_days": "Days",
            "cap": "At most",
            "is_active": "Counts",
        }
        help_texts = {
            "name": "Shown as the reason, so keep it to three words.",
            "points": "From -100 to 100.",
            "a_day": "Only where so many a day count.",
            "half_life_days": "After so many days a deed gives half of its points, or none where they expire.",
            "cap": "Most points that this rule gives, or takes.",
        }

    def __init__(self, *args: Any, group: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group
        if self.instance.pk:
            self.fields["opened"] = OpenedField(rule_say(self.instance))
        if group == rules.FIT:
            for name in DEEDS:
                del self.fields[name]
        if group != rules.ENGAGEMENT:
            self._ask_facts()
        if group == rules.FIT:
            return
        for name in ("counts", "a_day", "fade"):  # who does not say so means the usual
            self.fields[name].required = False
        self._ask_activity()

    def _ask_facts(self) -> None:
        either = self.group == rules.NEGATIVE
        self.fields["condition"] = ConditionField(
            label="When" if not either else "While this holds",
            required=not either,
            initial=self.instance.condition or None,
            help_text="Or leave it empty, and choose an activity." if either else "",
        )
        if either:
            self.fields["points"].help_text = "From -100 to -1: what it takes."
            self.order_fields(["name", "points", "condition", *DEEDS, "is_active"])

    def _ask_activity(self) -> None:
        known = dict(ACTIVITY_KINDS)
        if self.instance.activity_kind:
            known.setdefault(self.instance.activity_kind, self.instance.activity_kind)
        self.fields["activity_kind"] = forms.CharField(
            label="Activity" if self.group == rules.ENGAGEMENT else "Or each time they do this",
            max_length=40,
            required=self.group == rules.ENGAGEMENT,
            widget=forms.TextInput(attrs={"list": "kinds", "autocomplete": "off"}),
            help_text="Choose one, or write the name of your own, such as trial_started.",
        )
        self.kinds = known

    def values(self) -> dict[str, Any]:
        """What the service wants."""
        given = {name: self.cleaned_data[name] for name in self.fields}
        for name in ("counts", "a_day", "fade"):
            if not given.get(name):
                given.pop(name, None)
        return given | {"group": self.group}

    def refuse(self, field: str, message: str) -> None:
        at = field.split(".")[0].split("[")[0]
        self.add_error(at if at in self.fields else None, message)
