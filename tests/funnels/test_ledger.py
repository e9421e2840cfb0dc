"""The ledger is append-only, and whoever tears it is found."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from deals.models import Deal
from deals.services import deal_move
from funnels.models import Transition, Traveller
from funnels.selectors import chain_breaks, stage_get
from funnels.services import traveller_models
from leads.models import Standing
from tests.deals.world import deal_by_hand, deal_from_handoff

DEAL = Transition.Kind.DEAL
pytestmark = pytest.mark.django_db


@pytest.fixture
def deal(people: Any) -> Deal:
    deal = deal_from_handoff(people("rep"))
    return deal_move(deal=deal, to=stage_get("sales", "demo"), by=people("rep"))


def broken(kind: int = DEAL, model: type[Traveller] = Deal) -> list[str]:
    return [one.what for one in chain_breaks(kind, model)]


def test_no_row_is_ever_changed(deal: Deal) -> None:
    row = Transition.objects.filter(kind=DEAL).latest("seq")
    row.cause = "rewritten"
    for change in (row.save, lambda: Transition.objects.filter(pk=row.pk).update(note="rewritten")):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()
    assert Transition.objects.get(pk=row.pk).cause == "moved"
    assert Transition.objects.filter(pk=row.pk).delete()[0] == 1


def test_whole_chains_have_no_breaks_in_three_queries_at_most(deal: Deal, people: Any) -> None:
    for _ in range(3):
        deal_by_hand(people("rep"))
    with CaptureQueriesContext(connection) as queries:
        assert [broken(model.journey, model) for model in traveller_models()] == [[], []]
    assert len(queries) <= 4
    assert {model.journey: model for model in traveller_models()} == {1: Standing, 2: Deal}


def test_each_kind_of_tear_is_found(deal: Deal) -> None:
    torn = {
        "a row of the ledger is missing": lambda: Transition.objects.filter(kind=DEAL, seq=1).delete(),
        "the ledger does not end where it stands": lambda: Deal.objects.update(stage=stage_get("sales", "proposal")),
        "a move does not start where the one before it ended": lambda: _append(deal, from_stage=None),
        "a move lies before the move before it": lambda: _append(deal, at=deal.stage_since - timedelta(days=2)),
    }
    for what, tear in torn.items():
        with transaction.atomic():
            tear()
            assert what in broken()
            transaction.set_rollback(True)
    assert broken() == []


def _append(deal: Deal, **wrong: Any) -> None:
    row = {"from_stage": deal.stage, "to_stage": stage_get("sales", "proposal"), "at": deal.stage_since} | wrong
    Transition.objects.create(kind=DEAL, traveller_id=deal.pk, seq=deal.seq + 1, cause="by hand", **row)
