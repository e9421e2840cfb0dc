"""The one place that reads the flow map (``config/flow.py``, named by ``FLOW_MAP`` in the settings): who listens to
what. This room cannot import it; what it holds is told there."""

from importlib import import_module
from typing import Protocol, cast

from django.conf import settings


class FlowMap(Protocol):
    TOGETHER: dict[str, list[str]]
    LATER: dict[str, list[str]]
    WAKE: dict[str, list[str]]
    DRAINS: list[str]
    INVARIANTS: list[str]
    ASK: dict[str, str]


def flow_map() -> FlowMap:
    return cast(FlowMap, import_module(settings.FLOW_MAP))
