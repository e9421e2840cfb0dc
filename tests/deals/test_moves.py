"""Every way a deal may and may not go, and what becomes of its lead."""

import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Conflict, Refused
from deals.models import Deal, LostReason
from deals.services import (
    deal_create,
    deal_lose,
    deal_move,
    deal_reopen,
    deal_undo,
    deal_update,
    deal_win,
)
from funnels.models import Funnel, Stage, Transition
from funnels.selectors import history, stage_get
from tests.deals.world import chain_holds, deal_by_hand, deal_from_handoff, lead_make

LEAD, DEAL = Transition.Kind.LEAD, Transition.Kind.DEAL
pytestmark = pytest.mark.django_db


def price() -> LostReason:
    return LostReason.objects.get(code="price")


def test_moves_forward_back_and_into_another_pipeline(people: Any) -> None:
    rep, deal = people("rep"), deal_by_hand(people("rep"))
    other = Funnel.objects.create(key="renewals", name="Renewals", kind="sales", position=9)
    elsewhere = Stage.objects.create(funnel=other, key="talk", name="Talk", position=0)
    for to in (stage_get("sales", "demo"), stage_get("sales", "qualification"), elsewhere):
        deal = deal_move(deal=deal, to=to, by=rep, seq=deal.seq)
        assert deal.stage == to and chain_holds(DEAL, deal)
    assert list(history(DEAL, deal.pk).values_list("cause", flat=True)) == ["created", "moved", "moved", "moved"]
    assert deal_move(deal=deal, to=elsewhere, by=rep).seq == deal.seq


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (("sales", "won"), "use Win"),
        (("sales", "lost"), "use Lose"),
        (("marketing", "interest"), "stays in the sales funnel"),
        (("customer", "onboarded"), "stays in the sales funnel"),
    ],
)
def test_moves_that_may_not_be(people: Any, to: tuple[str, str], message: str) -> None:
    deal = deal_by_hand(people("rep"))
    with pytest.raises(Refused, match=message):
        deal_move(deal=deal, to=stage_get(*to), by=people("rep"))
    assert chain_holds(DEAL, deal) and deal.seq == 1


def test_a_stage_out_of_use_takes_nobody(people: Any) -> None:
    Stage.objects.filter(funnel__key="sales", key="demo").update(is_active=False)
    with pytest.raises(Refused, match="no longer used"):
        deal_move(deal=deal_by_hand(people("rep")), to=stage_get("sales", "demo"), by=people("rep"))


def test_required_fields_are_named_and_then_let_it_in(people: Any) -> None:
    rep = people("rep")
    Stage.objects.filter(funnel__key="sales", key="proposal").update(required=["amount", "budget", "expected_close"])
    deal = deal_by_hand(rep, amount=None)
    with pytest.raises(Refused) as refusal:
        deal_move(deal=deal, to=stage_get("sales", "proposal"), by=rep)
    assert refusal.value.message == "Proposal asks for: amount, budget, expected close date."
    assert (refusal.value.field, refusal.value.code) == ("amount", "required")
    deal_update(
        deal=deal,
        by=rep,
        values={"amount": Decimal("0"), "budget": "Signed off", "expected_close": deal.created_at.date()},
    )
    assert deal_move(deal=deal, to=stage_get("sales", "proposal"), by=rep).stage.key == "proposal"


def test_nothing_moves_before_the_handoff_is_answered(people: Any) -> None:
    rep, deal = people("rep"), deal_from_handoff(people("rep"), accepted=False)
    for attempt in (
        lambda: deal_move(deal=deal, to=stage_get("sales", "demo"), by=rep),
        lambda: deal_win(deal=deal, by=rep, amount=Decimal("5")),
        lambda: deal_lose(deal=deal, by=rep, reason=price()),
    ):
        with pytest.raises(Refused, match="handoff first"):
            attempt()
    assert chain_holds(DEAL, deal) and deal.seq == 1


def test_a_win_makes_a_customer_and_is_in_both_ledgers(people: Any) -> None:
    rep, deal = people("rep"), deal_from_handoff(people("rep"))
    with pytest.raises(Refused) as refusal:
        deal_win(deal=deal, by=rep)
    assert refusal.value.field == "amount"
    deal = deal_win(deal=deal, by=rep, amount=Decimal("1234.56"), seq=1)
    deal.refresh_from_db()
    standing = deal.lead.standing
    assert (deal.stage.key, deal.amount, deal.closed_at) == ("won", Decimal("1234.56"), deal.stage_since)
    assert (standing.stage.funnel.kind, standing.stage.key, standing.cycle) == ("customer", "onboarded", 1)
    assert chain_holds(DEAL, deal) and chain_holds(LEAD, standing)
    assert history(LEAD, standing.pk).last().cause == "won"
    with pytest.raises(Refused, match="closed already"):
        deal_win(deal=deal, by=rep, amount=Decimal("1"))
    with pytest.raises(Refused, match="Reopen it first"):
        deal_move(deal=deal, to=stage_get("sales", "demo"), by=rep)
    with pytest.raises(Refused, match="counted"):
        deal_update(deal=deal, by=rep, values={"amount": Decimal("1")})


@pytest.mark.parametrize("amount", ["-1", "1000000000000", "1.234", "NaN", "Infinity"])
def test_amounts_that_are_none(people: Any, amount: str) -> None:
    with pytest.raises(Refused) as refusal:
        deal_win(deal=deal_by_hand(people("rep")), by=people("rep"), amount=Decimal(amount))
    assert refusal.value.field == "amount"


def test_reopening_a_win_takes_the_customer_back_unless_won_otherwise(people: Any) -> None:
    rep, deal = people("rep"), deal_from_handoff(people("rep"))
    deal = deal_win(deal=deal, by=rep, amount=Decimal("10"))
    deal = deal_reopen(deal=deal, by=rep, seq=deal.seq)
    deal.lead.standing.refresh_from_db()
    assert (deal.stage.key, deal.closed_at) == ("qualification", None)
    assert (deal.lead.standing.stage.key, deal.lead.standing.cycle) == ("handed_off", 1)
    deal = deal_win(deal=deal, by=rep)
    second = deal_win(deal=deal_create(by=rep, lead=deal.lead, amount=Decimal("5")), by=rep)
    deal_reopen(deal=deal, by=rep)
    standing = second.lead.standing
    standing.refresh_from_db()
    assert standing.stage.key == "onboarded" and chain_holds(LEAD, standing)


@pytest.mark.parametrize("nurture", [True, False])
def test_a_loss_and_its_undoing(people: Any, nurture: bool) -> None:
    rep, deal = people("rep"), deal_from_handoff(people("rep"))
    deal = deal_lose(deal=deal, by=rep, reason=price(), objection=" Too dear ", nurture=nurture)
    deal.refresh_from_db()
    standing = deal.lead.standing
    standing.refresh_from_db()
    assert (deal.stage.key, deal.lost_reason, deal.objection) == ("lost", price(), "Too dear")
    assert (standing.stage.key, standing.cycle) == (("interest", 2) if nurture else ("handed_off", 1))
    deal = deal_reopen(deal=deal, by=rep)
    standing.refresh_from_db()
    assert (deal.lost_reason, deal.objection, deal.closed_at) == (None, "", None)
    assert (standing.stage.key, standing.cycle) == ("handed_off", 1)
    assert chain_holds(DEAL, deal) and chain_holds(LEAD, standing)


def test_a_lead_with_another_open_deal_is_not_sent_back(people: Any) -> None:
    rep, deal = people("rep"), deal_from_handoff(people("rep"))
    deal_create(by=rep, lead=deal.lead)
    deal_lose(deal=deal, by=rep, reason=price(), nurture=True)
    deal.lead.standing.refresh_from_db()
    assert deal.lead.standing.stage.key == "handed_off"


def test_a_loss_needs_a_reason_that_people_may_use(people: Any) -> None:
    deal = deal_by_hand(people("rep"))
    unused = LostReason.objects.create(code="old", label="Old", is_active=False)
    for reason in (None, unused, LostReason.objects.get(code="rejected_by_sales")):
        with pytest.raises(Refused) as refusal:
            deal_lose(deal=deal, by=people("rep"), reason=reason)
        assert refusal.value.field == "reason"


def test_undo_leads_back_once_and_only_from_what_was_seen(people: Any) -> None:
    rep, deal = people("rep"), deal_by_hand(people("rep"))
    moved = deal_move(deal=deal, to=stage_get("sales", "demo"), by=rep)
    with pytest.raises(Conflict):
        deal_undo(deal=deal, by=rep, seq=1)
    back = deal_undo(deal=deal, by=rep, seq=moved.seq)
    assert back.stage.key == "qualification" and chain_holds(DEAL, back)
    won = deal_win(deal=deal, by=rep)
    assert deal_undo(deal=deal, by=rep, seq=won.seq).stage.key == "qualification"
    with pytest.raises(Refused, match="nothing to undo"):
        deal_undo(deal=deal_by_hand(rep), by=rep, seq=1)


def test_a_deal_by_hand_needs_something_to_go_by(people: Any) -> None:
    rep, lead = people("rep"), lead_make()
    with pytest.raises(Refused):
        deal_create(by=rep)
    deal = deal_create(by=rep, lead=lead)
    assert (deal.company, deal.source, deal.owner, deal.is_waiting) == (lead.company, "webinar", rep, False)
    assert deal.accepted_at == deal.created_at and chain_holds(DEAL, deal)


@pytest.mark.django_db(transaction=True)
def test_two_people_drag_the_same_card(people: Any) -> None:
    rep, deal = people("rep"), deal_by_hand(people("rep"))
    targets = [stage_get("sales", "demo"), stage_get("sales", "proposal")]
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def drag(to: Stage) -> None:
        try:
            start.wait(5)
            deal_move(deal=Deal(pk=deal.pk), to=to, by=rep, seq=1)
            outcomes.append("moved")
        except Conflict:
            outcomes.append("conflict")
        finally:
            connection.close()

    threads = [threading.Thread(target=drag, args=(to,)) for to in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "moved"]
    assert chain_holds(DEAL, deal) and deal.seq == 2


STEPS = st.lists(
    st.sampled_from(["qualification", "demo", "proposal", "win", "lose", "nurture", "reopen", "undo"]), max_size=12
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_people_do_the_chain_has_no_gap(people: Any, steps: list[str]) -> None:
    rep, deal = people("rep"), deal_from_handoff(people("rep"))
    deal_update(deal=deal, by=rep, values={"amount": Decimal("9.99")})
    for step in steps:
        before = history(DEAL, deal.pk).count()
        try:
            _take(step, deal, rep)
        except Refused:
            assert history(DEAL, deal.pk).count() == before
        deal.refresh_from_db()
        deal.lead.standing.refresh_from_db()
        assert chain_holds(DEAL, deal) and chain_holds(LEAD, deal.lead.standing)
        assert (deal.closed_at is None) == deal.stage.is_open
        assert (deal.stage.kind == "won") == (deal.lead.standing.stage.funnel.kind == "customer")


def _take(step: str, deal: Deal, rep: Any) -> None:
    if step == "win":
        deal_win(deal=deal, by=rep)
    elif step in ("lose", "nurture"):
        deal_lose(deal=deal, by=rep, reason=price(), nurture=step == "nurture")
    elif step == "reopen":
        deal_reopen(deal=deal, by=rep)
    elif step == "undo":
        deal_undo(deal=deal, by=rep, seq=deal.seq)
    else:
        deal_move(deal=deal, to=stage_get("sales", step), by=rep)
