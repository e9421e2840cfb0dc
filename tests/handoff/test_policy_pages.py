"""The pages of the MQL policies: what each would do, and how they say no."""

import json
from typing import Any

import pytest
from django.urls import reverse

from core.errors import Refused
from handoff.models import Handoff, MqlPolicy, MqlPolicyChange
from handoff.selectors.policy_words import settings_of
from handoff.services.policies import policy_save
from leads.models import Standing
from tests.handoff.world import came_back, leads_make, scored

pytestmark = pytest.mark.django_db

KENYA = {"fact": "lead.country", "op": "is", "value": "Kenya"}
PERU = {"fact": "lead.country", "op": "is", "value": "Peru"}


def edit(policy: MqlPolicy | None = None) -> str:
    """The page of a policy, without one of the default."""
    return reverse("handoff:policy_edit", args=[(policy or MqlPolicy.objects.get(is_default=True)).pk])


def policy_form(**values: Any) -> dict[str, Any]:
    whole = {"name": "Everybody else", "score": 60, "required": "", "instant_kinds": ["demo_requested"]}
    whole |= {"instant_days": 7, "recycle_wait_days": 14, "recycle_rise": 0, "instant_skips_wait": "on"}
    revision = MqlPolicy.objects.get(is_default=True).revision
    return {**whole, "ceiling": "none", "revision": revision} | values


def segment_form(**values: Any) -> dict[str, Any]:
    condition = json.dumps(KENYA)
    return policy_form(name="Kenya", condition=condition, score=40, revision=0) | values


def test_the_bar_says_who_would_pass_before_it_is_saved(login: Any) -> None:
    leads_make(3, score=50) and leads_make(2, score=90)
    client = login("marketer")
    assert "<b>2</b> of your 5 leads" in client.get(reverse("handoff:policy")).content.decode()
    page = client.post(edit(), policy_form(score=40, preview="1"))
    assert "<b>5</b> of your 5 leads" in page.content.decode()
    assert MqlPolicy.objects.get().score == 60


def test_the_count_comes_alone_to_htmx_and_else_on_the_page_with_what_was_typed(login: Any) -> None:
    leads_make(3, score=50)
    client, asked = login("marketer"), policy_form(score=40, preview="1")
    part = client.post(edit(), asked, headers={"HX-Request": "true"}).content.decode()
    whole = client.post(edit(), asked).content.decode()
    assert "<b>3</b> of your 3 leads" in part and "<h1>" not in part
    assert "<b>3</b> of your 3 leads" in whole and "<h1>MQL bar" in whole and 'value="40"' in whole


def test_a_new_bar_is_saved_and_who_is_over_it_is_judged(login: Any) -> None:
    from leads.models import Standing

    lead = leads_make(1, score=50)[0]
    Standing.objects.update(score_due_at=None)
    page = login("marketer").post(
        edit(),
        policy_form(score=45, grades=["A"], required='{"fact": "lead.source", "op": "is", "value": "webinar"}'),
    )
    assert page.status_code == 302
    policy = MqlPolicy.objects.get()
    assert (policy.score, policy.grades, policy.revision) == (45, ["A"], 2)
    assert Standing.objects.get(pk=lead.pk).score_due_at is not None


def test_nonsense_needs_a_second_yes(login: Any) -> None:
    client = login("manager")
    page = client.post(edit(), policy_form(score=0))
    assert page.status_code == 422 and "I am sure" in page.content.decode()
    assert MqlPolicy.objects.get().score == 60
    assert client.post(edit(), policy_form(score=0, sure="on")).status_code == 302
    assert MqlPolicy.objects.get().score == 0


@pytest.mark.parametrize("values", [{"score": 201}, {"score": -1}, {"required": "{"}, {"instant_kinds": ["x y"]}])
def test_a_bar_that_cannot_be_is_refused(login: Any, values: dict[str, Any]) -> None:
    assert login("manager").post(edit(), policy_form(**values)).status_code == 422
    assert MqlPolicy.objects.get().revision == 1


def test_two_people_change_the_bar_the_second_hears_so(login: Any) -> None:
    form = policy_form(score=70)
    assert login("manager").post(edit(), form).status_code == 302
    second = login("marketer").post(edit(), form | {"score": 50})
    assert second.status_code == 409 and "Somebody else changed this" in second.content.decode()
    assert MqlPolicy.objects.get().score == 70


def test_a_second_click_makes_no_second_policy_and_what_is_gone_is_said(login: Any, people: Any) -> None:
    client, new = login("manager"), reverse("handoff:policy_new")
    assert client.post(new, segment_form()).status_code == 302
    again = client.post(new, segment_form(name=" KENYA "))
    assert again.status_code == 422 and list(again.context["form"].errors) == ["name"]
    row = MqlPolicy.objects.get(name="Kenya")
    values = {name: value for name, value in settings_of(row).items() if name != "is_active"}
    client.post(reverse("handoff:policy_delete", args=[row.pk]))
    with pytest.raises(Refused, match="gone"):
        policy_save(by=people("manager"), policy=row, revision=1, values=values)
    assert client.post(edit(row), segment_form(revision=1)).status_code == 404
    assert MqlPolicy.objects.count() == 1


def test_a_new_segment_goes_first_and_has_a_bar_of_its_own(login: Any) -> None:
    here, there = leads_make(2, score=45, country="Kenya"), leads_make(3, score=45)
    client = login("marketer")
    part = client.post(reverse("handoff:policy_new"), segment_form(preview="1"), headers={"HX-Request": "true"})
    assert "<b>2</b> of your 2 leads" in part.content.decode()
    assert client.post(reverse("handoff:policy_new"), segment_form()).status_code == 302
    assert list(MqlPolicy.objects.values_list("name", flat=True)) == ["Kenya", "Everybody else"]
    scored([*here, *there])
    assert set(Handoff.objects.values_list("lead", flat=True)) == {one.pk for one in here}
    page = client.get(reverse("handoff:policy")).content.decode()
    assert "For leads where country is Kenya." in page and "<b>0</b> of your 3 leads" in page
    assert MqlPolicyChange.objects.get().name == "Kenya"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"condition": ""}, "condition"),
        ({"condition": json.dumps({"any": [KENYA, {"not": KENYA}]})}, "condition"),
        ({"condition": json.dumps({"all": [KENYA, PERU]})}, "condition"),
        ({"required": json.dumps(PERU)}, "required"),
        ({"name": "  "}, "name"),
        ({"name": "\u200b\u200b"}, "name"),
        ({"score": 0}, "score"),
        ({"max_cycles": 0}, "max_cycles"),
        ({"ceiling": "fixed"}, "ceiling_leads"),
        ({"ceiling": "fixed", "ceiling_leads": 0}, "ceiling_leads"),
        ({"ceiling": "weekly"}, "ceiling"),
    ],
)
def test_nonsense_is_refused_at_its_field(login: Any, values: dict[str, Any], field: str) -> None:
    page = login("manager").post(reverse("handoff:policy_new"), segment_form(**values))
    assert page.status_code == 422 and list(page.context["form"].errors) == [field]
    assert MqlPolicy.objects.count() == 1


def test_a_bar_that_everybody_of_its_segment_passes_needs_a_second_yes(login: Any) -> None:
    leads_make(20, score=90, country="Kenya") and leads_make(30, score=10)
    client = login("manager")
    page = client.post(reverse("handoff:policy_new"), segment_form())
    assert page.status_code == 422 and "20 of 20 leads would pass today" in page.content.decode()
    assert client.post(reverse("handoff:policy_new"), segment_form(sure="on")).status_code == 302


def test_a_policy_that_no_lead_can_reach_says_who_takes_its_leads(login: Any) -> None:
    leads_make(3, country="Kenya", city="Nairobi")
    client = login("manager")
    nairobi = json.dumps({"all": [KENYA, {"fact": "lead.city", "op": "is", "value": "Nairobi"}]})
    client.post(reverse("handoff:policy_new"), segment_form(name="Nairobi", condition=nairobi))
    client.post(reverse("handoff:policy_new"), segment_form())
    page = client.get(reverse("handoff:policy")).content.decode()
    assert "“Kenya”, which comes before it, takes 3 leads" in page
    row = MqlPolicy.objects.get(name="Nairobi")
    client.post(reverse("handoff:policy_move", args=[row.pk]), {"to": "up"})
    assert [one.name for one in MqlPolicy.objects.all()] == ["Nairobi", "Kenya", "Everybody else"]
    assert "“Kenya”, which comes before it" not in client.get(reverse("handoff:policy")).content.decode()


def test_the_default_stays_last_on_and_there(login: Any) -> None:
    client = login("manager")
    client.post(reverse("handoff:policy_new"), segment_form())
    row = MqlPolicy.objects.get(is_default=True)
    for name, data in (("policy_move", {"to": "up"}), ("policy_toggle", {"active": "0"}), ("policy_delete", {})):
        page = client.post(reverse(f"handoff:{name}", args=[row.pk]), data, follow=True)
        assert "The last policy" in page.content.decode()
    other = MqlPolicy.objects.get(name="Kenya")
    client.post(reverse("handoff:policy_move", args=[other.pk]), {"to": "down"})
    assert [one.name for one in MqlPolicy.objects.all()] == ["Kenya", "Everybody else"]
    client.post(edit(), policy_form(condition=json.dumps(KENYA), score=61))
    row.refresh_from_db()
    assert (row.condition, row.is_active, row.score) == ({}, True, 61)


def test_a_policy_that_handed_leads_over_is_switched_off_and_not_deleted(login: Any) -> None:
    client = login("manager")
    for name in ("Kenya", "Spare"):
        client.post(reverse("handoff:policy_new"), segment_form(name=name))
    kenya, spare = MqlPolicy.objects.get(name="Kenya"), MqlPolicy.objects.get(name="Spare")
    MqlPolicy.objects.filter(pk=spare.pk).update(position=5)
    lead = leads_make(1, score=45, country="Kenya")[0]
    scored([lead])
    assert Handoff.objects.get().policy == kenya
    client.post(reverse("handoff:policy_delete", args=[kenya.pk]))
    client.post(reverse("handoff:policy_delete", args=[spare.pk]))
    assert list(MqlPolicy.objects.values_list("name", flat=True)) == ["Kenya", "Everybody else"]
    assert MqlPolicyChange.objects.filter(name="Spare", policy=None).exists()
    client.post(reverse("handoff:policy_toggle", args=[kenya.pk]), {"active": "0"})
    others = leads_make(1, score=45, country="Kenya")
    scored(others)
    assert Handoff.objects.count() == 1


def test_what_was_changed_is_kept_with_who_and_the_values(login: Any) -> None:
    login("marketer").post(edit(), policy_form(score=70))
    one = MqlPolicyChange.objects.get()
    assert (one.by.email, one.revision) == ("maya@test.example", 2) and ["Score", "60", "70"] in one.what
    page = login("manager").get(edit()).content.decode()
    assert "version 2" in page and "70" in page.partition('id="changes-head"')[2]


@pytest.mark.parametrize("kinds", [[], ["pricing_viewed"]])
def test_the_number_before_saving_is_the_number_that_passes(login: Any, kinds: list[str]) -> None:
    """By score, by letter, by deed, after a reject, in a segment and not: all as the judge will say."""
    leads_make(4, score=70, country="Kenya")
    leads_make(2, score=50, country="Kenya", grade="B2")
    leads_make(3, score=70, country="Kenya", grade="C1")
    leads_make(2, score=5, country="Kenya", deed="pricing_viewed")
    leads_make(5, score=90)
    back = leads_make(4, score=70, country="Kenya")
    came_back(back[:2], days=3)
    came_back(back[2:], days=30)
    client = login("marketer")
    form = segment_form(grades=["A", "B"], instant_kinds=kinds)
    part = client.post(reverse("handoff:policy_new"), form | {"preview": "1"}, headers={"HX-Request": "true"})
    expected = 4 + 2 + 2 + (2 if kinds else 0)
    assert f"<b>{expected}</b> of your 15 leads" in part.content.decode()
    assert client.post(reverse("handoff:policy_new"), form).status_code == 302
    scored([row.lead for row in Standing.objects.select_related("lead")])
    assert Handoff.objects.filter(policy__name="Kenya").count() == expected
