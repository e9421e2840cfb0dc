"""How a room asks one that it may not import. ``ASK`` in ``config/flow.py`` names who answers; reads only."""

from typing import Any

from django.utils.module_loading import import_string

from core.flow import flow_map


def ask(question: str, **facts: Any) -> Any:
    """The answer to ``question`` ("mql.bar"), or None when nobody in the flow map answers it."""
    path = flow_map().ASK.get(question)
    return import_string(path)(**facts) if path else None
