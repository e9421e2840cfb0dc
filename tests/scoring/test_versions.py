"""Two versions side by side, and who changed what."""

from typing import Any

import pytest

from scoring.models import ScoringModel, ScoringRule
from scoring.selectors.versions import compare
from scoring.services import model_draft, model_update, rule_delete, rule_save

pytestmark = pytest.mark.django_db


def changed(by: Any) -> tuple[ScoringModel, ScoringModel]:
    """The active model, and a draft from it with a rule more, one less, one other and a cap lowered."""
    active = ScoringModel.objects.get(state="active")
    draft = model_draft(source=active, by=by)
    pricing = draft.rules.get(name="Viewed pricing")
    rule_save(model_id=draft.pk, rule_id=pricing.pk, by=by, points=30, name="Saw prices", counts="daily", a_day=2)
    rule_delete(model_id=draft.pk, rule_id=draft.rules.get(name="Met a rep").pk, by=by)
    condition = {"fact": "lead.city", "op": "is", "value": "Rome"}
    rule_save(model_id=draft.pk, by=by, group="negative", name="From Rome", points=-5, condition=condition)
    model_update(model_id=draft.pk, by=by, fit_cap=80, fit_bounds=[50, 25, 10])
    return active, ScoringModel.objects.get(pk=draft.pk)


def test_rules_added_removed_and_changed_are_told_with_their_terms(people: Any) -> None:
    found = compare(*changed(people("marketer")))
    assert [(one.what, one.rule.name) for one in found.rules] == [
        ("changed", "Saw prices"),
        ("added", "From Rome"),
        ("removed", "Met a rep"),
    ]
    assert found.rules[0].changes == [
        ("name", "Viewed pricing", "Saw prices"),
        ("points", "+12", "+30"),
        ("when", "each time: viewed pricing", "at most 2 times a day: viewed pricing"),
    ]
    assert ("Fit cap", "100", "80") in found.settings
    assert ("Fit letters", "A from 40, B from 25, C from 10", "A from 50, B from 25, C from 10") in found.settings
    assert found.same == found.before.rules.count() - 2


def test_a_version_is_the_same_as_itself_and_a_copy(people: Any) -> None:
    active = ScoringModel.objects.get(state="active")
    copy = model_draft(source=active, by=people("marketer"))
    twin = ScoringRule.objects.create(
        model=copy, group="fit", name="Phone known", points=5, condition={"did": "call"}
    )
    found = compare(active, copy)
    assert [(one.what, one.after) for one in found.rules] == [("added", twin)] and found.settings == []


def test_the_page_compares_what_is_asked_for_and_names_who(login: Any, people: Any) -> None:
    changed(people("marketer"))
    client = login("manager")
    page = client.get("/scoring/versions/?before=1&after=2").content.decode()
    assert "Saw prices" in page and "+12" in page and "From Rome" in page and "fit cap" in page.lower()
    assert "Removed: +15 Met a rep" in page and "Maya" in page
    assert "There is one version" not in page
    back = client.get("/scoring/versions/?before=2&after=1").content.decode()
    assert "From version 2 to version 1" in back
    for odd in ("", "?before=2&after=2", "?before=x&after=99"):
        assert client.get(f"/scoring/versions/{odd}").status_code == 200


def test_the_page_asks_few_questions(login: Any, people: Any, django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        changed(people("marketer"))
    client = login("manager")
    client.get("/scoring/versions/")
    with django_assert_max_num_queries(8):
        client.get("/scoring/versions/?before=1&after=2")


def test_of_two_people_who_edit_one_draft_the_second_is_told(login: Any) -> None:
    draft = model_draft(source=ScoringModel.objects.get(state="active"), by=None)
    rule = draft.rules.get(name="Viewed pricing")
    maya, ada = login("marketer"), login("admin")
    address, settings = f"/scoring/rules/{rule.pk}/", f"/scoring/models/{draft.pk}/"

    def opened(client: Any, page: str) -> dict[str, Any]:
        form = client.get(page).context["form"]
        return {name: form[name].value() for name in form.fields if form[name].value() is not None}

    mayas, adas = opened(maya, address), opened(ada, address)
    assert maya.post(address, mayas | {"points": 31}).status_code == 302
    answer = ada.post(address, adas | {"points": 7})
    assert answer.status_code == 409 and "It reads now: +31" in answer.content.decode()
    rule.refresh_from_db()
    assert rule.points == 31, "the first one's change stands"
    assert ada.post(address, opened(ada, address) | {"points": 7}).status_code == 302

    mayas, adas = opened(maya, settings), opened(ada, settings)
    assert maya.post(settings, mayas | {"fit_cap": 80}).status_code == 302
    answer = ada.post(settings, adas | {"fit_cap": 90})
    assert answer.status_code == 409 and "fit cap 80" in answer.content.decode()

    mayas = opened(maya, address)
    ada.post(f"/scoring/rules/{rule.pk}/delete/")
    assert maya.post(address, mayas).status_code == 404
