"""One person's work given to others: counted first, in chunks, told once, and nothing is lost when a worker dies."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import Leased, OutboxMessage
from core.outbox import drain
from deals.models import Deal, LostReason, Task
from deals.services import deal_create, deal_lose
from desk.models import Relief
from desk.selectors.relief import left_behind
from desk.services import relief as service
from funnels.selectors import stage_get
from handoff.models import Assignment, Handoff, RoutingRule
from handoff.services import assign_drain, handoff_accept
from leads.models import Standing
from team.models import Notice, TimeOff, User
from team.services import person_save
from tests.handoff.test_doctor import doctor
from tests.handoff.world import ALWAYS, leads_make, mqls, reps
from tests.personas import persona

pytestmark = pytest.mark.django_db
ALL = list(Relief.Kind.values)


@pytest.fixture
def rita(people: Any) -> User:
    """Three undecided leads, two accepted, a deal of her own with a task, another task, a lead of her own."""
    rita = people("rep")
    User.objects.filter(pk=rita.pk).update(working_hours=ALWAYS)
    rita.refresh_from_db()
    RoutingRule.objects.update(team=rita.team)
    rows = mqls(5)
    assign_drain()
    for one in rows[:2]:
        handoff_accept(handoff_id=one.pk, by=rita)
    now = timezone.now()
    deal = deal_create(by=rita, name="By hand", owner=rita)
    for lead_deal in (deal, Deal.objects.get(lead=rows[0].lead), None):
        Task.objects.create(owner=rita, deal=lead_deal, title="Call", due_at=now)
    Standing.objects.filter(pk=leads_make()[0].pk).update(owner=rita)
    return rita


def mate(**fields: Any) -> User:
    return reps(1, team="North", **fields)[0]


def job_of(reply: Any) -> Relief:
    assert reply.status_code == 302, reply.content.decode()
    return Relief.objects.get(pk=int(reply["Location"].rstrip("/").rpartition("/")[2]))


def holds(who: User) -> tuple[int, int, int, int, int]:
    return (
        Handoff.objects.filter(rep=who, state="assigned").count(),
        Handoff.objects.filter(rep=who, state="accepted").count(),
        Deal.objects.filter(owner=who, stage__kind="open").count(),
        Task.objects.filter(owner=who, done_at=None).count(),
        Standing.objects.filter(owner=who).count(),
    )


def test_everything_to_one_colleague_counted_first_and_told_once(rita: User, login: Any) -> None:
    to, manager = mate(), login("manager")
    url = reverse("desk:relief")
    asked = {"rep": rita.pk, "to": to.pk, "kinds": ALL, "why": "parental leave"}
    page = manager.get(url, {"rep": rita.pk}).content.decode()
    assert "Undecided leads: 3" in page and "Other open tasks: 1" in page
    before = holds(rita)
    assert before == (3, 2, 6, 3, 6)
    counted = manager.post(url, asked | {"count": "1"}).content.decode()
    assert "<b>8</b> things would go to" in counted and holds(rita) == before, "counting changes nothing"
    job = job_of(manager.post(url, asked | {"start": "1"}))
    assert (job.state, job.total, job.moved, job.refused) == ("done", 8, 8, {})
    assert holds(rita) == (0, 0, 0, 0, 0) and holds(to) == before
    told = Notice.objects.filter(user=to)
    assert list(told.values_list("title", flat=True)) == ["6 leads, 1 deal and 1 task from Rita Rep"]
    mails = OutboxMessage.objects.filter(topic="mail.send", key=f"relief:{job.pk}:{to.pk}")
    assert mails.count() == 1 and not OutboxMessage.objects.filter(topic="handoff.mail", payload__rep_id=to.pk)
    report = manager.get(reverse("desk:relief_job", args=[job.pk])).content.decode()
    assert to.name in report and "3 undecided leads" in report
    detail = manager.get(reverse("handoff:detail", args=[Handoff.objects.all()[0].pk])).content.decode()
    assert "Manu Manager gave it to" in detail and "parental leave" in detail
    drain()
    assert [one for one in doctor()[1]["findings"] if "handoff" in one["check"] or "deal" in one["check"]] == []


def test_a_customer_whose_handoff_goes_along_is_counted_once(rita: User) -> None:
    """Their lead is in the customer funnel, their handoff is still open: that takes it along."""
    one = Handoff.objects.filter(rep=rita, state="accepted")[0]
    Standing.objects.filter(pk=one.lead_id).update(stage=stage_get("customer", "onboarded"))
    job = service.relief_start(Relief(by=persona("manager"), rep=rita, to=mate(), kinds=ALL))
    assert (job.total, job.seen, job.moved) == (8, 8, 8)


def test_back_to_routing_goes_to_whom_it_chooses_and_tells_each_once(rita: User, login: Any) -> None:
    one, two = mate(), mate()
    job = job_of(
        login("manager").post(reverse("desk:relief"), {"rep": rita.pk, "to": "routing", "kinds": ALL, "start": "1"})
    )
    assert holds(rita)[:2] == (0, 0)
    got = [sum(holds(who)[:2]) for who in (one, two)]
    assert sum(got) == 5 and max(got) - min(got) <= 1
    for who in (one, two):
        assert Notice.objects.filter(user=who).count() == 1
    assert list(job.refused.values()) == [3], "deals, tasks and leads stay"
    said = Assignment.objects.filter(bulk=job.key)[0].explanation["said"]
    assert "gave it back from Rita Rep" in said and "next in turn" in said


def test_a_double_click_gives_them_on_once(rita: User, login: Any) -> None:
    for _ in range(3):
        mate()
    ids = list(Handoff.objects.values_list("pk", flat=True))
    client, asked = login("manager"), {"handoff": ids, "to": "routing", "start": "1"}
    first, second = (job_of(client.post(reverse("desk:relief"), asked)) for _ in range(2))
    assert first == second and set(Handoff.objects.values_list("turn", flat=True)) == {2}
    Relief.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert job_of(client.post(reverse("desk:relief"), asked)) != first, "later it is asked for anew"


def test_nobody_has_room_undecided_ones_wait_accepted_ones_stay(rita: User, login: Any) -> None:
    asked = {"rep": rita.pk, "to": "routing", "kinds": ["undecided", "accepted"]}
    manager, url = login("manager"), reverse("desk:relief")
    assert "For 5 nobody has room now" in manager.post(url, asked | {"count": "1"}).content.decode()
    job_of(manager.post(url, asked | {"start": "1"}))
    assert Handoff.objects.filter(state="waiting").count() == 3 and holds(rita)[:2] == (0, 2)


def test_chosen_rows_only_of_the_own_team(rita: User, login: Any, people: Any) -> None:
    other = people("other_rep")
    RoutingRule.objects.update(team=other.team)
    foreign = mqls()[0]
    assign_drain()
    ids = [foreign.pk, *Handoff.objects.filter(rep=rita).order_by("pk").values_list("pk", flat=True)[:2]]
    to, manager, url = mate(), login("manager"), reverse("desk:relief")
    page = manager.post(url, {"handoff": ids}).content.decode()
    assert "3 chosen leads" in page
    asked = {"handoff": ids, "to": to.pk}
    assert "1 are another team" in manager.post(url, asked | {"count": "1"}).content.decode()
    job = job_of(manager.post(url, asked | {"start": "1"}))
    assert (job.moved, sum(job.refused.values())) == (2, 1)
    foreign.refresh_from_db()
    assert foreign.rep == other and sum(holds(to)[:2]) == 2


def test_capacity_and_absence_are_said_before(rita: User, login: Any) -> None:
    to, now = mate(capacity_open=2), timezone.now()
    TimeOff.objects.create(user=to, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=3))
    page = login("manager").post(reverse("desk:relief"), {"rep": rita.pk, "to": to.pk, "kinds": ALL, "count": "1"})
    text = page.content.decode()
    assert "has room for 2 more leads of 2; this brings 5" in text and "is on time off" in text


@pytest.mark.parametrize("role", ["rep", "other_rep", "marketer"])
def test_only_managers(rita: User, login: Any, role: str) -> None:
    asked = {"rep": rita.pk, "to": mate().pk, "kinds": ALL, "start": "1"}
    assert login(role).post(reverse("desk:relief"), asked).status_code == 403
    assert holds(rita)[0] == 3


@pytest.mark.parametrize(
    "asked",
    [{"to": "", "kinds": ALL}, {"to": "routing"}, {"to": "999999", "kinds": ALL}, {"to": "routing", "kinds": ["x"]}],
)
def test_what_makes_no_sense_is_refused_at_the_field(rita: User, login: Any, asked: dict[str, Any]) -> None:
    reply = login("manager").post(reverse("desk:relief"), {"rep": rita.pk, "start": "1"} | asked)
    assert reply.status_code == 422 and not Relief.objects.exists()


def test_who_leaves_is_deactivated_at_the_end_by_an_admin_only(rita: User, login: Any) -> None:
    to, url = mate(), reverse("desk:relief")
    asked = {"rep": rita.pk, "to": to.pk, "kinds": ALL, "leaving": "on", "start": "1"}
    confirm = login("admin").get(reverse("team:person", args=[rita.pk])).content.decode()
    assert f"{url}?rep={rita.pk}" in confirm
    job = job_of(login("admin").post(url, asked))
    rita.refresh_from_db()
    assert not rita.is_active and job.state == "done" and holds(rita) == (0, 0, 0, 0, 0)
    drain()
    assert not Notice.objects.filter(kind="left").exists(), "nothing was left behind"
    second = mate()
    manager = login("manager")
    job_of(manager.post(url, {"rep": second.pk, "to": to.pk, "kinds": ALL, "leaving": "on", "start": "1"}))
    second.refresh_from_db()
    assert second.is_active, "a manager's wish to deactivate is not even in the form"


def test_the_notice_about_who_left_leads_to_this_page(rita: User, people: Any, login: Any) -> None:
    manager = people("manager")
    person_save(person=rita, by=people("admin"), values={"is_active": False})
    drain()
    told = Notice.objects.get(user=manager, kind="left")
    assert told.url == f"{reverse('desk:relief')}?rep={rita.pk}"
    assert "Undecided" not in told.body and "Other open tasks: 1" in told.body
    page = login("manager").get(reverse("team:people")).content.decode()
    assert page.count("still has work") == 1


def test_a_lead_whose_deal_was_lost_goes_along_too(rita: User) -> None:
    """Nothing of its handoff is open, it stays with sales: it must not stay with somebody who left."""
    deal = Deal.objects.get(lead=Handoff.objects.filter(rep=rita, state="accepted")[0].lead)
    deal_lose(deal=deal, by=rita, reason=LostReason.objects.exclude(code="rejected").first())
    to = mate()
    service.relief_start(Relief(by=persona("manager"), rep=rita, to=to, kinds=ALL))
    assert Standing.objects.get(pk=deal.lead_id).owner == to and left_behind(user_ids=[rita.pk]) == set()


def start(rita: User, to: User | None, **fields: Any) -> Relief:
    """A job that a worker has to do."""
    job = Relief(by=persona("manager"), rep=rita, to=to, kinds=ALL, why="leave", total=8, **fields)
    job.save()
    return job


@pytest.mark.parametrize("dies_after", range(1, 9))
def test_a_worker_that_dies_anywhere_costs_nothing(rita: User, monkeypatch: Any, dies_after: int) -> None:
    to = mate()
    job = start(rita, to)
    monkeypatch.setattr(service, "HANDOFFS", 1)
    monkeypatch.setattr(service, "CHUNK", 1)
    steps = iter(range(100))

    def dies(name: str) -> None:
        if name == "relief.chunk" and next(steps) + 1 == dies_after:
            raise SystemExit

    monkeypatch.setattr(service.points, "reached", dies)
    with pytest.raises(SystemExit):
        service.relief_drain()
    monkeypatch.undo()
    Relief.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    service.relief_drain()
    job.refresh_from_db()
    assert (job.state, job.seen, job.moved) == ("done", 8, 8)
    assert holds(rita) == (0, 0, 0, 0, 0) and sum(holds(to)[:2]) == 5
    assert Assignment.objects.filter(bulk=job.key).count() == 5
    assert Notice.objects.get(user=to).title == "6 leads, 1 deal and 1 task from Rita Rep"


def test_cancelled_it_stops_before_the_next_chunk_and_says_so(rita: User, login: Any) -> None:
    to = mate()
    job = start(rita, to, leaving=True)
    reply = login("manager").post(reverse("desk:relief_cancel", args=[job.pk]))
    assert reply.status_code == 302
    service.relief_drain()
    job.refresh_from_db()
    rita.refresh_from_db()
    assert (job.state, job.moved, job.cancelled) == (Leased.State.DONE, 0, True)
    assert holds(rita)[0] == 3 and rita.is_active
    assert "Stopped." in login("manager").get(reverse("desk:relief_job", args=[job.pk])).content.decode()


def test_a_receiver_who_left_gets_nothing_and_the_report_says_so(rita: User, people: Any) -> None:
    to = mate()
    job = start(rita, to)
    person_save(person=to, by=people("admin"), values={"is_active": False})
    service.relief_drain()
    job.refresh_from_db()
    assert job.state == "done" and list(job.refused) == [f"{to} is not an active rep."]
    assert holds(rita)[0] == 3


def test_whoever_is_manager_no_more_gives_nothing_away(rita: User) -> None:
    job = start(rita, mate())
    User.objects.filter(pk=job.by_id).update(is_manager=False)
    service.relief_drain()
    job.refresh_from_db()
    assert job.moved == 0 and holds(rita)[0] == 3
