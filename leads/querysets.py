"""Who may see whom, said once. Every query of people's data starts here."""

from typing import Any, TypeVar

from django.db import models
from django.db.models import Q

M = TypeVar("M", bound=models.Model)


def owner_filter(user: Any, path: str = "owner") -> Q:
    """Rows that ``user`` may see, by their owner at ``path``.

    An admin and a marketer see everything; a manager the team's rows and those nobody owns (one without a team
    sees everything); a rep the own rows, and the team's where the team is set so.
    """
    if not user.is_authenticated:
        return Q(pk__in=[])
    if user.is_admin or user.is_marketer or (user.is_manager and user.team_id is None):
        return Q()
    if user.is_manager:
        return Q(**{f"{path}__team": user.team_id}) | Q(**{f"{path}__isnull": True})
    if user.is_rep and user.team_id and user.team.reps_see_team:
        return Q(**{f"{path}__team": user.team_id})
    if user.is_rep:
        return Q(**{path: user})
    return Q(pk__in=[])


class LeadQuerySet(models.QuerySet[M]):
    def visible_to(self, user: Any) -> "LeadQuerySet[M]":
        return self.filter(owner_filter(user, "standing__owner"))


class StandingQuerySet(models.QuerySet[M]):
    def create(self, **fields: Any) -> M:
        if fields.get("lead") is not None:
            fields.setdefault("source", fields["lead"].source)
        return super().create(**fields)

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[M]:
        """As always, with the copy of the lead's source filled in where the lead is at hand."""
        rows = list(objs)
        for row in rows:
            if not row.source and "lead" in row._state.fields_cache:
                row.source = row.lead.source
        return super().bulk_create(rows, *args, **kwargs)

    def visible_to(self, user: Any) -> "StandingQuerySet[M]":
        return self.filter(owner_filter(user))

    def with_lead(self) -> "StandingQuerySet[M]":
        """All that a row of a list shows, in one query."""
        return self.select_related("lead__company", "stage__funnel", "owner", "last_active")


class ActivityQuerySet(models.QuerySet[M]):
    def visible_to(self, user: Any) -> "ActivityQuerySet[M]":
        return self.filter(lead__isnull=False).filter(owner_filter(user, "lead__standing__owner"))
