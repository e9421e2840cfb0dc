"""Passing a lead on without a reject: back to routing, and over from a colleague who is away."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from core.errors import Conflict, Refused
from core.outbox import drain
from deals.models import Deal
from handoff.models import Assignment, Decision, Handoff, RejectReason, RoutingRule
from handoff.selectors.decisions import passed_on_counts, reasons_counted
from handoff.services import assign_drain, handoff_accept, handoff_give_back, handoff_reject, handoff_take_over
from leads.models import Standing
from leads.services import activity_record
from team.models import Notice, TimeOff, User
from team.services import person_save
from tests.handoff.test_doctor import doctor
from tests.handoff.world import ALWAYS, assigned, reps
from tests.personas import persona

pytestmark = pytest.mark.django_db


@pytest.fixture
def rita(people: Any) -> User:
    rita = people("rep")
    rita.working_hours = ALWAYS
    rita.save()
    return rita


@pytest.fixture
def one(rita: User) -> Handoff:
    return assigned(rita)


def mate(**fields: Any) -> User:
    return reps(1, team="North", **fields)[0]


# --- "Not mine" ----------------------------------------------------------------------------------------


def test_given_back_goes_to_somebody_else_and_is_no_reject(one: Handoff, rita: User, people: Any) -> None:
    manager, other = people("manager"), mate()
    handoff_give_back(handoff_id=one.pk, by=rita, why=" Wrong  territory ")
    one.refresh_from_db()
    assert (one.state, one.rep, Standing.objects.get(pk=one.lead_id).owner) == ("waiting", None, None)
    assert "Wrong territory" in one.waiting_why
    assign_drain()
    one.refresh_from_db()
    assert (one.state, one.rep, one.turn) == ("assigned", other, 2)
    assert Deal.objects.get(lead=one.lead_id).owner == other
    assert passed_on_counts(timezone.now()) == {"given_back": 1, "taken_over": 0}
    assert set(reasons_counted(timezone.now()).values_list("used", flat=True)) == {0}
    assert Notice.objects.filter(user=manager, kind="given_back", body="Wrong territory").count() == 1
    assert doctor()[0] == 0, doctor()[1]


def test_whoever_gave_it_back_does_not_get_it_again(one: Handoff, rita: User) -> None:
    handoff_give_back(handoff_id=one.pk, by=rita, why="Wrong territory")
    assert assign_drain() == 0
    one.refresh_from_db()
    assert one.state == "waiting"
    other = mate()
    Handoff.objects.update(next_try_at=timezone.now())
    assign_drain()
    one.refresh_from_db()
    assert one.rep == other


def test_at_most_twice_and_never_without_a_word(one: Handoff, rita: User) -> None:
    with pytest.raises(Refused) as refused:
        handoff_give_back(handoff_id=one.pk, by=rita, why="  ")
    assert refused.value.field == "why"
    others = [mate(), mate()]
    handoff_give_back(handoff_id=one.pk, by=rita, why="Not mine")
    for _ in others:
        assign_drain()
        one.refresh_from_db()
        if _ is others[0]:
            handoff_give_back(handoff_id=one.pk, by=one.rep, why="Nor mine")
    with pytest.raises(Refused, match="came back 2 times"):
        handoff_give_back(handoff_id=one.pk, by=one.rep, why="Nor mine")


def test_only_an_undecided_one_and_only_by_who_may(one: Handoff, rita: User) -> None:
    with pytest.raises(Refused, match="Only the rep"):
        handoff_give_back(handoff_id=one.pk, by=persona("other_rep"), why="x")
    handoff_accept(handoff_id=one.pk, by=rita)
    with pytest.raises(Conflict):
        handoff_give_back(handoff_id=one.pk, by=rita, why="x")


# --- Taking over ---------------------------------------------------------------------------------------


def off(rep: User) -> None:
    now = timezone.now()
    TimeOff.objects.create(user=rep, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(days=5))


def late(one: Handoff) -> None:
    Handoff.objects.filter(pk=one.pk).update(due_at=timezone.now() - timedelta(minutes=5))


def test_a_mate_takes_over_from_who_is_off(one: Handoff, rita: User) -> None:
    other = mate()
    with pytest.raises(Refused, match="at work and in time"):
        handoff_take_over(handoff_id=one.pk, by=other)
    off(rita)
    handoff_take_over(handoff_id=one.pk, by=other)
    one.refresh_from_db()
    assert (one.rep, one.turn, one.state) == (other, 2, "assigned")
    assert one.assigned_at > timezone.now() - timedelta(minutes=1)
    assert Deal.objects.get(lead=one.lead_id).owner == other == Standing.objects.get(pk=one.lead_id).owner
    told = Notice.objects.get(user=rita, kind="taken_over")
    assert "who is on time off" in told.body
    assert passed_on_counts(timezone.now())["taken_over"] == 1
    with pytest.raises(Conflict, match="yours already"):
        handoff_take_over(handoff_id=one.pk, by=other)
    assert doctor()[0] == 0, doctor()[1]


def test_from_who_is_late_also_when_accepted(one: Handoff, rita: User) -> None:
    other = mate()
    handoff_accept(handoff_id=one.pk, by=rita)
    off(rita)
    with pytest.raises(Refused, match="still has time"):
        handoff_take_over(handoff_id=one.pk, by=other)
    late(one)
    handoff_take_over(handoff_id=one.pk, by=other)
    one.refresh_from_db()
    assert (one.rep, one.state) == (other, "accepted")


def test_not_when_answered_or_decided_or_of_another_team(one: Handoff, rita: User) -> None:
    other, stranger = mate(), persona("other_rep")
    off(rita)
    with pytest.raises(Refused, match="same team"):
        handoff_take_over(handoff_id=one.pk, by=stranger)
    with pytest.raises(Refused, match="same team"):
        handoff_take_over(handoff_id=one.pk, by=persona("manager"))
    activity_record(lead=one.lead, kind="call", by=rita)
    with pytest.raises(Conflict, match="answered"):
        handoff_take_over(handoff_id=one.pk, by=other)
    handoff_reject(handoff_id=one.pk, by=rita, reason_code="timing")
    with pytest.raises(Conflict, match="waits for nobody"):
        handoff_take_over(handoff_id=one.pk, by=other)


def test_the_accepted_of_who_left_need_not_be_late(one: Handoff, rita: User) -> None:
    other = mate()
    handoff_accept(handoff_id=one.pk, by=rita)
    person_save(person=rita, by=persona("admin"), values={"is_active": False})
    drain()
    handoff_take_over(handoff_id=one.pk, by=other)
    assert Handoff.objects.get(pk=one.pk).rep == other


def test_the_team_page_offers_it_and_the_button_takes_it(one: Handoff, rita: User, client: Any) -> None:
    other = mate()
    client.force_login(other)
    page = reverse("handoff:team")
    take = reverse("handoff:take_over", args=[one.pk])
    assert take not in client.get(page).content.decode()
    refused = client.post(take, headers={"HX-Request": "true"}).content.decode()
    assert "at work and in time" in refused
    off(rita)
    text = client.get(page).content.decode()
    assert take in text and "is on time off" in text
    done = client.post(take, headers={"HX-Request": "true"})
    assert "is yours now" in done.headers["HX-Trigger"] and take not in done.content.decode()
    assert Assignment.objects.get(handoff=one, ended_at=None).how == "taken_over"
    assert "took it over" in client.get(reverse("handoff:detail", args=[one.pk])).content.decode()


def test_the_team_page_takes_the_same_queries_however_many(
    rita: User, client: Any, django_assert_max_num_queries: Any
) -> None:
    from tests.handoff.world import mqls

    RoutingRule.objects.update(team=rita.team)
    mqls(20)
    assign_drain()
    other = mate()
    off(rita)
    client.force_login(other)
    with django_assert_max_num_queries(10):
        assert client.get(reverse("handoff:team")).content.decode().count("<tr>") > 10


# --- Reasons -------------------------------------------------------------------------------------------


def test_a_reason_says_where_to_how_long_and_with_which_tag(one: Handoff, rita: User, login: Any) -> None:
    from funnels.selectors import stage_get

    reason = RejectReason.objects.get(code="no_budget")
    form = {"label": "No budget yet", "then": "recycle", "back_to": stage_get("marketing", "evaluation").pk}
    form |= {"wait_days": "90", "tag": "next budget", "note_required": "on", "revision": 1}
    edit = reverse("handoff:reason_edit", args=[reason.pk])
    manager = login("manager")
    assert manager.post(edit, form).status_code == 302
    assert manager.post(edit, form | {"label": "Second"}).status_code == 409
    with pytest.raises(Refused) as refused:
        handoff_reject(handoff_id=one.pk, by=rita, reason_code="no_budget")
    assert refused.value.field == "note"
    handoff_reject(handoff_id=one.pk, by=rita, reason_code="no_budget", note="New year")
    one.refresh_from_db()
    standing = Standing.objects.select_related("stage").get(pk=one.lead_id)
    assert (standing.stage.key, standing.cycle) == ("evaluation", 2)
    assert one.reenter_at is not None and one.decided_at is not None
    assert one.reenter_at - one.decided_at == timedelta(days=90)
    assert list(one.lead.tags.values_list("name", flat=True)) == ["next budget"]
    page = manager.get(reverse("handoff:reasons")).content.decode()
    assert "Back to Evaluation, may pass again after 90 days, tagged “next budget”, note asked for" in page
    assert "1 time in 30 days" in page


def test_one_in_use_is_switched_off_not_deleted(one: Handoff, rita: User, login: Any) -> None:
    handoff_reject(handoff_id=one.pk, by=rita, reason_code="timing")
    manager = login("manager")
    used, unused = RejectReason.objects.get(code="timing"), RejectReason.objects.get(code="no_need")
    page = manager.post(reverse("handoff:reason_delete", args=[used.pk]), follow=True).content.decode()
    assert "switch it off instead" in page
    manager.post(reverse("handoff:reason_delete", args=[unused.pk]))
    assert set(RejectReason.objects.filter(pk__in=[used.pk, unused.pk])) == {used}
    manager.post(reverse("handoff:reason_toggle", args=[used.pk]), {"active": "0"})
    assert "Not now: wrong time" in manager.get(reverse("handoff:detail", args=[one.pk])).content.decode()


def test_marketing_sees_the_reject_with_nothing_but_the_drains(one: Handoff, rita: User, login: Any) -> None:
    from insights.services import rollup_drain

    marketer = login("marketer")
    login("rep").post(
        reverse("handoff:reject", args=[one.pk]),
        {"reason": "timing", "note": "In spring"},
        headers={"HX-Request": "1"},
    )
    assert "Sales rejected" in marketer.get(reverse("team:notices")).content.decode()
    rollup_drain()
    page = marketer.get(reverse("insights:marketing")).content.decode()
    assert "Not now: wrong time" in page
    listed = marketer.get(reverse("handoff:list") + "?state=rejected").content.decode()
    assert one.lead.name in listed and "In spring" in listed


# --- API -----------------------------------------------------------------------------------------------


def test_the_api_does_the_same_by_the_same_rules(one: Handoff, rita: User, client: Any) -> None:
    from team.services import token_create

    def api(who: User, what: str, **body: Any) -> Any:
        secret = token_create(user=who, name="t", scopes=["handoffs:read", "handoffs:write"])[1]
        url = f"/api/v1/handoffs/{one.pk}/{what}/"
        headers = {"Authorization": f"Bearer {secret}"}
        return client.post(url, body, content_type="application/json", headers=headers)

    other, manager = mate(), persona("manager")
    assert api(rita, "accept").status_code == 200
    assert api(rita, "undo").json()["state"] == "assigned"
    assert api(rita, "undo").status_code == 409
    assert api(other, "undo").status_code == 404
    assert api(other, "take-over").status_code in (400, 422)
    assert api(rita, "give-back", why="").status_code in (400, 422)
    assert api(rita, "reassign", to=other.email).status_code == 403
    assert api(manager, "reassign", to="nobody@test.example").status_code in (400, 422)
    assert api(manager, "reassign", to=other.email).json()["rep"] == other.email
    late(one)
    assert api(rita, "take-over").json()["rep"] == rita.email
    assert api(rita, "give-back", why="Wrong territory").status_code == 200
    assert Decision.objects.filter(kind="given_back").count() == 1
