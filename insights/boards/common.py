"""Pieces that the three dashboards share."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from funnels.selectors import pipelines
from insights.forms import KEPT, FilterForm
from insights.metrics import marketing
from insights.metrics.scope import Scope
from insights.rules.path import Path, day_number
from insights.rules.periods import CHOICES
from insights.services.drain import rollup_drain, state_now
from team.models import Team, User

INLINE = 500  # so few ledger rows behind are counted before the page is drawn


@dataclass(frozen=True)
class Tile:
    """One number: what it is, how it is defined, what it was before, and where its rows are."""

    label: str
    value: str
    note: str = ""
    means: str = ""
    url: str = ""
    rows: int | None = None
    change: str = ""
    tone: str = ""


class Links:
    """Addresses of the rows behind numbers, under the page's filters."""

    def __init__(self, form: FilterForm) -> None:
        self.base = reverse("insights:rows")
        self.filters = {name: value for name, value in form.kept().items() if name not in ("by", "compare")}
        self.query = urlencode(self.filters)

    def __call__(self, what: str, **more: Any) -> str:
        given = {name: value for name, value in more.items() if value not in (None, "")}
        changed = {name: given.pop(name) for name in list(given) if name in KEPT}
        query = urlencode(self.filters | changed) if changed else self.query
        return f"{self.base}?{urlencode({'what': what} | given)}" + (f"&{query}" if query else "")


@dataclass(frozen=True)
class Freshness:
    """How new the kept sums are."""

    as_of: Any
    behind: int
    rebuilding: bool


def catch_up() -> Freshness:
    """Count the little that is new before a page is drawn; a lot is left to the worker, and the page says so."""
    state = state_now()
    yesterday = state is not None and state.today < day_number(timezone.now())
    if yesterday or state is None or 0 < state.behind <= INLINE or (state.rebuilding and state.newest <= INLINE):
        rollup_drain(seconds=2, limit=INLINE, chores=False)
        state = state_now()
    if state is None:
        return Freshness(None, 0, False)
    return Freshness(state.as_of, state.behind, state.rebuilding)


def teams_of(user: Any) -> list[tuple[int, str]]:
    """The teams whose numbers a person may ask for."""
    if user.is_admin or user.is_marketer or (user.is_manager and not user.team_id):
        return list(Team.objects.order_by("name").values_list("pk", "name"))
    return []


def choices(scope: Scope, path: Path, form: FilterForm) -> dict[str, Any]:
    """What the filter bar offers. Two queries."""
    user = scope.user
    people = User.objects.filter(is_rep=True, is_active=True)
    if not (user.is_admin or user.is_marketer) and user.team_id:
        people = people.filter(team=user.team_id)
    found = list(people.values_list("pk", "name", "team_id", "team__name"))
    teams = {team: name for _, _, team, name in found if team}
    lines = {one.funnel_id for one in path.stages.values() if one.funnel == "sales"}
    return {
        "periods": list(CHOICES.items()),
        "reps": [(pk, name) for pk, name, *_ in found],
        "teams": sorted(teams.items(), key=lambda one: one[1]),
        "pipelines": list(pipelines().values_list("pk", "name")) if len(lines) > 1 else [],
        "sources": marketing.sources_known(scope),
        "filters": form.cleaned_data | {"period": scope.period.key, "view": scope.view},
        "query": form.query(),
        "clear": {name: form.query(**{name: None}) for name in ("campaign", "source")},
    }
