"""Where a field of the admin's own is asked for, over all rooms (``ASK`` in ``config/flow.py``)."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from handoff.models import MqlPolicy, Opener, RoutingRule, SlaPolicy
from leads.models import Segment
from leads.sense import facts_of
from scoring.models import ScoringModel, ScoringRule


def asked_by(*, fact: str) -> list[str]:
    """What asks for ``fact`` ("custom.plan") in a condition, in words for people. Models that score no more do not
    count; what is switched off does, for somebody may switch it on again."""
    found = [
        f"{what} “{row.name}”"
        for what, names, rows in _conditions()
        for row in rows
        if any(fact in facts_of(getattr(row, name)) for name in names)
    ]
    return list(dict.fromkeys(found))  # a draft and what it is a draft of ask for the same


def _conditions() -> Iterator[tuple[str, tuple[str, ...], QuerySet[Any]]]:
    live = ScoringRule.objects.exclude(model__state=ScoringModel.State.RETIRED)
    yield "the MQL policy", ("condition", "required"), MqlPolicy.objects.all()
    yield "the routing rule", ("condition",), RoutingRule.objects.all()
    yield "the response time", ("condition",), SlaPolicy.objects.all()
    yield "the opener", ("condition",), Opener.objects.all()
    yield "the scoring rule", ("condition",), live
    yield "the segment", ("condition",), Segment.objects.all()
