"""Leads for tests, made the short way."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from funnels.models import Transition
from funnels.selectors import stage_get
from funnels.services import journey_start
from leads.models import Company, LastActive, Lead, Standing


def make_lead(
    name: str = "",
    *,
    stage: str = "awareness",
    owner: Any = None,
    score: int = 0,
    company: str = "",
    days: int = 3,
    active: int | None = None,
    **facts: Any,
) -> Lead:
    """A lead called ``name`` ('Ann Lee'), with e-mail, standing and first ledger row."""
    number = Lead.objects.count() + 1
    first, _, last = (name or f"Lead {number}").partition(" ")
    now = timezone.now()
    facts.setdefault("email", f"{first}.{last or 'x'}{number}@people.example".lower().replace(" ", ""))
    key = facts["email"].lower() or None
    if company:
        facts["company"] = Company.objects.get_or_create(name=company)[0]
    made = now - timedelta(days=days)
    lead = Lead.objects.create(first_name=first, last_name=last, email_key=key, created_at=made, **facts)
    row = Standing(
        lead=lead,
        stage=stage_get("marketing", stage),
        stage_since=made,
        seq=1,
        owner=owner,
        score=score,
    )
    Standing.objects.bulk_create([row])
    if active is not None:
        LastActive.objects.create(standing=row, at=now - timedelta(days=active))
    journey_start([row], kind=Transition.Kind.LEAD, cause="captured")
    return lead
