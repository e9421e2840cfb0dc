from typing import Any

from django import forms

from deals.models import Question
from funnels.models import Funnel
from leads.forms.condition import ConditionField


class QuestionForm(forms.ModelForm):
    condition = ConditionField(label="Asked of leads where")
    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = Question
        fields = ["text", "field", "pipeline", "condition"]
        labels = {"text": "The question", "field": "Where the answer is kept", "pipeline": "For deals in"}
        help_texts = {"field": "Budget, authority, need and timeline are the deal's own.", "pipeline": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["revision"] = self.instance.revision if self.instance.pk else 0
        pipeline: Any = self.fields["pipeline"]
        pipeline.queryset = Funnel.objects.filter(kind=Funnel.Kind.SALES)
        pipeline.empty_label = "Every pipeline"

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "revision"}
