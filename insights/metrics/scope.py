"""Whose and which numbers: the filters of a dashboard joined with what its reader may see."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet, Value

from deals.models import Deal, LostReason
from handoff.models import Handoff, RejectReason
from insights.models import EVERYBODY
from insights.rules.blocks import blocks_between
from insights.rules.path import day_number
from insights.rules.periods import Period
from leads.models import Lead
from team.models import User

NOBODY = 0


@dataclass(frozen=True)
class Scope:
    """Filters: ``view`` is cohort or activity; an empty text or None filters nothing."""

    user: Any
    period: Period
    now: datetime
    view: str = "cohort"
    source: str = ""
    campaign: str = ""
    owner: int | None = None
    team: int | None = None
    pipeline: int | None = None

    @property
    def cohort(self) -> bool:
        return self.view != "activity"

    @property
    def today(self) -> int:
        return day_number(self.now)

    @property
    def days(self) -> tuple[int, int]:
        """First and last day number of the period."""
        return day_number(self.period.start), day_number(self.period.end) - 1

    @property
    def previous(self) -> "Scope | None":
        before = self.period.before
        return None if before is None else self._with(period=before)

    def _with(self, **changes: Any) -> "Scope":
        made = replace(self, **changes)
        for name in ("owners", "_reasons"):  # neither depends on the period
            if name in self.__dict__:
                made.__dict__[name] = self.__dict__[name]
        return made

    def as_cohort(self) -> "Scope":
        return self._with(view="cohort")

    def owned(self) -> "Scope":
        """Without what is nobody's."""
        made = self._with()
        made.__dict__["owners"] = (self.owners or frozenset()) - {NOBODY}
        return made

    def over(self, period: Period) -> "Scope":
        """The same filters over another period."""
        return self._with(period=period)

    @property
    def sees_money(self) -> bool:
        """A pure marketer sees counts, not what was offered."""
        return bool(self.user.has_role("rep", "manager"))

    @property
    def plain(self) -> bool:
        """True when the sums over people can answer; campaign and pipeline are only in the people's own rows."""
        return not self.campaign and self.pipeline is None

    def sums(self, model: Any, *, by_owner: bool = False, blocks: Collection[int] = ()) -> QuerySet[Any]:
        """The rows of a table of sums that make up the period (or of ``blocks`` of it), under the filters that every
        such table has."""
        rows = model.objects.filter(block__in=blocks or blocks_between(*self.days)).order_by()
        if self.owners is not None:
            rows = rows.filter(owner__in=sorted(self.owners))
        else:
            rows = rows.exclude(owner=EVERYBODY) if by_owner else rows.filter(owner=EVERYBODY)
        return rows.filter(source=self.source) if self.source else rows

    @cached_property
    def owners(self) -> frozenset[int] | None:
        """Ids of the owners whose people count; None for everybody. As ``leads.querysets.owner_filter``."""
        found = self._visible()
        if self.team is not None:
            found = _both(found, _members(self.team))
        if self.owner is not None:
            found = _both(found, frozenset([self.owner]))
        return found

    def _visible(self) -> frozenset[int] | None:
        user = self.user
        if user.is_admin or user.is_marketer or (user.is_manager and user.team_id is None):
            return None
        if user.is_manager:
            return _members(user.team_id) | {NOBODY}
        if user.is_rep and user.team_id and user.team.reps_see_team:
            return _members(user.team_id)
        return frozenset([user.pk]) if user.is_rep else frozenset()

    @cached_property
    def _reasons(self) -> list[tuple[str, int, str, bool]]:
        """Both rooms' reasons: whose, id, label, whether it counts as a loss. One query."""
        lost = LostReason.objects.order_by().values_list(Value("lost"), "pk", "label", "counts")
        reject = RejectReason.objects.order_by().values_list(Value("reject"), "pk", "label", Value(True))
        return list(lost.union(reject, all=True))

    @property
    def lost_reasons(self) -> dict[int, tuple[str, bool]]:
        """Label of each, and whether it counts as a loss."""
        return {pk: (label, bool(counts)) for kind, pk, label, counts in self._reasons if kind == "lost"}

    @property
    def reject_reasons(self) -> dict[int, str]:
        return {pk: label for kind, pk, label, _ in self._reasons if kind == "reject"}

    def facts_q(self) -> Q:
        """The filters that every fact of a deal or a handoff has."""
        found = Q() if self.owners is None else Q(owner__in=self.owners)
        return found & Q(source=self.source) if self.source else found

    def people_q(self, prefix: str = "") -> Q:
        """The filters over ``Journey`` (or over a row that leads to it by ``prefix``)."""
        found = Q()
        if self.owners is not None:
            found &= Q(**{f"{prefix}owner__in": self.owners})
        if self.source:
            found &= Q(**{f"{prefix}source": self.source})
        if self.campaign:
            found &= Q(**{f"{prefix}campaign": self.campaign})
        if self.pipeline is not None:
            found &= Q(**{f"{prefix}pipeline": self.pipeline})
        return found

    def deals(self) -> QuerySet[Deal]:
        rows = self._mine(Deal.objects.visible_to(self.user), "owner", "source", "lead__campaign")
        return rows if self.pipeline is None else rows.filter(stage__funnel=self.pipeline)

    def handoffs(self) -> QuerySet[Handoff]:
        return self._mine(Handoff.objects.visible_to(self.user), "rep", "lead__source", "lead__campaign")

    def leads(self) -> QuerySet[Lead]:
        return self._mine(Lead.objects.visible_to(self.user), "standing__owner", "source", "campaign")

    def _mine(self, rows: Any, owner: str, source: str, campaign: str) -> Any:
        filters = {
            owner: self.owner,
            f"{owner}__team": self.team,
            source: self.source or None,
            campaign: self.campaign or None,
        }
        return rows.filter(**{name: value for name, value in filters.items() if value is not None})

    @property
    def currency(self) -> str:
        return str(settings.CURRENCY)


def _members(team: int) -> frozenset[int]:
    return frozenset(User.objects.filter(team=team).values_list("pk", flat=True))


def _both(one: frozenset[int] | None, other: frozenset[int]) -> frozenset[int]:
    return other if one is None else one & other
