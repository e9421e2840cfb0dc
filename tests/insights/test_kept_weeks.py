"""The contract's weeks as the worker keeps them: equal to counting, in time, and looked at by the doctor."""

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from insights.invariants import invariants
from insights.metrics import contract as metric
from insights.metrics.week_count import Work
from insights.models import Contract, ContractWeek
from insights.rules.weeks import monday_of
from insights.services import weeks_drain
from insights.services.weeks import week_keep
from tests.insights.contract_world import STATES, W10, fortnight, handoff, moment
from tests.insights.test_contract import BERLIN, promised, read

pytestmark = pytest.mark.django_db


def test_kept_weeks_are_what_would_be_counted(monkeypatch):
    fortnight()
    promised()
    Contract.objects.create(pk=1, time_zone=BERLIN)
    now = moment(14)
    live = {who: read(who, now=now) for who in ("admin", "manager", "rep")}
    monkeypatch.setattr(metric, "LIVE", 0)
    assert weeks_drain(now=now) > 2
    for who, cells in live.items():
        assert read(who, now=now) == cells
    ContractWeek.objects.filter(monday=W10).delete()  # not kept yet: counted
    assert read("manager", now=now) == live["manager"]


def test_every_week_is_kept_once_there_are_many_and_old_ones_are_looked_at_daily(monkeypatch):
    old = handoff(moment(2) - timedelta(weeks=60), state=STATES.ASSIGNED)
    handoff(moment(2), state=STATES.ASSIGNED)
    monkeypatch.setattr(metric, "LIVE", 1)  # many in all, few in any half year
    now = moment(11)
    assert weeks_drain(now=now) == 62 and weeks_drain(now=now) == 0
    old.responded_at = old.assigned_at + timedelta(hours=1)
    old.save()
    assert weeks_drain(now=now + timedelta(minutes=2)) == 2
    assert weeks_drain(now=now + timedelta(minutes=20)) == 26
    assert weeks_drain(now=now + timedelta(hours=25)) == 62
    week = ContractWeek.objects.get(monday=monday_of(old.assigned_at, ZoneInfo("UTC")), owner=-1)
    assert week.body["answered"] == 1


def test_what_was_counted_under_other_promises_is_not_kept():
    handoff(moment(2), answered=5, state=STATES.ASSIGNED)
    held = Contract.objects.create(pk=1)
    assert week_keep(W10, moment(11), held) and not week_keep(W10, moment(10), held)  # the later count stays
    before = ContractWeek.objects.get(owner=-1)
    Contract.objects.update(revision=2)
    assert not week_keep(W10, moment(12), held)
    assert ContractWeek.objects.get(owner=-1).counted_at == before.counted_at


def test_the_doctor_looks_at_kept_weeks(monkeypatch):
    fortnight()
    promised()
    monkeypatch.setattr(metric, "LIVE", 0)
    now = datetime.now(UTC)

    def found():
        return [(one.check, one.serious) for one in invariants(now, timedelta(0))]

    weeks_drain(now=now)
    assert found() == []
    row = ContractWeek.objects.filter(owner=-1).order_by("-monday")[5]
    row.body["mqls"] += 1
    row.save()
    assert found() == [("insights: a kept week is whole", True)]
    row.body["mqls"] -= 1
    row.save()
    ContractWeek.objects.update(counted_at=now - timedelta(days=2))
    assert set(found()) == {("insights: a kept week is counted again in time", False)}
    monkeypatch.setattr(Work, "_delivered", lambda self, cells, start, end: None)  # a count that forgets them
    assert ("insights: a kept week equals its rows", True) in found()


def test_kept_weeks_are_counted_again_with_time(monkeypatch):
    monkeypatch.setattr(metric, "LIVE", 0)
    Contract.objects.create(pk=1, time_zone=BERLIN)
    one = handoff(moment(2), state=STATES.ASSIGNED)
    handoff(moment(10), state=STATES.ASSIGNED)
    weeks_drain(now=moment(11))
    assert weeks_drain(now=moment(11)) == 0
    one.responded_at = moment(2, 11)
    one.save()
    assert read(now=moment(11))[W10].answered == 0  # as it was counted
    weeks_drain(now=moment(11, 10, 20))
    assert read(now=moment(11))[W10].answered == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_counts_at_once_the_latest_stays_whole():
    fortnight()
    held = Contract.objects.create(pk=1)
    gate = threading.Barrier(4)

    def count(minutes):
        try:
            gate.wait()
            for step in range(3):
                week_keep(W10, moment(14, 10, minutes + step), held)
        finally:
            connection.close()

    threads = [threading.Thread(target=count, args=(10 * number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(ContractWeek.objects.values_list("counted_at", flat=True)) == {moment(14, 10, 32)}
    assert ContractWeek.objects.count() == 3  # everybody, and two reps
