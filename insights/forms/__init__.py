from insights.forms.contract import DecisionForm, PromiseForm, WeeksForm, ZoneForm
from insights.forms.filters import KEPT, FilterForm, RowsForm

__all__ = ["KEPT", "DecisionForm", "FilterForm", "PromiseForm", "RowsForm", "WeeksForm", "ZoneForm"]
