"""Routing by the rules' own words: whom, by which strategy, who fits, and who takes what nobody can have."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.places import countries_parse, countries_text, country_code, language_code, languages_parse
from deals.models import Deal
from funnels.selectors import stage_of_kind
from handoff.models import Assignment, Handoff, PoolPointer, RoutingRule, RulePerson
from handoff.selectors import explanation_sentences
from handoff.services import assign_drain
from handoff.services.passing import handoff_reassign
from handoff.services.routing import routing_try, rule_save
from leads.models import Company, Lead, Standing
from team.models import Team, User
from tests.handoff.world import leads_make, mqls, reps, scored

pytestmark = pytest.mark.django_db


def rule(**values: Any) -> RoutingRule:
    RoutingRule.objects.all().delete()
    return RoutingRule.objects.create(**{"name": "Mine", **values})


def counts() -> Counter[int]:
    return Counter(Handoff.objects.exclude(rep=None).values_list("rep", flat=True))


def told(handoff: Handoff) -> list[str]:
    return explanation_sentences(Assignment.objects.filter(handoff=handoff).latest("pk"))


def never() -> dict[str, Any]:
    return {str((timezone.now() + timedelta(days=3)).weekday()): [["09:00", "17:00"]]}


def test_people_by_name_with_a_share_of_their_own() -> None:
    first, second, _ = reps(3)
    mine = rule()
    RulePerson.objects.create(rule=mine, rep=first, weight=1)
    RulePerson.objects.create(rule=mine, rep=second, weight=3)
    mqls(20)
    assign_drain(limit=3)
    assert counts() == {first.pk: 5, second.pk: 15}


def test_somebody_named_who_left_is_skipped_with_the_reason() -> None:
    first, second = reps(2)
    mine = rule()
    for rep in (first, second):
        RulePerson.objects.create(rule=mine, rep=rep)
    User.objects.filter(pk=first.pk).update(is_active=False)
    one = mqls()[0]
    assign_drain()
    assert counts() == {second.pk: 1}
    assert f"{first.name} was skipped: takes no leads any more." in told(one)


def test_least_loaded_goes_by_what_is_open_of_what_fits() -> None:
    small, large = reps(1, capacity_open=4)[0], reps(1, capacity_open=12)[0]
    rule(strategy="least_loaded")
    rows = mqls(12)
    assign_drain(limit=5)
    assert counts() == {small.pk: 3, large.pk: 9}
    said = " ".join(told(rows[0]))
    assert "has the most room" in said and "Open then:" in said and "0 of 4" in said and "0 of 12" in said


def test_another_strategy_makes_up_for_nothing(people: Any) -> None:
    small, large = reps(1, capacity_open=40)[0], reps(1, capacity_open=400)[0]
    mine = rule(strategy="least_loaded")
    mqls(22)
    assign_drain()
    assert counts() == {small.pk: 2, large.pk: 20}
    for strategy in ("round_robin", "best_performer"):
        before = counts()
        values = {"name": "Mine", "strategy": strategy}
        rule_save(by=people("admin"), rule=mine, revision=mine.revision, values=values)
        mine.refresh_from_db()
        for _ in range(3):
            mqls(3)
            assign_drain(limit=2)
        more = counts() - before
        assert sorted(more.values()) == [4, 5]


def test_a_share_that_is_changed_counts_from_then_on() -> None:
    rows = reps(6)
    mine = rule()
    shares = [RulePerson.objects.create(rule=mine, rep=rep) for rep in rows]
    mqls(3)
    assign_drain()
    before = counts()
    RulePerson.objects.filter(pk=shares[-1].pk).update(weight=10)
    mqls(7)
    assign_drain(limit=3)
    assert 4 <= (counts() - before)[rows[-1].pk] <= 6  # ten of fifteen


def test_an_owner_who_could_not_have_it_is_named_with_the_reason() -> None:
    full, other = reps(1, capacity_open=0)[0], reps(1)[0]
    marketer = User.objects.create(email="m@test.example", name="Maya", is_marketer=True)
    rule()
    rows = mqls(2)
    for one, owner in zip(rows, (full, marketer), strict=True):
        Company.objects.filter(leads=one.lead_id).update(owner=owner)
    assign_drain()
    assert counts() == {other.pk: 2}
    assert told(rows[0]).count(f"{full.name} owns the company and was passed over: 0 of 0 open.") == 1
    assert not [one for one in told(rows[0]) if one.startswith(f"{full.name} was skipped")]
    assert "Maya owns the company and was passed over: takes no leads." in told(rows[1])


def test_the_owner_of_the_company_comes_first_also_when_they_own_the_lead() -> None:
    _, owner = reps(2)
    rule(lead_owner_first=False)
    lead = leads_make(score=80)[0]
    Standing.objects.filter(pk=lead.pk).update(owner=owner)
    Company.objects.filter(leads=lead.pk).update(owner=owner)
    scored([lead])
    assign_drain()
    assert Handoff.objects.get().rep == owner
    assert Assignment.objects.get().how == "company_owner"


def won(rep: User, wins: int, losses: int) -> None:
    for kind, many in (("won", wins), ("lost", losses)):
        stage = stage_of_kind("sales", kind)
        Deal.objects.bulk_create(
            [Deal(name=f"D{number}", owner=rep, stage=stage, closed_at=timezone.now()) for number in range(many)]
        )


def test_the_best_performer_gets_more_and_the_others_their_floor() -> None:
    good, poor, new = reps(3)
    won(good, 30, 10)
    won(poor, 5, 35)
    mine = rule(strategy="best_performer", floor_percent=30)
    rows = mqls(40)
    assign_drain(limit=9)
    found = counts()
    assert found[good.pk] > 3 * found[poor.pk] > 0
    assert found[new.pk] >= 4  # a third of the floor
    mine.refresh_from_db()
    assert mine.records["reps"][str(good.pk)] == [30, 10]
    said = " ".join(told(rows[0]))
    assert "shares by win rate" in said and f"{good.name}" in said and "(30 of 40 won)" in said
    before = mine.records
    won(poor, 50, 0)  # counted once a day
    mqls(2)
    assign_drain()
    mine.refresh_from_db()
    assert mine.records == before


def test_german_leads_go_to_who_speaks_german_and_the_reason_is_said() -> None:
    german, english = reps(1, languages=["de", "en"])[0], reps(1, languages=["en"])[0]
    rule(needs_language=True)
    by_language = mqls(2, language="de-AT")[0]
    by_country = mqls(2, country="Deutschland")[0]
    unknown = mqls(4)
    assign_drain()
    assert {Handoff.objects.get(pk=one.pk).rep for one in (by_language, by_country)} == {german}
    assert f"{english.name} was skipped: does not speak German." in told(by_language)
    assert "It asks for somebody who speaks German." in told(by_country)
    # who was given the German ones is not given the others too
    assert Counter(Handoff.objects.filter(pk__in=[one.pk for one in unknown]).values_list("rep", flat=True)) == {
        english.pk: 4
    }


def test_a_custom_field_says_the_language_too() -> None:
    german, _ = reps(1, languages=["de"])[0], reps(1)
    rule(needs_language=True)
    one = mqls()[0]
    Lead.objects.filter(pk=one.lead_id).update(custom={"language": "German"})
    assign_drain()
    one.refresh_from_db()
    assert one.rep == german


def test_a_territory_a_covered_country_and_a_skill() -> None:
    dach = reps(1, team="DACH", countries=["AT", "CH", "DE"], skills=["saas"])[0]
    other = reps(1, team="DACH", countries=["FR"])[0]
    RoutingRule.objects.update(position=9, team=reps(1, team="Rest")[0].team)
    RoutingRule.objects.create(
        name="DACH", countries=["AT", "CH", "DE"], team=dach.team, needs_country=True, needs_skills=["saas"]
    )
    here, there = mqls(country="Österreich")[0], mqls(country="Kenya")[0]
    assign_drain()
    here.refresh_from_db()
    there.refresh_from_db()
    assert here.rep == dach and there.rep.team.name == "Rest"
    assert f"{other.name} was skipped: does not cover Austria." in told(here)
    assert "It asks for somebody who covers Austria, and knows saas." in told(here)


def test_nobody_speaks_it_the_lead_waits_and_says_so() -> None:
    reps(2, languages=["en"])
    rule(needs_language=True)
    one = mqls(language="ja")[0]
    assign_drain()
    one.refresh_from_db()
    assert one.waiting_why == "Nobody of the pool of “Mine” can have it: 2 do not speak the language."


def test_the_owner_of_the_lead_first_is_a_switch() -> None:
    first, owner = reps(2)
    lead = leads_make(score=80)[0]
    Standing.objects.filter(pk=lead.pk).update(owner=owner)
    rule(lead_owner_first=False)
    scored([lead])
    assign_drain()
    assert Handoff.objects.get().rep == first


def test_overflow_to_another_team_and_from_there_nobody_is_sent_on() -> None:
    east, west = reps(1, team="East", capacity_open=1)[0], reps(1, team="West", capacity_open=1)[0]
    RoutingRule.objects.all().delete()
    for team, other in ((east.team, west.team), (west.team, east.team)):
        RoutingRule.objects.create(name=str(team), team=team, nobody="overflow", overflow_team=other)
    first, second, third = mqls(score=90)[0], mqls(score=80)[0], mqls(score=70)[0]
    assign_drain()
    for one in (first, second, third):
        one.refresh_from_db()
    assert (first.rep, second.rep, third.rep) == (east, west, None)
    assert Assignment.objects.get(handoff=second).how == "overflow"
    said = told(second)
    assert "Nobody of the rule's own pool could have it, so the pool of team West came next." in said
    assert third.waiting_why == "Nobody of the pool of “East” can have it: 1 full. " + (
        "Nobody of the pool of team West can have it: 1 full."
    )


def test_overflow_is_fair_and_who_comes_back_is_as_before() -> None:
    east, west = reps(1, team="East", working_hours=never())[0], reps(3, team="West")
    rule(team=east.team, nobody="overflow", overflow_team=west[0].team)
    mqls(31)
    assign_drain(limit=4)
    found = counts()
    assert sorted(found[one.pk] for one in west) == [10, 10, 11]
    assert PoolPointer.objects.filter(fallback=True).count() == 3


def test_the_manager_gets_it_when_nobody_is_there() -> None:
    rep = reps(1, working_hours=never())[0]
    manager = User.objects.create(email="boss@test.example", name="Boss", is_manager=True, team=rep.team)
    User.objects.create(email="other@test.example", name="Other", is_manager=True, team=Team.objects.create(name="W"))
    rule(team=rep.team, nobody="manager")
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    assert one.rep == manager and Deal.objects.get(lead=one.lead).owner == manager
    assert f"{rep.name} was skipped: is not at work now." in told(one)


def test_room_that_a_reassigned_lead_leaves_is_used_at_once(people: Any) -> None:
    rep, other = reps(1, capacity_open=1)[0], reps(1, team="West")[0]
    rule(team=rep.team)
    first, second = mqls(score=90)[0], mqls(score=80)[0]
    assign_drain()
    handoff_reassign(handoff_id=first.pk, to=other, by=people("admin"))
    assign_drain()
    second.refresh_from_db()
    assert second.rep == rep


def test_those_who_wait_are_written_in_one_statement_whatever_each_waits_for() -> None:
    reps(2, languages=["sw"])
    rule(needs_language=True)

    def statements(languages: str) -> int:
        for language in languages.split():
            mqls(language=language)
        with CaptureQueriesContext(connection) as seen:
            assign_drain()
        return len(seen)

    statements("fa")  # the first also tells the managers
    few = statements("de fr")
    assert statements("ja it es pt nl da") == few


def test_held_until_the_next_opening() -> None:
    reps(1, working_hours=never())
    rule(nobody="hold")
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    assert one.state == "waiting" and "1 not at work" in one.waiting_why


def test_who_is_held_is_tried_when_the_first_of_them_opens() -> None:
    opens = (timezone.now() + timedelta(minutes=9)).replace(second=0, microsecond=0)
    reps(1, working_hours={str(opens.weekday()): [[f"{opens:%H:%M}", "24:00"]]}, time_zone="UTC")
    rule(nobody="hold")
    one = mqls()[0]
    assign_drain()
    one.refresh_from_db()
    assert one.next_try_at == opens


def test_the_dry_run_says_also_what_happens_out_of_hours_and_writes_nothing() -> None:
    rep = reps(1)[0]
    mine = rule(nobody="hold")
    lead = leads_make()[0]
    with CaptureQueriesContext(
        connection,
    ) as seen:
        now, closed = routing_try(lead)
    assert not [one["sql"] for one in seen if not one["sql"].startswith("SELECT")]
    assert now[1].rep == rep and closed[1].rep is None and "1 not at work" in closed[1].why
    mine.refresh_from_db()
    assert mine.cursors == {} and not PoolPointer.objects.exists()


@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded", "best_performer"])
def test_a_batch_takes_the_same_statements_however_many_handoffs(strategy: str) -> None:
    reps(5, languages=["de", "en"], countries=["DE"])
    mine = rule(strategy=strategy, needs_language=True, countries=["DE"], nobody="manager")
    for rep in User.objects.all():
        RulePerson.objects.create(rule=mine, rep=rep)
    mqls(2, country="Germany")
    assign_drain()  # the first also writes the pointers and today's records

    def statements(many: int) -> int:
        mqls(many, country="Germany")
        with CaptureQueriesContext(connection) as seen:
            assert assign_drain() == many
        return len(seen)

    few = statements(6)
    assert statements(60) == few


def test_places_as_people_write_them() -> None:
    assert [country_code(text) for text in ("germany", "DE", " Österreich ", "U.S.A.", "Atlantis", "")] == [
        *("DE", "DE", "AT", "US", "", "")
    ]
    assert [language_code(text) for text in ("German", "de_AT", "Deutsch", "pt-BR", "Klingon")] == [
        *("de", "de", "de", "pt", "")
    ]
    assert countries_parse("DACH, france") == ["AT", "CH", "DE", "FR"]
    assert countries_text(["FR", "DE", "CH", "AT"]) == "DACH, France"
    assert languages_parse("German; English, german") == ["de", "en"]
