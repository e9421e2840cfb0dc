"""Which companies a person sees."""

from typing import Any

from django.db.models import Q, QuerySet

from core.ask import ask
from leads.models import Company, Lead


def companies_seen_by(user: Any) -> QuerySet[Company]:
    """All for marketers and managers; for a rep those owned, and those of the leads and deals that they see."""
    if user.has_role("marketer", "manager"):
        return Company.objects.all()
    seen = Q(owner=user) | Q(pk__in=Lead.objects.visible_to(user).exclude(company=None).values("company"))
    deals = ask("companies.of_deals", user=user)
    if deals is not None:
        seen |= Q(pk__in=deals)
    return Company.objects.filter(seen)
