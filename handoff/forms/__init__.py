"""What people type on the handoff's pages."""

from handoff.forms.handoffs import ListForm, ReassignForm
from handoff.forms.openers import OpenerForm
from handoff.forms.policies import PolicyForm
from handoff.forms.reasons import ReasonForm
from handoff.forms.routing import RuleForm, TryForm
from handoff.forms.slas import ExampleForm, SlaForm

__all__ = [
    "ExampleForm",
    "ListForm",
    "OpenerForm",
    "PolicyForm",
    "ReasonForm",
    "ReassignForm",
    "RuleForm",
    "SlaForm",
    "TryForm",
]
