"""The page of response times: what it says, what it refuses, and the example that counts a deadline out."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import reverse
from django.utils import timezone

from handoff.models import Assignment, Handoff, RoutingRule, SlaPolicy, SlaRevision
from handoff.rules import Terms
from handoff.selectors.promises import example_of, policies_listed
from handoff.services import assign_drain, clock_drain
from handoff.services.sla_settings import running_renew
from leads.sense import contradiction
from team.models import Notice, TimeOff, User, office_hours
from team.rules import Calendar
from tests.handoff.test_clocks import late
from tests.handoff.world import ALWAYS, mqls, reps
from tests.personas import persona
from tests.threads import at_once

FORM = {"name": "Big", "minutes": 30, "warn_percent": 50, "max_reroutes": 1, "revision": 0, "condition": ""}
BERLIN = {"working_hours": office_hours(), "time_zone": "Europe/Berlin", "country": "DE", "region": "BE"}


def fact(name: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"fact": name, "op": op} if value is None else {"fact": name, "op": op, "value": value}


SIZE, LAND = "company.employees", "lead.country"
IMPOSSIBLE = [
    {"all": [fact(SIZE, ">=", 100), fact(SIZE, "<", 50)]},
    {"all": [fact(SIZE, ">", 50), {"all": [fact(SIZE, "<=", 50)]}]},
    {"all": [fact(SIZE, "between", [1, 9]), fact(SIZE, "=", 10)]},
    {"all": [fact(SIZE, "<", 60), fact(SIZE, ">=", 60)]},
    {"all": [fact(SIZE, "=", 60), fact(SIZE, "!=", 60)]},
    {"all": [fact(LAND, "is", "DE"), fact(LAND, "is", "FR")]},
    {"all": [fact(LAND, "in", ["DE", "FR"]), fact(LAND, "not_in", ["de", "fr", "it"])]},
    {"all": [fact(LAND, "is", "DE"), fact(LAND, "empty")]},
    {
        "any": [
            {"all": [fact(LAND, "is", "DE"), fact(LAND, "is", "FR")]},
            {"all": [fact(SIZE, "<", 1), fact(SIZE, ">", 2)]},
        ]
    },
]
POSSIBLE = [
    {},
    fact(LAND, "is", "DE"),
    {"all": [fact(SIZE, ">=", 50), fact(SIZE, "<=", 50)]},
    {"all": [fact(SIZE, ">", 3), fact(SIZE, ">=", 5), fact(SIZE, "<=", 5)]},
    {"all": [fact(SIZE, ">=", 55), fact(SIZE, "<", 60), fact(SIZE, "<=", 55)]},
    {"all": [fact(LAND, "in", ["DE", "FR"]), fact(LAND, "is_not", "FR")]},
    {"all": [fact("lead.tag", "is", "a"), fact("lead.tag", "is", "b")]},
    {"any": [fact(LAND, "is", "DE"), {"all": [fact(LAND, "is", "DE"), fact(LAND, "is", "FR")]}]},
    {"not": {"all": [fact(LAND, "is", "DE"), fact(LAND, "is", "FR")]}},
    {"all": [fact(LAND, "empty"), fact(LAND, "is_not", "DE")]},
]


@pytest.mark.parametrize("condition", IMPOSSIBLE)
def test_what_excludes_itself_is_seen(condition: dict[str, Any]) -> None:
    assert contradiction(condition)


@pytest.mark.parametrize("condition", POSSIBLE)
def test_what_can_be_is_let_through(condition: dict[str, Any]) -> None:
    assert not contradiction(condition)


def test_the_warning_is_never_after_the_deadline() -> None:
    start = datetime.fromisoformat("2026-11-27T16:28:00+00:00")
    for percent, before in ((1, None), (99, None), (50, 1), (50, 239)):
        terms = Terms("T", 240, warn_percent=percent, warn_minutes=before)
        for calendar in (Calendar({}), Calendar(office_hours(), "Europe/Berlin")):
            warn, due = terms.deadlines(start, calendar)
            assert start <= warn <= due and calendar.worked_between(start, due) == 240
            if before:
                assert calendar.worked_between(warn, due) == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "\u200b\u2060"}, "name"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 43_201}, "minutes"),
        ({"warn_minutes": 30}, "warn_minutes"),
        ({"warn_minutes": 0}, "warn_minutes"),
        ({"warn_percent": 100}, "warn_percent"),
        ({"max_reroutes": 21}, "max_reroutes"),
        ({"condition": json.dumps(IMPOSSIBLE[0])}, "condition"),
        ({"tell": "999999"}, "tell"),
        ({"after_last": "nowhere"}, "after_last"),
    ],
)
def test_terms_that_nobody_could_keep_are_refused_at_the_field(login: Any, wrong: dict[str, Any], field: str) -> None:
    page = login("manager").post(reverse("handoff:sla_new"), FORM | wrong)
    assert page.status_code == 422 and field in page.context["form"].errors
    assert SlaPolicy.objects.count() == 2


@pytest.mark.django_db
def test_one_for_everybody_is_always_left(login: Any) -> None:
    client = login("manager")
    default = SlaPolicy.objects.get(instant_only=False)
    edit = reverse("handoff:sla_edit", args=[default.pk])
    for change in ({"instant_only": "on"}, {"condition": json.dumps(POSSIBLE[1])}):
        page = client.post(edit, FORM | change | {"revision": 1})
        assert page.status_code == 422 and "condition" in page.context["form"].errors
    page = client.post(reverse("handoff:sla_toggle", args=[default.pk]), {"active": "0"}, follow=True)
    assert "some leads would have no deadline" in page.content.decode()
    assert SlaPolicy.objects.get(pk=default.pk).is_active and SlaPolicy.objects.get(pk=default.pk).revision == 1


@pytest.mark.django_db
def test_the_second_of_two_editors_hears_who_was_first(login: Any) -> None:
    client = login("manager")
    client.post(reverse("handoff:sla_new"), FORM)
    edit = reverse("handoff:sla_edit", args=[SlaPolicy.objects.get(name="Big").pk])
    assert client.post(edit, FORM | {"minutes": 45, "revision": 1}).status_code == 302
    page = client.post(edit, FORM | {"minutes": 50, "revision": 1})
    assert page.status_code == 409 and f"{persona('manager').name} changed this" in page.content.decode()
    kept = SlaRevision.objects.filter(policy__name="Big").values_list("revision", "terms__minutes")
    assert list(kept) == [(2, 45), (1, 30)]


@pytest.mark.django_db
def test_what_can_never_be_reached_is_said(login: Any) -> None:
    login("manager").post(reverse("handoff:sla_new"), FORM)
    assert [one.hidden_by for one in policies_listed()] == ["", "Big", "Big"]
    page = login("marketer").get(reverse("handoff:sla")).content.decode()
    assert page.count("Never reached") == 2 and "Apply to the" not in page


@pytest.mark.django_db
def test_the_example_counts_the_deadline_out(login: Any) -> None:
    rita = reps(1, **BERLIN)[0]
    demo = SlaPolicy.objects.get(instant_only=True)
    asked = {"policy": demo.pk, "rep": rita.pk, "at": "2026-11-27T17:28"}
    page = login("manager").get(f"{reverse('handoff:sla')}?{urlencode(asked)}").content.decode()
    assert "Friday 27 Nov at 17:28" in page and "is due <b>on Monday 30 Nov at 09:03</b>" in page
    assert "17:28–17:30 (2 min)" in page and "09:00–09:03 (3 min)" in page
    whit = example_of(demo, rita, datetime(2026, 5, 22, 17, 28))
    assert whit.due == "on Tuesday 26 May at 09:03"
    assert [one.words for one in whit.days][1:4] == ["Not a working day", "Not a working day", "Pentecost Monday"]
    demo.working_time = False
    assert example_of(demo, rita, datetime(2026, 5, 22, 17, 28)).due == "at 17:33"
    fragment = login("manager").get(f"{reverse('handoff:sla')}?{urlencode(asked)}", headers={"HX-Request": "true"})
    assert fragment.content.decode().lstrip().startswith('<div id="example"')
    for wrong in ({"at": "soon"}, {"at": "9999-01-01T00:00"}, {"rep": "0"}, {"policy": "x"}):
        page = login("manager").get(f"{reverse('handoff:sla')}?{urlencode(asked | wrong)}")
        assert page.status_code == 200 and b"is due" not in page.content


@pytest.mark.django_db
def test_the_running_are_changed_only_by_the_button(login: Any) -> None:
    reps(1)
    mqls()
    assign_drain()
    client = login("manager")
    policy = SlaPolicy.objects.get(instant_only=False)
    client.post(reverse("handoff:sla_edit", args=[policy.pk]), FORM | {"minutes": 500, "revision": 1})
    page = client.get(reverse("handoff:sla")).content.decode()
    assert "1 clock running, 1 by earlier terms" in page and "Apply to the 1 running" in page
    one = Handoff.objects.get()
    assert one.due_at and one.assigned_at and one.due_at - one.assigned_at == timedelta(minutes=240)
    assert "1 running clock changed" in client.post(reverse("handoff:sla_renew"), follow=True).content.decode()
    one.refresh_from_db()
    assert one.due_at - one.assigned_at == timedelta(minutes=500)


@pytest.mark.django_db(transaction=True)
def test_drains_and_the_button_at_once_move_each_lead_once() -> None:
    """Six workers over leads that are late, and leads of somebody who just went off, and new terms meanwhile."""
    pool, boss = reps(4, team="North"), persona("manager")
    RoutingRule.objects.update(team=pool[0].team)
    User.objects.filter(pk=persona("rep").pk).update(working_hours=ALWAYS, capacity_open=100, capacity_day=100)
    mqls(24)
    assign_drain()
    away = pool[0]
    for one in Handoff.objects.exclude(rep=away)[:6]:
        late(one)
    TimeOff.objects.create(user=away, starts_at=timezone.now(), ends_at=timezone.now() + timedelta(days=1))
    moving = set(Handoff.objects.filter(rep=away).values_list("pk", flat=True))
    moving |= set(Handoff.objects.filter(due_at__lt=timezone.now()).values_list("pk", flat=True))
    done = at_once(*[clock_drain] * 6, lambda: running_renew(by=boss) and 0)
    assert all(isinstance(one, int) for one in done) and sum(done) == len(moving), done
    turns = dict(Handoff.objects.values_list("pk", "turn"))
    assert {pk for pk, turn in turns.items() if turn == 2} == moving and max(turns.values()) == 2
    assert not Handoff.objects.filter(rep=away).exists()
    assert Assignment.objects.filter(ended_at=None).count() == 24
    assert Notice.objects.filter(user=boss, kind__in=["absent", "escalated"]).count() == len(moving)
