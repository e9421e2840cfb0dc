"""How a room asks one that it may not import. ``ASK`` in ``config/flow.py`` names who answers; reads only."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def ask(question: str, **facts: Any) -> Any:
    """The answer to ``question`` ("mql.bar"), or None when nobody in the flow map answers it."""
    path = import_module(settings.FLOW_MAP).ASK.get(question)
    return import_string(path)(**facts) if path else None
