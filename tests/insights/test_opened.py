"""Open deals: the kept sums equal the deals, whatever is done to them and whenever they became late."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command

from deals.models import Deal, LostReason
from deals.services import deal_assign, deal_create, deal_lose, deal_move, deal_reopen, deal_update, deal_win
from funnels.models import Stage
from insights.forms import FilterForm
from insights.metrics.opened import Opened, open_now, opened, stalled, stalled_oldest
from insights.models import OpenCount, OpenFact, RollupState
from insights.selectors import path_now
from insights.services import rollup_check, rollup_drain, rollup_rebuild
from leads.models import Lead
from leads.services.erase import leads_erase
from team.models import User

pytestmark = pytest.mark.django_db


def kept(**filters):
    return open_now(FilterForm(filters).scope(User.objects.filter(is_admin=True).first()), path_now())


def counted() -> Opened:
    """The same from the deals, one by one."""
    scope, found = FilterForm({}).scope(User.objects.filter(is_admin=True).first()), {}
    late = set(stalled(scope, path_now()).values_list("pk", flat=True))
    for deal in opened(scope):
        priced = deal.amount is not None and deal.currency == scope.currency
        for key in (
            ("month", deal.stage_id, deal.expected_close and deal.expected_close.replace(day=1)),
            ("owner", deal.owner_id or 0),
            *([("late", deal.stage_id)] if deal.pk in late else []),
        ):
            n, bare, value = found.get(key, (0, 0, Decimal(0)))
            found[key] = n + 1, bare + (deal.amount is None), value + (deal.amount if priced else 0)
    return found


def flat(now: Opened):
    found = {("month", one.stage, one.month): (one.n, one.bare, one.value) for one in now.cells}
    found |= {("owner", pk): (one.n, one.value) for pk, one in now.owners.items()}
    return found | {("late", pk): (one.n, one.value) for pk, one in now.late.items()}


def agree():
    rollup_drain()
    should = {key: row if key[0] == "month" else (row[0], row[2]) for key, row in counted().items()}
    assert flat(kept()) == should
    return should


def test_whatever_is_done_to_a_deal_its_sums_follow(db):
    call_command("demo", leads=160, force=True, verbosity=0)
    RollupState.objects.update(reconciled_at=datetime.now(UTC))  # the ledger and the marks alone tell of it
    reps = list(User.objects.filter(is_rep=True, is_active=True)[:2])
    admin = User.objects.filter(is_admin=True).first()
    stages = list(Stage.objects.filter(funnel__kind="sales", kind="open").order_by("position"))
    before = agree()
    deal = deal_create(
        by=admin, name="One", owner=reps[0], amount=Decimal("1234.56"), expected_close=date(2031, 5, 9)
    )
    after = agree()
    assert after != before and after["month", deal.stage_id, date(2031, 5, 1)] == (1, 0, Decimal("1234.56"))
    deal_update(deal=deal, by=admin, values={"expected_close": date(2032, 1, 31), "amount": None})
    assert agree()["month", deal.stage_id, date(2032, 1, 1)] == (1, 1, 0)
    deal_update(deal=deal, by=admin, values={"amount": Decimal(50), "currency": "JPY"})
    assert agree()["month", deal.stage_id, date(2032, 1, 1)] == (1, 0, 0)
    deal_update(deal=deal, by=admin, values={"currency": "USD", "expected_close": None})
    deal_assign(deal=deal, owner=reps[1], by=admin)
    deal_move(deal=deal, to=next(one for one in stages if one.pk != deal.stage_id), by=admin)
    agree()
    deal_lose(deal=deal, reason=LostReason.objects.filter(counts=True).first(), by=admin)
    agree()
    assert not OpenFact.objects.filter(deal=deal.pk).exists()
    deal_reopen(deal=deal, by=admin)
    agree()
    deal_win(deal=deal, by=admin, amount=Decimal(5))
    agree()
    lead = Lead.objects.filter(deals__closed_at=None, deals__stage__kind="open").first()
    leads_erase(lead_ids=[lead.pk], by=admin)
    agree()
    sums = sorted(OpenCount.objects.values_list("axis", "stage", "at", "n", "bare", "value"))
    assert rollup_check() == []
    rollup_rebuild()
    assert sums == sorted(OpenCount.objects.values_list("axis", "stage", "at", "n", "bare", "value"))


def test_late_is_told_to_the_moment(people):
    """Whole days from the sums, the day of the limit from the facts: together what the deals say."""
    admin, path = people("admin"), path_now()
    stages = [one for one in path.stages.values() if one.funnel == "sales" and one.kind == "open"]
    scope = FilterForm({}).scope(admin)
    for stage in stages:
        limit = scope.now - timedelta(days=stage.expected_days)
        day = datetime.combine(limit.date(), time.min, UTC)
        moments = [limit + timedelta(seconds=one) for one in (-200_000, -86_400, -1, 0, 1, 86_400, 200_000)]
        moments += [day + timedelta(seconds=one) for one in (-1, 0, 86_399, 86_400)]
        for at in moments:
            Deal.objects.create(name="d", stage_id=stage.id, stage_since=at, owner=admin, amount=Decimal(10))
    rollup_rebuild()
    for moved in (timedelta(0), timedelta(hours=7), timedelta(days=1), timedelta(days=-1, seconds=1)):
        then = FilterForm({}).scope(admin)
        object.__setattr__(then, "now", scope.now + moved)
        late = stalled(then, path)
        assert late.exists()
        told = open_now(then, path).late
        assert {pk: one.n for pk, one in told.items()} == {
            stage.id: n for stage in stages if (n := late.filter(stage=stage.id).count())
        }
        oldest = [one.pk for one in stalled_oldest(then, path, 8)]
        assert oldest == [one.pk for one in late.order_by("stage_since", "pk")[:8]]


def test_doctor_sees_an_open_deal_that_changed_unseen(people):
    deal = deal_create(by=people("admin"), name="One", owner=people("rep"))
    assert rollup_check() == []
    RollupState.objects.update(reconciled_at=datetime.now(UTC) + timedelta(hours=1))
    Deal.objects.filter(pk=deal.pk).update(expected_close=date(2030, 1, 1))
    assert any("differs" in line for line in rollup_check())
    Deal.objects.filter(pk=deal.pk).update(expected_close=None)
    OpenCount.objects.filter(axis=OpenCount.Axis.DAY).update(n=7)
    assert any("OpenCount" in line for line in rollup_check())
