from typing import Any

from funnels.models import Stage
from handoff.forms.settings import Revised
from handoff.models import RejectReason


class ReasonForm(Revised):
    class Meta:
        model = RejectReason
        fields = ["label", "then", "back_to", "wait_days", "tag", "note_required"]
        labels = {
            "label": "What the rep reads",
            "then": "What happens to the lead",
            "back_to": "Back to",
            "wait_days": "Days before it may pass the bar again",
            "tag": "Tag put on the lead",
            "note_required": "The rep must say more than the reason",
        }
        help_texts = {
            "back_to": "The marketing stage in which nurturing goes on.",
            "wait_days": "Empty: as the MQL bar says. A new demo request passes at once all the same.",
            "tag": "Segments and nurture campaigns find the lead by it.",
            "note_required": "",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stages = Stage.objects.filter(funnel__kind="marketing", kind=Stage.Kind.OPEN, is_active=True)
        back_to: Any = self.fields["back_to"]
        back_to.queryset = stages.select_related("funnel").order_by("position", "pk")
        back_to.empty_label = "Interest (as usual)"
        wait: Any = self.fields["wait_days"]
        wait.widget.attrs.update({"min": 0, "max": 3650})
