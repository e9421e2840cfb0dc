from insights.forms.contract import DecisionForm, PromiseForm, StaffingForm, WeeksForm, ZoneForm
from insights.forms.filters import KEPT, FilterForm, RowsForm

__all__ = ["KEPT", "DecisionForm", "FilterForm", "PromiseForm", "RowsForm", "StaffingForm", "WeeksForm", "ZoneForm"]
