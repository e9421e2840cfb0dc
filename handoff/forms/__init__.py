"""What people type on the handoff's pages."""

from handoff.forms.handoffs import ListForm, ReassignForm
from handoff.forms.reasons import ReasonForm
from handoff.forms.settings import PolicyForm, RuleForm, SlaForm, TryForm

__all__ = ["ListForm", "PolicyForm", "ReasonForm", "ReassignForm", "RuleForm", "SlaForm", "TryForm"]
