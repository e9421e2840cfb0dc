"""Rules that would not work are refused or said; a draft of all rules goes into force in one step."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from core.clock import db_now
from core.errors import Conflict, Refused
from core.outbox import drain
from handoff.models import Handoff, PoolPointer, RoutingDraft, RoutingRule, RulePerson
from handoff.routing_invariants import invariants
from handoff.services import assign_drain
from handoff.services.routing import draft_begin, draft_force, rule_save, rule_toggle
from team.models import Notice, Team, User
from team.services import person_save
from tests.handoff.world import mqls, reps

pytestmark = pytest.mark.django_db
ROME, NOWHERE = {"fact": "lead.city", "op": "is", "value": "Rome"}, {"fact": "lead.city", "op": "empty"}
NOBODY = json.dumps({"all": [ROME, NOWHERE]})


def form(**values: Any) -> dict[str, Any]:
    return {"name": "Kenya", "condition": "", "who": "everybody", "revision": 0} | values


def page(client: Any, name: str = "handoff:routing") -> str:
    return str(client.get(reverse(name)).content.decode())


def test_a_rule_with_all_it_can_say(login: Any) -> None:
    first, second = reps(2)
    other = reps(1, team="West")[0].team
    client = login("manager")
    answer = client.post(
        reverse("handoff:rule_new"),
        form(
            who="people",
            countries="DACH, france",
            needs_language="on",
            needs_skills="SaaS, enterprise",
            strategy="best_performer",
            won_days="60",
            floor_percent="35",
            nobody="overflow",
            overflow_team=other.pk,
            **{f"share_{first.pk}": "2", f"share_{second.pk}": "1"},
        ),
    )
    assert answer.status_code == 302
    rule = RoutingRule.objects.get(name="Kenya")
    assert dict(rule.named.values_list("rep", "weight")) == {first.pk: 2, second.pk: 1}
    assert rule.countries == ["AT", "CH", "DE", "FR"] and rule.needs_skills == ["saas", "enterprise"]
    assert (rule.strategy, rule.won_days, rule.floor_percent) == ("best_performer", 60, 35)
    assert (rule.nobody, rule.overflow_team, rule.company_owner_first) == ("overflow", other, False)
    shown = page(client)
    assert "Leads in DACH, France" in shown and "2 people by name" in shown and "67 % of this rule" in shown
    assert "Nobody here knows saas and enterprise" in shown
    edited = client.get(reverse("handoff:rule_edit", args=[rule.pk])).content.decode()
    assert "DACH, France" in edited and "saas, enterprise" in edited


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "\u200b\u2060"}, "Give it a name"),
        ({"who": "people"}, "Name somebody"),
        ({"who": "team"}, "Choose the team"),
        ({"countries": "Atlantis"}, "no country or region"),
        ({"nobody": "overflow"}, "Choose the team it flows over to"),
        ({"won_days": "3"}, "From 7 to 730"),
        ({"floor_percent": "101"}, "From 0 to 100"),
        ({"condition": NOBODY}, "empty and something at once"),
    ],
)
def test_what_cannot_work_is_refused_at_its_field(login: Any, values: dict[str, Any], said: str) -> None:
    reps(1)
    answer = login("manager").post(reverse("handoff:rule_new"), form(**values))
    assert answer.status_code == 422 and said in answer.content.decode()
    assert RoutingRule.objects.count() == 1


def test_weights_of_zero_for_everybody_named_and_an_overflow_into_itself_are_refused(people: Any) -> None:
    rep = reps(1)[0]
    values = {"name": "A", "condition": {}, "team": rep.team}
    with pytest.raises(Refused, match="weight 0"):
        rule_save(by=people("admin"), rule=None, revision=0, values=values | {"named": {rep.pk: 0}})
    with pytest.raises(Refused, match="this team already"):
        rule_save(
            by=people("admin"),
            rule=None,
            revision=0,
            values=values | {"nobody": "overflow", "overflow_team": rep.team},
        )


def test_the_page_warns_of_what_does_nothing(login: Any) -> None:
    rep = reps(1)[0]
    assign_drain()
    mqls(country="Kenya")
    RoutingRule.objects.create(
        name="Peru", position=0, condition={"fact": "lead.country", "op": "is", "value": "Peru"}, needs_language=True
    )
    RoutingRule.objects.filter(name="Everybody else").update(position=1)
    RoutingRule.objects.create(name="Behind", position=2)
    gone = RoutingRule.objects.create(name="Gone", position=3)
    RulePerson.objects.create(rule=gone, rep=User.objects.create(email="g@x.example", name="Gone G", is_active=False))
    shown = page(login("manager"))
    assert "It matches none of the leads handed over in the last 30 days." in shown
    assert shown.count("Never reached") == 2
    assert "Gone G takes no leads any more." in shown and "Nobody in this pool takes leads" in shown
    assert "No languages entered for 1 of 1" in shown
    assert "No rule that is on takes every lead" not in shown and rep.name in shown
    RoutingRule.objects.exclude(name="Peru").delete()
    assert "No rule that is on takes every lead" in page(login("manager"))


def test_saving_a_rule_that_holds_for_nobody_says_so(login: Any) -> None:
    reps(1)
    mqls(country="Kenya")
    client = login("manager")
    answer = client.post(reverse("handoff:rule_new"), form(countries="Peru"), follow=True)
    assert "it holds for none of the 1 leads" in answer.content.decode()
    answer = client.post(reverse("handoff:rule_new"), form(countries="Kenya"), follow=True)
    assert "It holds for 1 of the 1 leads" in answer.content.decode()


def test_the_page_says_who_is_there_and_what_happens_when_nobody_is(login: Any) -> None:
    rep = reps(1, working_hours={str((db_now() + timedelta(days=3)).weekday()): [["09:00", "17:00"]]})[0]
    client = login("manager")
    assert "somebody gets it all the same" in page(client) and "is not at work now" in page(client)
    RoutingRule.objects.update(nobody="hold")
    assert "<strong>Nobody</strong> can have one now" in page(client)
    User.objects.filter(pk=rep.pk).update(working_hours={})
    assert "<strong>1</strong> can have one now" in page(client)


def test_the_page_costs_the_same_for_many_reps(login: Any, django_assert_max_num_queries: Any) -> None:
    reps(40)
    client = login("manager")
    with django_assert_max_num_queries(24):
        assert "and 10 more." in client.get(reverse("handoff:routing")).content.decode()


def test_a_draft_is_changed_tried_and_put_into_force(login: Any, people: Any) -> None:
    first, _ = reps(2)
    mqls(3)
    assign_drain()
    live = RoutingRule.objects.get()
    client = login("manager")
    client.post(reverse("handoff:routing_draft"))
    copy = RoutingRule.objects.exclude(draft=None).get()
    client.post(
        reverse("handoff:rule_edit", args=[copy.pk]), form(name="All", revision=1, who="team", team=first.team_id)
    )
    client.post(reverse("handoff:draft_rule_new"), form(name="Kenya first", countries="Kenya"))
    assert "Kenya first" in page(client, "handoff:routing_draft") and "Kenya first" not in page(client)
    assert list(RoutingRule.objects.in_force().values_list("name", flat=True)) == ["Everybody else"]
    mqls(1)
    assert assign_drain() == 1  # by the rules in force
    pointers = list(PoolPointer.objects.filter(rule=live).order_by("rep").values_list("rep", "pointer"))
    answer = client.post(reverse("handoff:draft_force"), follow=True)
    assert "is in force from now on" in answer.content.decode()
    assert list(RoutingRule.objects.values_list("name", "position", "draft")) == [
        ("Kenya first", 0, None),
        ("All", 1, None),
    ]
    live.refresh_from_db()
    assert (live.name, live.team, live.revision) == ("All", first.team, 2)
    assert list(PoolPointer.objects.filter(rule=live).order_by("rep").values_list("rep", "pointer")) == pointers
    assert not RoutingDraft.objects.exists()
    assert client.post(reverse("handoff:draft_force"), follow=True).status_code == 200


def test_the_second_of_two_managers_is_told_and_may_insist(login: Any, people: Any) -> None:
    reps(1)
    draft_begin(by=people("manager"))
    with pytest.raises(Conflict, match="a draft already"):
        draft_begin(by=people("admin"))
    live = RoutingRule.objects.in_force().get()
    client = login("admin")
    client.post(reverse("handoff:rule_edit", args=[live.pk]), form(name="Changed meanwhile", revision=1))
    answer = login("manager").post(reverse("handoff:draft_force"), follow=True)
    shown = answer.content.decode()
    assert "were changed since this draft was begun" in shown and "Put into force all the same" in shown
    assert RoutingRule.objects.in_force().get().name == "Changed meanwhile"
    login("manager").post(reverse("handoff:draft_force"), {"sure": "1"})
    assert RoutingRule.objects.in_force().get().name == "Everybody else"


def test_a_form_of_the_draft_that_was_still_open_changes_nothing_in_force(login: Any) -> None:
    reps(1)
    client = login("manager")
    client.post(reverse("handoff:routing_draft"))
    client.post(reverse("handoff:draft_rule_new"), form(name="Kenya", countries="Kenya"))
    made = RoutingRule.objects.get(name="Kenya")
    client.post(reverse("handoff:draft_force"))
    url = reverse("handoff:rule_edit", args=[made.pk])
    assert client.post(url, form(name="Meant for the draft", revision=made.revision)).status_code == 409
    answer = client.post(reverse("handoff:draft_rule_new"), form(name="Too late"))
    assert answer.status_code == 409 and "no draft any more" in answer.content.decode()
    assert "Too late" in answer.content.decode()
    assert sorted(RoutingRule.objects.values_list("name", flat=True)) == ["Everybody else", "Kenya"]


def test_a_marketer_sees_no_draft_and_no_links_that_lead_nowhere(login: Any, people: Any) -> None:
    rep = reps(1)[0]
    draft_begin(by=people("manager"))
    shown = login("marketer").get(reverse("handoff:rule_try"), {"lead": "x", "draft": "1"}).content.decode()
    assert "Put into force" not in shown and "Draft of the routing" not in shown
    person = reverse("team:person", args=[rep.pk])
    assert rep.name in shown and person not in shown
    assert person in page(login("admin"))


def test_who_puts_a_draft_into_force_that_a_colleague_changed_meanwhile_is_told(login: Any, people: Any) -> None:
    """Both managers have the draft open; one switches a rule off, the other presses the button on the old page."""
    reps(1)
    draft = draft_begin(by=people("admin"))
    extra = RoutingRule.objects.create(draft=draft, name="Kenya", position=1)
    manager, force = login("manager"), reverse("handoff:draft_force")
    seen = manager.get(reverse("handoff:routing_draft")).context["seen"]
    rule_toggle(by=people("admin"), pk=extra.pk, active=False)
    answer = manager.post(force, {"seen": seen}, follow=True)
    assert "Somebody changed the draft" in answer.content.decode() and RoutingDraft.objects.exists()
    assert f'value="{answer.context["seen"]}"' in answer.content.decode()
    manager.post(force, {"seen": answer.context["seen"]})
    assert not RoutingDraft.objects.exists() and RoutingRule.objects.in_force().count() == 2


def test_a_draft_that_would_not_work_is_not_put_into_force(people: Any) -> None:
    rep = reps(1)[0]
    draft = draft_begin(by=people("admin"))
    draft.rules.update(team=Team.objects.create(name="Empty"))
    with pytest.raises(Refused, match="“Everybody else”: Empty has no active reps"):
        draft_force(by=people("admin"))
    draft.rules.update(is_active=False, team=rep.team)
    with pytest.raises(Refused, match="No rule of the draft is on"):
        draft_force(by=people("admin"))
    assert RoutingRule.objects.in_force().get().team is None


def test_a_draft_gives_nothing_out(people: Any) -> None:
    rep = reps(1)[0]
    draft = draft_begin(by=people("admin"))
    draft.rules.update(position=0, team=Team.objects.create(name="Empty"))
    RoutingRule.objects.in_force().update(position=9)
    mqls(1)
    assign_drain()
    assert Handoff.objects.get().rep == rep


def broken() -> list[str]:
    now = db_now()
    return [one.check for one in invariants(now, timedelta(0))]


def test_the_doctor_sees_rules_that_give_to_nobody() -> None:
    rep = reps(1)[0]
    assert broken() == []
    rule = RoutingRule.objects.get()
    RulePerson.objects.create(rule=rule, rep=rep)
    assert broken() == []
    User.objects.update(is_active=False)
    assert broken() == ["routing: a rule names somebody who takes leads"]
    RulePerson.objects.all().delete()
    RoutingRule.objects.update(team=rep.team)
    assert broken() == ["routing: the team of a rule takes leads"]
    RoutingRule.objects.update(team=None, nobody="overflow", overflow_team=rep.team)
    assert broken() == ["routing: the team that a rule flows over to takes leads"]
    RoutingRule.objects.update(is_active=False)
    assert broken() == ["routing: a rule is on"]


def test_the_managers_hear_when_a_rule_loses_its_last_rep(people: Any) -> None:
    rep, manager = people("rep"), people("manager")
    rule = RoutingRule.objects.create(name="Only one", position=0)
    RulePerson.objects.create(rule=rule, rep=rep)
    reps(1)
    person_save(person=rep, by=people("admin"), values={"is_active": False})
    drain()
    drain()
    told = Notice.objects.filter(user=manager, kind="routing")
    assert [one.title for one in told] == ["“Only one” has nobody who takes leads"]


@pytest.mark.parametrize("change", [{"weight": 0}, {"team": None}, {"is_rep": False, "is_manager": True}])
def test_the_managers_hear_when_the_last_of_a_team_takes_no_leads_of_it_any_more(people: Any, change: Any) -> None:
    rep, manager = people("rep"), people("manager")
    RoutingRule.objects.create(name="Ours", position=0, team=rep.team)
    reps(1)
    person_save(person=rep, by=people("admin"), values={"name": "Rita"})
    drain()
    told = Notice.objects.filter(user=manager, kind="routing")
    assert not told.exists()
    person_save(person=rep, by=people("admin"), values=change)
    drain()
    assert [one.title for one in told] == ["“Ours” has nobody who takes leads"]
