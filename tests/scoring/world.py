"""People to score, made through the doors that make them."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from leads.models import Activity, Lead, Standing
from leads.services import capture_accept, inbox_drain

_count = iter(range(1, 10_000_000))


def captured(
    email: str = "", *, deeds: list[tuple[str, float]] | None = None, employees: int | None = None, **fields: Any
) -> Lead:
    """A lead that came by the API with deeds ``[(kind, days ago), ...]``, marked for scoring."""
    number = next(_count)
    email = email or f"person{number}@firm{number}.example"
    body = {
        "lead": {"email": email, **fields},
        "company": {"employees": employees} if employees else {},
        "activities": [{"kind": kind, "at": ago(days).isoformat()} for kind, days in deeds or []],
    }
    capture_accept(source="api", key=f"k{number}", body=body)
    inbox_drain()
    return Lead.objects.get(email_key=email)


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def many(count: int, *, deeds_each: int = 0, kind: str = "page_viewed") -> list[int]:
    """So many marked leads, by rows."""
    from funnels.models import Transition
    from funnels.selectors import stage_get
    from funnels.services import journey_start

    start = next(_count) * 1000
    leads = Lead.objects.bulk_create(
        [Lead(email=f"m{start}-{i}@x.example", email_key=f"m{start}-{i}@x.example") for i in range(count)]
    )
    stage = stage_get("marketing", "awareness")
    rows = [Standing(lead=lead, stage=stage, seq=1, score_due_at=ago(0)) for lead in leads]
    Standing.objects.bulk_create(rows)
    journey_start(rows, kind=Transition.Kind.LEAD, cause="captured")
    Activity.objects.bulk_create(
        [Activity(lead=lead, kind=kind, at=ago(1)) for lead in leads for _ in range(deeds_each)]
    )
    return [lead.pk for lead in leads]
