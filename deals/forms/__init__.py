"""Forms: what was typed, understood. Rules stay in services, which refuse naming the field."""

from deals.forms.filters import BoardFilter, DealFilter
from deals.forms.work import (
    AssignForm,
    DealEditForm,
    DealNewForm,
    LogForm,
    LoseForm,
    MoveForm,
    ProductForm,
    ProductsForm,
    SnoozeForm,
    TaskForm,
    WinForm,
)

__all__ = [
    "AssignForm",
    "BoardFilter",
    "DealEditForm",
    "DealFilter",
    "DealNewForm",
    "LogForm",
    "LoseForm",
    "MoveForm",
    "ProductForm",
    "ProductsForm",
    "SnoozeForm",
    "TaskForm",
    "WinForm",
]
