"""Forms of the scoring desk. What may be is decided by the services."""

from typing import Any

from django import forms

from funnels.models import Stage
from leads.forms.condition import ConditionField
from leads.rules import ACTIVITY_KINDS
from scoring import rules
from scoring.models import ScoringModel, ScoringRule


class ModelForm(forms.ModelForm):
    """Name, caps, bounds and stage bars of a draft."""

    class Meta:
        model = ScoringModel
        fields = ["name", "fit_cap", "engagement_cap"]
        help_texts = {"fit_cap": "Most points for fit", "engagement_cap": "Most points for engagement"}

    def __init__(self, *args: Any, stages: list[Stage], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        model = self.instance
        self.bounds = {"fit_bounds": "ABC", "engagement_bounds": "123"}
        for name, signs in self.bounds.items():
            for index, sign in enumerate(signs):
                self.fields[f"{name}_{index}"] = forms.IntegerField(
                    label=f"{sign} from", min_value=0, max_value=100, initial=getattr(model, name)[index]
                )
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
        return {name: data[name] for name in self._meta.fields or []} | bounds | {"stage_bars": bars}

    def refuse(self, field: str, message: str) -> None:
        """Show a refusal at the field that it names."""
        first = {"stage_bars": f"bar_{self.bars[0]}" if self.bars else None}.get(field, f"{field}_0")
        at = field if field in self.fields else first
        self.add_error(at if at in self.fields else None, message)


class RuleForm(forms.ModelForm):
    """A rule of a draft; which fields there are depends on the group."""

    class Meta:
        model = ScoringRule
        fields = ["name", "points", "activity_kind", "half_life_days", "cap", "is_active"]
        labels = {
            "activity_kind": "Activity",
            "half_life_days": "Half-life in days",
            "cap": "At most",
            "is_active": "Counts",
        }
        help_texts = {
            "name": "Shown as the reason, so keep it to three words.",
            "points": "From -100 to 100.",
            "half_life_days": "After so many days a deed gives half of its points.",
            "cap": "Most points that this rule gives, or takes.",
        }

    def __init__(self, *args: Any, group: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group
        if group == rules.FIT:
            for name in ("activity_kind", "half_life_days", "cap"):
                del self.fields[name]
            self.fields["condition"] = ConditionField(label="When", initial=self.instance.condition or None)
            return
        known = dict(ACTIVITY_KINDS)
        if self.instance.activity_kind:
            known.setdefault(self.instance.activity_kind, self.instance.activity_kind)
        self.fields["activity_kind"] = forms.CharField(
            label="Activity",
            max_length=40,
            widget=forms.TextInput(attrs={"list": "kinds", "autocomplete": "off"}),
            help_text="Choose one, or write the name of your own, such as trial_started.",
        )
        self.kinds = known

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.fields} | {"group": self.group}

    def refuse(self, field: str, message: str) -> None:
        at = field.split(".")[0].split("[")[0]
        self.add_error(at if at in self.fields else None, message)
