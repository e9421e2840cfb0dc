"""The pages: who may open them, what they say, and that nothing changes when they refuse."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from handoff.models import Handoff, RejectReason, RoutingRule, SlaPolicy
from handoff.services import assign_drain, handoff_reject
from leads.services import activity_record
from team.models import Team, User
from tests.handoff.world import assigned, leads_make, mqls, reps

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}
ALL = ["rep", "other_rep", "marketer", "manager", "admin"]


@pytest.mark.parametrize("role", ALL)
def test_the_list_shows_what_each_may_see(login: Any, people: Any, role: str) -> None:
    one = assigned(people("rep"))
    page = login(role).get(reverse("handoff:list"))
    assert page.status_code == 200
    assert (one.lead.name in page.content.decode()) is (role != "other_rep")


def test_the_list_takes_the_same_queries_for_one_row_and_for_fifty(
    login: Any, django_assert_max_num_queries: Any
) -> None:
    reps(3)
    mqls(60)
    assign_drain()
    client: Client = login("manager")
    User.objects.filter(is_manager=True).update(team=None)
    with django_assert_max_num_queries(12):
        page = client.get(reverse("handoff:list"))
    assert page.content.decode().count("<tr>") == 51
    more = client.get(reverse("handoff:list"), {"cursor": page.context["page"].next})
    assert more.content.decode().count("<tr>") == 11


@pytest.mark.parametrize(
    ("query", "count"),
    [
        *(("state=waiting", 2), ("state=assigned", 1), ("state=open", 3), ("state=late", 0)),
        *(("q=lea", 3), ("q=zz", 0), ("sort=due_at", 3), ("sort=-score", 3)),
        ("state=nonsense&sort=;drop&rep=x&cursor=%00", 3),
    ],
)
def test_the_filters(login: Any, people: Any, query: str, count: int) -> None:
    assigned(people("rep"))
    mqls(2)
    page = login("admin").get(reverse("handoff:list") + "?" + query)
    assert page.status_code == 200 and len(page.context["page"].rows) == count


def test_the_most_urgent_are_none_that_were_answered_long_ago(login: Any, people: Any) -> None:
    rep = people("rep")
    urgent, answered, gone = (assigned(rep) for _ in range(3))
    activity_record(lead=answered.lead, kind="call", by=rep)
    handoff_reject(handoff_id=gone.pk, by=rep, reason_code="timing")
    for query, shown in (("sort=due_at", [urgent]), ("sort=due_at&state=rejected", [gone])):
        page = login("admin").get(reverse("handoff:list") + "?" + query)
        assert [one.pk for one in page.context["page"].rows] == [one.pk for one in shown]


def test_the_detail_explains(login: Any, people: Any) -> None:
    one = assigned(people("rep"))
    text = login("rep").get(reverse("handoff:detail", args=[one.pk])).content.decode()
    assert "Score 80 passed the bar of 60" in text
    assert "Rule “Everybody else” holds: it decides." in text
    assert "Rita Rep has it" in text


def test_somebody_elses_handoff_is_not_there(login: Any, people: Any) -> None:
    one = assigned(people("rep"))
    other = login("other_rep")
    assert other.get(reverse("handoff:detail", args=[one.pk])).status_code == 404
    assert other.post(reverse("handoff:accept", args=[one.pk])).status_code == 404
    one.refresh_from_db()
    assert one.state == "assigned"


def test_accept_by_htmx_gives_the_card_and_says_that_something_changed(login: Any, people: Any) -> None:
    one = assigned(people("rep"))
    page = login("rep").post(reverse("handoff:accept", args=[one.pk]), **HTMX)
    assert page.status_code == 200 and "handoff-changed" in page.headers["HX-Trigger"]
    text = page.content.decode()
    assert "Accepted" in text and "<html" not in text


def test_accept_without_htmx_goes_back_only_to_pages_of_ours(login: Any, people: Any) -> None:
    one = assigned(people("rep"))
    client = login("rep")
    page = client.post(reverse("handoff:accept", args=[one.pk]), {"next": "https://evil.example/"})
    assert page.status_code == 302 and page.url == reverse("handoff:detail", args=[one.pk])
    again = client.post(reverse("handoff:accept", args=[one.pk]))
    assert again.status_code == 409 and "You accepted this lead already." in again.content.decode()


def test_reject_without_a_reason_is_refused_at_the_field(login: Any, people: Any) -> None:
    one = assigned(people("rep"))
    page = login("rep").post(reverse("handoff:reject", args=[one.pk]), {"note": "x"}, **HTMX)
    text = page.content.decode()
    assert "Choose a reason" in text and 'aria-invalid="true"' in text
    assert Handoff.objects.get().state == "assigned"


def test_reject_with_a_reason(login: Any, people: Any) -> None:
    one = assigned(people("rep"))
    page = login("rep").post(
        reverse("handoff:reject", args=[one.pk]), {"reason": "timing", "note": "<b>spring</b>"}, **HTMX
    )
    assert "&lt;b&gt;spring&lt;/b&gt;" in page.content.decode()
    assert Handoff.objects.get().state == "rejected"


@pytest.mark.parametrize(("role", "status"), [("rep", 403), ("marketer", 403), ("manager", 302), ("admin", 302)])
def test_only_managers_reassign(login: Any, people: Any, role: str, status: int) -> None:
    one, to = assigned(people("rep")), people("other_rep")
    page = login(role).post(reverse("handoff:reassign", args=[one.pk]), {"to": to.pk})
    assert page.status_code == status
    one.refresh_from_db()
    assert one.rep == (to if status == 302 else people("rep"))


@pytest.mark.parametrize("name", ["accept", "reject", "reassign", "open"])
def test_looking_changes_nothing(login: Any, people: Any, name: str) -> None:
    one = assigned(people("rep"))
    assert login("admin").get(reverse(f"handoff:{name}", args=[one.pk])).status_code == 405


def test_hand_over_by_hand(login: Any) -> None:
    lead = leads_make()[0]
    client = login("marketer")
    assert client.post(reverse("handoff:open", args=[lead.pk])).status_code == 302
    assert Handoff.objects.get().lead == lead
    assert client.post(reverse("handoff:open", args=[lead.pk])).status_code == 409
    assert client.post(reverse("handoff:open", args=[10**9])).status_code == 404


PAGES = ["policy", "routing", "sla", "reasons"]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("role", "status"), [("rep", 403), ("marketer", 200), ("manager", 200), ("admin", 200)])
def test_settings_pages(login: Any, name: str, role: str, status: int) -> None:
    assert login(role).get(reverse(f"handoff:{name}")).status_code == status


@pytest.mark.parametrize("name", ["rule_new", "sla_new", "reason_new"])
@pytest.mark.parametrize("role", ["rep", "marketer"])
def test_only_managers_write_settings(login: Any, name: str, role: str) -> None:
    assert login(role).post(reverse(f"handoff:{name}"), {"name": "x"}).status_code == 403


def rule_form(**values: Any) -> dict[str, Any]:
    return {"name": "Kenya", "condition": "", "team": "", "revision": 0} | values


def test_a_new_rule_goes_first(login: Any) -> None:
    team = reps(1)[0].team
    page = login("manager").post(reverse("handoff:rule_new"), rule_form(team=team.pk))
    assert page.status_code == 302
    assert list(RoutingRule.objects.values_list("name", flat=True)) == ["Kenya", "Everybody else"]


def test_a_team_that_nobody_is_in_or_that_takes_nothing_is_refused(login: Any) -> None:
    empty = Team.objects.create(name="Empty")
    client = login("manager")
    page = client.post(reverse("handoff:rule_new"), rule_form(team=empty.pk))
    assert page.status_code == 422 and "no active reps" in page.content.decode()
    resting = reps(2, team="Resting", weight=0)[0].team
    page = client.post(reverse("handoff:rule_new"), rule_form(team=resting.pk))
    assert page.status_code == 422 and "weight 0" in page.content.decode()
    assert RoutingRule.objects.count() == 1


def test_two_managers_edit_the_same_rule(login: Any, people: Any) -> None:
    people("rep")
    rule = RoutingRule.objects.get()
    url = reverse("handoff:rule_edit", args=[rule.pk])
    assert login("manager").post(url, rule_form(name="Mine", revision=1)).status_code == 302
    page = login("admin").post(url, rule_form(name="Yours", revision=1))
    assert page.status_code == 409 and "Somebody else changed this" in page.content.decode()
    assert RoutingRule.objects.get().name == "Mine"


def test_rules_move_switch_off_and_go(login: Any, people: Any) -> None:
    people("rep")
    client = login("manager")
    client.post(reverse("handoff:rule_new"), rule_form(name="First"))
    first = RoutingRule.objects.get(name="First")
    client.post(reverse("handoff:rule_move", args=[first.pk]), {"to": "down"})
    assert list(RoutingRule.objects.values_list("name", flat=True)) == ["Everybody else", "First"]
    client.post(reverse("handoff:rule_move", args=[first.pk]), {"to": "up"})
    assert RoutingRule.objects.first() == first
    client.post(reverse("handoff:rule_toggle", args=[first.pk]), {"active": "0"})
    last = RoutingRule.objects.get(name="Everybody else")
    page = client.post(reverse("handoff:rule_toggle", args=[last.pk]), {"active": "0"}, follow=True)
    assert "last active rule" in page.content.decode()
    page = client.post(reverse("handoff:rule_delete", args=[last.pk]), follow=True)
    assert "last active rule" in page.content.decode()
    client.post(reverse("handoff:rule_delete", args=[first.pk]))
    assert list(RoutingRule.objects.values_list("name", "is_active")) == [("Everybody else", True)]
    assert client.post(reverse("handoff:rule_move", args=[first.pk])).status_code == 404


def test_the_dry_run_says_who_and_why_and_changes_nothing(login: Any) -> None:
    rep = reps(1)[0]
    lead = leads_make()[0]
    client = login("marketer")
    before = RoutingRule.objects.get().cursors
    for text in (lead.email, str(lead.pk)):
        page = client.get(reverse("handoff:rule_try"), {"lead": text}).content.decode()
        assert f"would go to <b>{rep.name}</b>" in page and "holds: it decides" in page
    assert not Handoff.objects.exists() and RoutingRule.objects.get().cursors == before
    assert "no lead with this" in client.get(reverse("handoff:rule_try"), {"lead": "x"}).content.decode()


def test_response_times(login: Any) -> None:
    client = login("manager")
    form = {"name": "Big", "minutes": 30, "warn_percent": 50, "max_reroutes": 1, "revision": 0, "condition": ""}
    assert client.post(reverse("handoff:sla_new"), form).status_code == 302
    big = SlaPolicy.objects.first()
    assert big is not None and (big.name, big.working_time) == ("Big", False)
    edit = reverse("handoff:sla_edit", args=[big.pk])
    assert client.post(edit, form | {"minutes": 0, "revision": 1}).status_code == 422
    assert client.post(edit, form | {"minutes": 45, "revision": 1}).status_code == 302
    assert client.post(edit, form | {"minutes": 50, "revision": 1}).status_code == 409
    assert SlaPolicy.objects.get(pk=big.pk).minutes == 45


def test_reject_reasons(login: Any) -> None:
    client = login("manager")
    for _ in range(2):
        client.post(reverse("handoff:reason_new"), {"label": "Too far away!", "then": "recycle", "revision": 0})
    made = RejectReason.objects.filter(label="Too far away!")
    assert sorted(made.values_list("code", flat=True)) == ["too-far-away", "too-far-away-2"]
    one = made.first()
    client.post(reverse("handoff:reason_edit", args=[one.pk]), {"label": "Far", "then": "disqualify", "revision": 1})
    one.refresh_from_db()
    assert (one.label, one.then, one.code) == ("Far", "disqualify", one.code)
