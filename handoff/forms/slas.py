from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q

from core.widgets import LongSelect, MomentField
from handoff.forms.settings import Revised
from handoff.models import SlaPolicy
from handoff.rules.clocks import LONGEST
from leads.forms.condition import ConditionField
from team.models import User


class SlaForm(Revised):
    condition = ConditionField(label="For leads where")
    after_last = forms.ChoiceField(
        label="When nobody answers even then",
        choices=SlaPolicy.After.choices,
        required=False,
        help_text="Also when there is no other rep to give it to. Never without an owner.",
    )

    class Meta:
        model = SlaPolicy
        fields = [
            *("name", "condition", "instant_only", "minutes", "working_time", "warn_percent", "warn_minutes", "tell"),
            *("max_reroutes", "after_last"),
        ]
        labels = {
            "instant_only": "Only for leads that passed at once (asked for a demo or a talk)",
            "minutes": "Answer within (minutes)",
            "working_time": "Only the rep's working time counts",
            "warn_percent": "Warn after (% of the time)",
            "warn_minutes": "Or before the deadline (minutes)",
            "tell": "At the deadline, tell",
            "max_reroutes": "Give it to another rep, at most (times)",
        }
        help_texts = {
            "instant_only": "",
            "working_time": "Their hours without public holidays, days off and time off. Else around the clock.",
            "warn_minutes": "Empty: by the percentage.",
            "max_reroutes": "0: it stays with the rep. Accepted leads never move by themselves.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tell: Any = self.fields["tell"]
        tell.queryset = User.objects.filter(Q(is_manager=True) | Q(is_admin=True), is_active=True).order_by(
            "name", "pk"
        )
        tell.empty_label = "The managers of the rep's team"
        for name, low, top in (("minutes", 1, LONGEST), ("warn_percent", 1, 99), ("max_reroutes", 0, 20)):
            self.fields[name].widget.attrs.update({"min": low, "max": top})

    def clean_after_last(self) -> str:
        return self.cleaned_data["after_last"] or SlaPolicy.After.STAY


class ExampleForm(forms.Form):
    """Whose deadline, and of a lead that arrives when by their clock."""

    policy = forms.ChoiceField(label="A lead for")
    rep = forms.ChoiceField(label="Given to", widget=LongSelect)
    at = MomentField(label="Arrives, by their clock")

    def __init__(self, *args: Any, policies: list[SlaPolicy], reps: list[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.policies, self.reps = {str(one.pk): one for one in policies}, {str(one.pk): one for one in reps}
        for name, rows in (("policy", policies), ("rep", reps)):
            field: Any = self.fields[name]
            field.choices = [(str(one.pk), one.name) for one in rows]

    def asked(self) -> tuple[SlaPolicy, User, datetime] | None:
        """(policy, rep, the wall time); None when it is not that."""
        if not self.is_valid():
            return None
        data = self.cleaned_data
        return self.policies[data["policy"]], self.reps[data["rep"]], data["at"].replace(tzinfo=None)
