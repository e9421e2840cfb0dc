"""What the jobs start from: a rep to whom leads go at any hour, leads over the bar, the workers' drains."""

from collections.abc import Callable
from typing import Any

from deals.models import Deal
from handoff.models import Handoff, RoutingRule
from handoff.services import assign_drain, handoff_accept
from leads.services import inbox_drain
from scoring.services import score_drain
from tests.handoff.world import ALWAYS, mqls
from tests.personas import persona


def work() -> None:
    """What the workers would do with what waits: inbox, scores, assignment."""
    inbox_drain()
    score_drain()
    assign_drain()


def handed_to_rep(how_many: int = 1, **fields: Any) -> list[Handoff]:
    """Handoffs assigned to the rep, not yet accepted."""
    rep = persona("rep")
    type(rep).objects.filter(pk=rep.pk).update(working_hours=ALWAYS, capacity_open=1000, capacity_day=1000)
    RoutingRule.objects.update(team=rep.team)
    made = mqls(how_many, **fields)
    assign_drain()
    return list(Handoff.objects.filter(pk__in=[one.pk for one in made]).select_related("lead").order_by("pk"))


def accepted_deal() -> Deal:
    """An open deal of the rep in Qualification, from an accepted handoff."""
    handoff = handed_to_rep()[0]
    handoff_accept(handoff_id=handoff.pk, by=persona("rep"))
    return Deal.objects.select_related("stage", "lead").get(lead=handoff.lead)


def within(page: Any, true: Callable[[], Any], *, seconds: float = 10) -> Any:
    """Ask the database until it is so, letting the browser work meanwhile."""
    for _ in range(int(seconds * 10)):
        if answer := true():
            return answer
        page.wait_for_timeout(100)
    raise AssertionError(f"not so after {seconds} s")
