"""The kept sums: equal to a rebuild after any change, and to the rows themselves."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db.models import F
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clock import db_now
from deals.models import Deal
from deals.services import deal_assign, deal_update, deal_win
from handoff.models import Handoff
from handoff.services import handoff_reassign, rep_left
from insights import models
from insights.forms import FilterForm
from insights.metrics import funnel, handoffs, pipeline, reps, sales
from insights.metrics.opened import open_now, stalled_oldest
from insights.rules.blocks import WIDTHS, blocks_between, blocks_of, monday_before, weeks_between
from insights.rules.path import day_date
from insights.selectors import path_now
from insights.services import rollup_check, rollup_drain, rollup_rebuild
from insights.services.rebuild import _empty
from insights.services.recount import sums_make
from insights.services.sums import KEYS, SUMS
from leads.models import Lead, Standing
from leads.services import activity_record
from leads.services.erase import leads_erase
from team.models import User
from tests.insights.world import History, at, write
from tests.personas import persona

DAYS = st.integers(-30_000, 60_000)


@settings(deadline=None)
@given(DAYS, st.integers(0, 1500), st.integers(-80, 1580))
def test_a_day_of_the_period_is_in_exactly_one_block(first, length, offset):
    blocks = blocks_between(first, first + length)
    assert len(blocks) == len(set(blocks)) <= length // WIDTHS[2] + 30
    inside = 0 <= offset <= length
    assert sum(block in blocks for block in blocks_of(first + offset)) == inside


@settings(deadline=None)
@given(DAYS, st.integers(0, 400))
def test_weeks_begin_on_monday_and_make_up_the_period(first, length):
    weeks = weeks_between(first, first + length)
    assert all(monday_before(monday) == monday for monday, _ in weeks)
    if first > 0:
        assert all(day_date(monday).weekday() == 0 for monday, _ in weeks)
    for day in range(first, first + length + 1):
        holders = [monday for monday, blocks in weeks if any(block in blocks for block in blocks_of(day))]
        assert holders == [monday_before(day)]


@pytest.fixture
def demo(db):
    call_command("demo", leads=160, force=True, verbosity=0)


def everything():
    """Every row of every table of sums."""
    found = {model: sorted(model.objects.values_list(*KEYS[model], *SUMS[model])) for model in SUMS}
    rows = models.DaySpan.objects.values_list(*KEYS[models.DaySpan], "n", "seconds", "bins")
    return found | {models.DaySpan: sorted(rows, key=lambda row: row[:6])}


def test_followed_step_by_step_equals_a_rebuild(demo):
    reps_ = list(User.objects.filter(is_rep=True, is_active=True))
    open_deals = list(Deal.objects.filter(closed_at=None, stage__kind="open").exclude(accepted_at=None)[:3])
    deal_update(deal=open_deals[0], by=reps_[0], values={"amount": Decimal(12345), "currency": "USD"})
    deal_assign(deal=open_deals[0], owner=next(one for one in reps_ if one.pk != open_deals[0].owner_id), by=reps_[0])
    deal_win(deal=open_deals[1], amount=Decimal(777), by=reps_[0])
    asked = list(Handoff.objects.filter(state="assigned", responded_at=None).select_related("lead", "rep")[:2])
    activity_record(lead=asked[0].lead, kind="call", by=asked[0].rep)
    admin = User.objects.filter(is_admin=True).first()
    to = next(one for one in reps_ if one.pk != asked[1].rep_id)
    handoff_reassign(handoff_id=asked[1].pk, to=to, by=admin)
    left = Handoff.objects.filter(state="assigned").exclude(pk__in=[one.pk for one in asked]).first()
    if left:
        rep_left("1", user_id=left.rep_id)
    leads_erase(lead_ids=[Handoff.objects.filter(state="accepted").first().lead_id], by=admin)
    models.RollupState.objects.update(reconciled_at=db_now())  # the marks alone tell of it, not the net under them
    rollup_drain()
    followed = everything()
    assert rollup_check(full=True) == []
    rollup_rebuild()
    again = everything()
    for model in again:
        assert followed[model] == again[model], model
    assert sum(len(rows) for rows in again.values()) > 1000
    assert rollup_check(full=True) == []


FILTERS = [
    {},
    {"view": "activity"},
    {"source": "Organic search"},
    {"team": "1"},
    {"owner": "1"},
    {"owner": "1", "source": "Organic search"},
    {"period": "quarter"},
    {"period": "custom", "from": "2026-03-03", "to": "2026-08-19"},
]


def numbers(path, scope):
    """All that the three pages count from sums."""
    opened = open_now(scope, path)
    labels = scope.reject_reasons
    speed = handoffs.speed(scope)
    return {
        "steps": funnel.steps(scope, path),
        "values": funnel.values(scope, path),
        "spans": funnel.spans(scope, path),
        "sales": (closed := sales.sales(scope)),
        "open": pipeline.pipeline(opened.cells, path, closed),
        "forecast": pipeline.forecast(opened.cells, path, dict.fromkeys(range(20), 30.0)),
        "late": sorted(pipeline.stalled_by_stage(opened.late, path)),
        "oldest": [one.pk for one in stalled_oldest(scope, path, 8)],
        "lost": sales.lost_reasons(sales.closings(scope)),
        "reps": [vars(one) for one in reps.per_rep(scope, opened.owners)],
        "verdicts": handoffs.verdicts(handoffs.decisions(scope), labels),
        "campaigns": handoffs.rejects_by_campaign(handoffs.decisions(scope), labels),
        "speed": speed,
        "by rep": handoffs.speed_by_rep(scope),
    }


def test_the_sums_equal_the_rows(demo):
    """Under a campaign everything is counted from the rows; when everybody came by one, that must be the same."""
    Deal.objects.filter(lead=None).delete()
    Lead.objects.update(campaign="spring")
    rollup_rebuild()
    path, rep = path_now(), User.objects.filter(is_rep=True, team__isnull=False).order_by("pk")[1]
    for who in (User.objects.filter(is_admin=True).first(), User.objects.filter(is_manager=True).first(), rep):
        for filters in FILTERS:
            given_ = {"period": "12-months"} | filters
            given_ |= {"team": str(rep.team_id)} if "team" in filters else {}
            given_ |= {"owner": str(rep.pk)} if "owner" in filters else {}
            kept = numbers(path, FilterForm(given_).scope(who))
            live = numbers(path, FilterForm(given_ | {"campaign": "spring"}).scope(who))
            for name in kept:
                assert kept[name] == live[name], (who, filters, name)


def test_speed_to_lead_is_counted_as_defined(demo):
    scope = FilterForm({"period": "all"}).scope(persona("admin"))
    speed, rows = handoffs.speed(scope), Handoff.objects.exclude(assigned_at=None)
    answered = rows.exclude(responded_at=None)
    assert speed.assigned == rows.count()
    assert speed.answered == answered.count()
    assert speed.in_time == answered.filter(responded_at__lte=F("due_at")).count()
    assert speed.judged == speed.answered + rows.filter(responded_at=None, due_at__lt=scope.now).count()
    assert speed.judged - speed.in_time == handoffs.late(scope).count()
    took = [(one.responded_at - one.assigned_at).total_seconds() for one in answered]
    assert speed.seconds.mean == pytest.approx(sum(took) / len(took), abs=1)


@pytest.mark.django_db
def test_who_is_due_today_is_stalled_today():
    today = (db_now() - at(0)).days
    for number in range(8):  # awareness is expected to take 30 days: some are due in between
        write(History([("awareness", 24 * (today - 10 * number))]), number)
    rollup_rebuild()
    state = models.RollupState.objects.get()
    _empty(*KEYS)
    sums_make(state.today - 35)
    models.RollupState.objects.update(today=state.today - 35)
    scope = FilterForm({"period": "all"}).scope(persona("admin"))
    before = funnel.steps(scope, path_now())[0]
    rollup_drain()
    after = funnel.steps(scope, path_now())[0]
    assert (before.open, before.stalled) == (7, 1)
    assert (after.open, after.stalled) == (3, 5)
    assert rollup_check(full=True) == []


@pytest.mark.django_db
def test_scores_of_a_big_house_are_those_last_counted():
    from insights.metrics import marketing

    for number in range(3):
        write(History([("awareness", 0)]), number)
    Standing.objects.update(score=25)
    rollup_drain()
    scope = FilterForm({}).scope(persona("admin"))
    Standing.objects.update(score=70)
    assert dict(marketing.scores(scope).bands)[70] == 3  # few: counted on the spot
    models.RollupState.objects.update(scores_n=marketing.QUICK + 1)
    slow = marketing.scores(scope)
    assert dict(slow.bands)[20] == 3
    assert slow.as_of is not None
    models.RollupState.objects.update(scores_at=db_now() - timedelta(hours=1), reconciled_at=db_now())
    rollup_drain()
    models.RollupState.objects.update(scores_n=marketing.QUICK + 1)
    assert dict(marketing.scores(scope).bands)[70] == 3
