import json
from typing import Any

import pytest
from django.forms import Form

from leads.forms.condition import ConditionField
from leads.services import capture_accept, inbox_drain

GOOD = {"all": [{"fact": "company.employees", "op": ">=", "value": 50}, {"did": "pricing_viewed", "times": 2}]}


class Asking(Form):
    condition = ConditionField()


def test_a_condition_comes_back_as_a_dict() -> None:
    form = Asking({"condition": json.dumps(GOOD)})
    assert form.is_valid()
    assert form.cleaned_data["condition"] == GOOD


@pytest.mark.parametrize("text", ["", "  ", "{}"])
def test_empty_means_everybody(text: str) -> None:
    form = Asking({"condition": text})
    assert form.is_valid()
    assert form.cleaned_data["condition"] == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"all": [{"fact": "company.employees", "op": ">=", "value": "many"}]}', "condition.all[0].value"),
        ('{"any": [{"fact": "nonsense", "op": "is", "value": "x"}]}', "condition.any[0].fact"),
        ('{"all": [', "line 1"),
        ("[1]", "A condition is an object"),
        ('{"fact": "lead.city", "op": "is", "value": "a\\u0000b"}', "condition.value"),
        pytest.param("[" * 5000, "Not JSON", id="deep"),
    ],
)
def test_an_error_names_the_part(text: str, said: str) -> None:
    form = Asking({"condition": text})
    assert not form.is_valid()
    assert said in form.errors["condition"][0]
    assert text[:20].split('"')[0] in str(form)


@pytest.mark.django_db
def test_the_builder_shows_the_sentence_and_keeps_the_json() -> None:
    html = str(Asking(initial={"condition": GOOD}))
    assert "employees is at least 50 and viewed pricing 2 times" in html
    assert "data-condition" in html and "&quot;pricing_viewed&quot;" in html


def test_words_and_preview(login: Any, people: Any) -> None:
    capture_accept(source="api", key="1", body={"lead": {"email": "ann@a.example"}, "company": {"employees": 80}})
    inbox_drain()
    browser = login("marketer")
    words = browser.get("/leads/condition/words/").json()
    assert {"name": "company.employees", "label": "employees", "type": "number", "group": "Company"} in words["facts"]
    reply = browser.post("/leads/condition/preview/", {"condition": json.dumps({"all": GOOD["all"][:1]})}).json()
    assert reply["count"] == 1
    assert "matches 1 of your lead" in reply["said"]
    assert login("rep").post("/leads/condition/preview/", {"condition": ""}).json()["count"] == 0
    assert browser.post("/leads/condition/preview/", {"condition": '{"x": 1}'}).status_code == 422
    assert login("anonymous").post("/leads/condition/preview/", {"condition": ""}).status_code == 302
