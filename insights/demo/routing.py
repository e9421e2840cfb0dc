"""The demo company's routing: a territory by language, large firms by skill, then everybody."""

from typing import Any

from core.places import countries_parse
from handoff.models import RoutingRule
from insights.demo.write import Writer

LARGE = {"fact": "company.employees", "op": ">=", "value": 200}


def rules_write(writer: Writer) -> None:
    """Goes before the rule for everybody; once."""
    europe = writer.users["noah"].team
    wanted: list[dict[str, Any]] = [
        {
            "name": "DACH, in German",
            "countries": countries_parse("DACH"),
            "team": europe,
            "needs_language": True,
            "nobody": RoutingRule.Nobody.MANAGER,
        },
        {
            "name": "Large firms",
            "condition": LARGE,
            "needs_skills": ["enterprise"],
            "strategy": RoutingRule.Strategy.LEAST_LOADED,
        },
    ]
    for rule in RoutingRule.objects.filter(name__in=[one["name"] for one in wanted]):
        wanted = [one for one in wanted if one["name"] != rule.name]
    for row in RoutingRule.objects.in_force():
        RoutingRule.objects.filter(pk=row.pk).update(position=row.position + len(wanted))
    for position, values in enumerate(wanted):
        RoutingRule.objects.create(position=position, **values)
