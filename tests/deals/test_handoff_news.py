"""What the handoff's news does to deals, told through the outbox as in real life."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deals.models import Deal, LostReason, Task
from deals.services import deals_note_touch, deals_open_for_handoffs, task_create
from deals.services.seeds import REASONS
from funnels.models import Transition
from tests.deals.world import chain_holds, deal_from_handoff, lead_handed_off, payload, tell

pytestmark = pytest.mark.django_db


def test_seeded_reasons_are_there_once() -> None:
    from deals.services import seed

    seed()
    assert set(LostReason.objects.values_list("code", flat=True)) == {code for code, _ in REASONS} | {
        "rejected_by_sales"
    }
    assert LostReason.objects.get(code="rejected_by_sales").counts is False


def test_assigned_opens_one_deal_with_context_and_ledger(people: Any) -> None:
    rep, lead = people("rep"), lead_handed_off()
    tell("handoff.assigned", [payload(lead, rep)])
    tell("handoff.assigned", [payload(lead, rep)])
    deal = Deal.objects.get()
    assert deal.name == f"{lead.company.name} – {lead.name}"
    assert (deal.owner, deal.company, deal.source, deal.lead_cycle) == (rep, lead.company, "webinar", 1)
    assert (deal.stage.key, deal.accepted_at, deal.is_waiting) == ("qualification", None, True)
    assert chain_holds(Transition.Kind.DEAL, deal)
    assert Transition.objects.get(kind=Transition.Kind.DEAL).cause == "handoff"


def test_a_new_cycle_opens_a_new_deal(people: Any) -> None:
    rep, lead = people("rep"), lead_handed_off()
    tell("handoff.assigned", [payload(lead, rep, 1), payload(lead, rep, 2), payload(lead, rep, 2)])
    assert sorted(Deal.objects.values_list("lead_cycle", flat=True)) == [1, 2]


def test_a_batch_costs_the_same_queries_as_one(people: Any) -> None:
    rep = people("rep")
    leads = [lead_handed_off() for _ in range(12)]
    counts = []
    for batch in (leads[:2], leads[2:]):
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            assert deals_open_for_handoffs([payload(lead, rep) for lead in batch]) == len(batch)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 7


def test_reassigned_takes_deal_and_open_tasks_along(people: Any) -> None:
    rep, other = people("rep"), people("other_rep")
    deal = deal_from_handoff(rep, accepted=False)
    task = task_create(owner=rep, title="Call", due_at=deal.created_at, deal=deal)
    tell("handoff.reassigned", [payload(deal.lead, other)])
    deal.refresh_from_db()
    task.refresh_from_db()
    assert (deal.owner, task.owner) == (other, other)


def test_accepted_makes_an_opportunity_once(people: Any) -> None:
    deal = deal_from_handoff(people("rep"))
    first = deal.accepted_at
    tell("handoff.accepted", [payload(deal.lead, people("rep"))])
    deal.refresh_from_db()
    assert first is not None and deal.accepted_at == first and not deal.is_waiting


def test_rejected_closes_the_deal_without_counting_it(people: Any) -> None:
    rep = people("rep")
    deal = deal_from_handoff(rep, accepted=False)
    for _ in range(2):
        tell("handoff.rejected", [{**payload(deal.lead, rep), "by_id": rep.pk, "reason": "Too small"}])
    deal.refresh_from_db()
    assert (deal.stage.key, deal.lost_reason.code, deal.objection) == ("lost", "rejected_by_sales", "Too small")
    assert deal.closed_at == deal.stage_since and deal.lost_reason.counts is False
    last = Transition.objects.filter(kind=Transition.Kind.DEAL).latest("seq")
    assert (last.cause, last.by, last.seq) == ("rejected", rep, 2)
    assert chain_holds(Transition.Kind.DEAL, deal)


def test_an_answer_touches_the_open_deals(people: Any) -> None:
    rep = people("rep")
    deal = deal_from_handoff(rep)
    deals_note_touch([{"lead_id": deal.lead_id, "by_id": rep.pk, "at": timezone.now().isoformat()}])
    deal.refresh_from_db()
    assert deal.last_touch_at is not None


def test_news_of_unknown_deals_changes_nothing(people: Any) -> None:
    lead = lead_handed_off()
    fact = {**payload(lead, people("rep")), "by_id": people("rep").pk, "reason": ""}
    for topic in ("handoff.reassigned", "handoff.accepted", "handoff.rejected"):
        tell(topic, [fact])
    assert not Deal.objects.exists() and not Task.objects.exists()
