"""Addresses of the contract's pages under the reader's filters, and whose numbers those are."""

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from insights.metrics.scope import Scope
from insights.rules.weeks import week_name
from team.models import Team


class WeekLinks:
    """Addresses of the rows behind the numbers: of one week, or of all that the page shows."""

    def __init__(self, filters: dict[str, Any]) -> None:
        self.base, self.filters = reverse("insights:contract_rows"), filters

    def __call__(self, what: str, monday: date | None = None, **more: Any) -> str:
        given = {"what": what} | ({"week": week_name(monday)} if monday else {}) | more
        kept = {name: value for name, value in (self.filters | given).items() if value not in (None, "")}
        return f"{self.base}?{urlencode(kept)}"

    def sheet(self, monday: date) -> str:
        """Of the week together, for the same team."""
        query = urlencode({"team": self.filters["team"]}) if self.filters.get("team") else ""
        return reverse("insights:alignment", args=[week_name(monday)]) + (f"?{query}" if query else "")


def whose(scope: Scope) -> str:
    """Whose numbers these are, in words; '' for the whole company's."""
    user = scope.user
    if user.is_admin or user.is_marketer or (user.is_manager and user.team_id is None):
        name = Team.objects.filter(pk=scope.team).values_list("name", flat=True).first() if scope.team else ""
        return "" if name == "" else f"Handoffs of {name or 'no team'}."
    if user.is_manager:
        return f"Handoffs of {user.team}, and those that nobody has yet."
    return "Your own handoffs" + (" and your team's." if user.team_id and user.team.reps_see_team else ".")
