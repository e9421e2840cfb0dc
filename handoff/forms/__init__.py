"""What people type on the handoff's pages."""

from handoff.forms.handoffs import ListForm, ReassignForm
from handoff.forms.reasons import ReasonForm
from handoff.forms.routing import RuleForm, TryForm
from handoff.forms.settings import PolicyForm, SlaForm

__all__ = ["ListForm", "PolicyForm", "ReasonForm", "ReassignForm", "RuleForm", "SlaForm", "TryForm"]
