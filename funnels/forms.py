"""What managers type about stages."""

from typing import Any

from django import forms

from funnels import rules
from funnels.models import Funnel, Stage


class RevisionForm(forms.Form):
    """``revision``: the funnel as the person saw it; a newer one is a conflict."""

    revision = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class StageForm(RevisionForm):
    name = forms.CharField(max_length=60)
    expected_days = forms.IntegerField(
        min_value=0, max_value=3650, help_text="Stalled after this many days; 0: never", label="Expected days"
    )
    probability = forms.IntegerField(min_value=0, max_value=100, label="Chance to win, %", initial=0)
    explanation = forms.CharField(required=False, max_length=300, help_text="Shown to whoever works with the stage")
    required = forms.MultipleChoiceField(
        label="Asks for before entering", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, stage: Stage, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {name: getattr(stage, name) for name in list(self.base_fields)[1:]})
        kwargs["initial"]["revision"] = stage.funnel.revision
        kwargs.setdefault("auto_id", f"stage-{stage.pk}-%s")
        super().__init__(*args, **kwargs)
        field: Any = self.fields["required"]
        field.choices = list(rules.requirable(stage.funnel.kind).items())
        if stage.funnel.kind != Funnel.Kind.SALES or not stage.is_open:
            del self.fields["probability"]
        if not stage.is_open:
            del self.fields["required"]


class StageAddForm(RevisionForm):
    name = forms.CharField(max_length=60)


class ShiftForm(RevisionForm):
    by = forms.TypedChoiceField(choices=[("-1", "Up"), ("1", "Down")], coerce=int)


class RemoveForm(RevisionForm):
    move_to = forms.ModelChoiceField(Stage.objects.none(), required=False, empty_label="Choose a stage")

    def __init__(self, *args: Any, stage: Stage, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"remove-{stage.pk}-%s")
        super().__init__(*args, **kwargs)
        field: Any = self.fields["move_to"]
        others = Stage.objects.select_related("funnel").filter(
            funnel=stage.funnel_id, kind=Stage.Kind.OPEN, is_active=True
        )
        field.queryset = others.exclude(pk=stage.pk)


class FunnelForm(RevisionForm):
    name = forms.CharField(max_length=80)


class PipelineForm(forms.Form):
    name = forms.CharField(label="Another sales pipeline", max_length=80)
