"""Crossing the MQL bar."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from core.errors import Conflict, Refused
from funnels.models import Transition
from handoff.models import Handoff, MqlPolicy
from handoff.services import handoff_open
from leads.models import Activity, Standing
from leads.services import activity_record
from tests.handoff.world import leads_make, scored

pytestmark = pytest.mark.django_db


def stage_of(lead: Any) -> str:
    return str(Standing.objects.select_related("stage").get(pk=lead.pk).stage.key)


def test_a_score_at_the_bar_passes_and_says_so() -> None:
    below, at = leads_make(1, score=59) + leads_make(1, score=60)
    scored([below, at])
    assert stage_of(below) == "awareness" and stage_of(at) == "handed_off"
    one = Handoff.objects.get()
    assert (one.lead, one.cycle, one.instant, one.why) == (at, 1, False, "Score 60 passed the bar of 60")
    moved = Transition.objects.get(kind=Transition.Kind.LEAD, traveller_id=at.pk, seq=2)
    assert (moved.cause, moved.score) == ("mql", 60)


def test_scored_again_changes_nothing() -> None:
    leads = leads_make(3, score=90)
    for _ in range(3):
        scored(leads)
    assert Handoff.objects.count() == 3


def test_a_grade_that_is_not_allowed_does_not_pass() -> None:
    MqlPolicy.objects.update(grades=["A", "B"])
    good, bad = leads_make(1, score=90, grade="B2") + leads_make(1, score=90, grade="C1")
    scored([good, bad])
    assert list(Handoff.objects.values_list("lead", flat=True)) == [good.pk]


def test_the_required_condition_must_hold_too() -> None:
    MqlPolicy.objects.update(required={"fact": "lead.country", "op": "is", "value": "Kenya"})
    here, there = leads_make(1, score=90, country="Kenya") + leads_make(1, score=90, country="Peru")
    scored([here, there])
    assert list(Handoff.objects.values_list("lead", flat=True)) == [here.pk]


def test_a_demo_request_passes_at_once_whatever_the_score() -> None:
    lead = leads_make(1, score=3, grade="D4", deed="demo_requested")[0]
    scored([lead])
    one = Handoff.objects.get()
    assert one.instant and one.why == "Requested a demo"


@pytest.mark.parametrize("bot", [Activity.Bot.SUSPECT, Activity.Bot.BOT])
def test_a_bots_demo_request_does_not_pass(bot: int) -> None:
    lead = leads_make(1)[0]
    activity_record(lead=lead, kind="demo_requested", bot=bot)
    scored([lead])
    assert not Handoff.objects.exists()


def test_an_old_demo_request_of_an_imported_past_does_not_pass() -> None:
    lead = leads_make(1)[0]
    activity_record(lead=lead, kind="demo_requested", at=timezone.now() - timedelta(days=30))
    scored([lead])
    assert not Handoff.objects.exists()


def test_a_disqualified_lead_does_not_pass() -> None:
    from funnels.selectors import stage_get

    lead = leads_make(1, score=95)[0]
    Standing.objects.filter(pk=lead.pk).update(stage=stage_get("marketing", "disqualified"))
    scored([lead])
    assert not Handoff.objects.exists()


def test_score_and_handoff_exist_together_or_not_at_all() -> None:
    lead = leads_make(1, score=95)[0]
    with pytest.raises(RuntimeError), transaction.atomic():
        scored([lead])
        raise RuntimeError("the scoring transaction fails")
    assert not Handoff.objects.exists() and stage_of(lead) == "awareness"


def test_a_marketer_hands_over_by_hand(people: Any) -> None:
    lead = leads_make(1)[0]
    one = handoff_open(lead_id=lead.pk, by=people("marketer"))
    assert one.why == "Handed over by Maya Marketer" and stage_of(lead) == "handed_off"
    with pytest.raises(Conflict):
        handoff_open(lead_id=lead.pk, by=people("marketer"))


def test_a_rep_cannot_hand_over_what_they_do_not_see(people: Any) -> None:
    lead = leads_make(1)[0]
    with pytest.raises(Refused, match="no such lead"):
        handoff_open(lead_id=lead.pk, by=people("rep"))
    assert not Handoff.objects.exists()
