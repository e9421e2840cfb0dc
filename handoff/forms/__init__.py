"""What people type on the handoff's pages."""

from handoff.forms.handoffs import ListForm, ReassignForm
from handoff.forms.settings import PolicyForm, ReasonForm, RuleForm, SlaForm, TryForm

__all__ = ["ListForm", "PolicyForm", "ReasonForm", "ReassignForm", "RuleForm", "SlaForm", "TryForm"]
