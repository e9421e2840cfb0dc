"""The rules table, a rule's page, the feedback page and the rows behind each number, as people open them."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.models import Lead, Standing
from scoring.models import ScoringModel, Study
from tests.scoring.test_met import counted, fact, handed, model_of
from tests.scoring.world import captured

pytestmark = pytest.mark.django_db
NASTY = '<img src=x onerror="alert(1)">'


def some(count: int = 6) -> ScoringModel:
    model = model_of(
        {"condition": fact("country", "France"), "name": f"French {NASTY}"},
        {"condition": fact("country", "Atlantis"), "name": "Nobody"},
    )
    for number in range(count):
        lead = captured(country="France", persona="Buyer" if number % 2 else "")
        Lead.objects.filter(pk=lead.pk).update(campaign=NASTY if number % 2 else "spring", first_name=f"Lea{number}")
        verdict = "rejected" if number % 3 == 0 else "accepted"
        why = "Too early" if number % 3 == 0 else ""
        handed(lead, verdict=verdict, why=why, outcome="" if number % 3 == 0 else "won")
    return model


def rows_of(client: Any, page: str, label: str) -> str:
    """The page behind the link with this text."""
    found = re.search(rf'href="([^"]+)"[^>]*>{re.escape(label)}<', page)
    assert found, label
    return client.get(found[1].replace("&amp;", "&")).content.decode()  # type: ignore[no-any-return]


def test_the_desk_says_what_each_rule_meets_and_names_the_dead(login: Any) -> None:
    some()
    client = login("marketer")
    page = client.get("/scoring/").content.decode()
    assert "not counted yet" in page and "Count now" in page and "handed over" not in page
    counted()
    page = client.get("/scoring/").content.decode()
    assert "6 now, 6 handed over" in page and "small sample" in page
    assert "1 dead rule" in page and "Holds for nobody now" in page
    assert NASTY not in page


def test_counting_is_asked_for_and_one_at_a_time(login: Any) -> None:
    model = some(1)
    client = login("marketer")
    answer = client.post(f"/scoring/models/{model.pk}/count/", {"next": "/scoring/"})
    assert answer.status_code == 302 and answer.url == "/scoring/"
    again = client.post(f"/scoring/models/{model.pk}/count/", {"next": "https://evil.example/"}, follow=True)
    assert (
        "under way already" in again.content.decode() and again.redirect_chain[0][0] == f"/scoring/models/{model.pk}/"
    )
    assert Study.objects.count() == 1
    state = client.get(f"/scoring/models/{model.pk}/count/state/", headers={"HX-Request": "true"})
    assert "Waiting for a worker" in state.content.decode() and "HX-Refresh" not in state.headers
    from scoring.services.studies import study_drain

    study_drain()
    state = client.get(f"/scoring/models/{model.pk}/count/state/", headers={"HX-Request": "true"})
    assert state.headers["HX-Refresh"] == "true"


def test_the_page_of_a_rule_opens_the_rows_behind_each_number(login: Any) -> None:
    model = some()
    counted()
    client = login("marketer")
    rule = model.rules.get(condition=fact("country", "France"))
    page = client.get(f"/scoring/rules/{rule.pk}/met/").content.decode()
    assert "Too early" in page and "small sample" in page and NASTY not in page
    base = f"/scoring/models/{model.pk}/leads/?by=rule&key={rule.pk}&what="
    for what, total in (("now", 6), ("handed", 6), ("accepted", 4), ("rejected", 2), ("won", 4), ("lost", 0)):
        behind = client.get(base + what).content.decode()
        assert f'data-total="{total}"' in behind and behind.count('<th scope="row">') == total, what
    behind = client.get(f"{base}rejected&because=1&reason=Too+early").content.decode()
    assert 'data-total="2"' in behind and "rejected: Too early" in behind


def test_feedback_by_rule_campaign_and_persona(login: Any) -> None:
    some()
    counted()
    client = login("marketer")
    page = client.get("/scoring/feedback/").content.decode()
    assert "100 % Too early" in page and NASTY not in page
    page = client.get("/scoring/feedback/?by=campaign&sort=label").content.decode()
    assert "spring" in page and "&lt;img src=x" in page and NASTY not in page
    behind = rows_of(client, page, "100 % Too early")
    assert 'data-total="1"' in behind and NASTY not in behind
    page = client.get("/scoring/feedback/?by=persona").content.decode()
    assert "(none)" in page and "Buyer" in page
    assert "Nothing handed to sales" in client.get("/scoring/feedback/?days=30").content.decode()
    assert client.get("/scoring/feedback/?by=x&days=no&sort=evil").status_code == 200


def test_a_manager_counts_and_sees_only_what_the_team_may(login: Any, people: Any) -> None:
    model = some(4)
    ids = list(Lead.objects.order_by("pk").values_list("pk", flat=True))
    Standing.objects.filter(pk__in=ids[:3]).update(owner=people("other_rep"))
    Standing.objects.filter(pk=ids[3]).update(owner=people("rep"))
    counted()
    rule = model.rules.get(condition=fact("country", "France"))
    for role, total in (("marketer", 4), ("manager", 1), ("admin", 4)):
        client = login(role)
        page = client.get("/scoring/feedback/").content.decode()
        assert f">{total}</a>" in page
        behind = client.get(f"/scoring/models/{model.pk}/leads/?by=rule&key={rule.pk}&what=handed").content.decode()
        assert f'data-total="{total}"' in behind
        now = client.get(f"/scoring/models/{model.pk}/leads/?by=rule&key={rule.pk}&what=now").content.decode()
        assert f'data-total="{total}"' in now


@pytest.mark.parametrize(
    "path", ["/scoring/", "/scoring/feedback/", "/scoring/feedback/?by=campaign", "rule", "rows"]
)
def test_queries_do_not_grow_with_the_leads(login: Any, path: str) -> None:
    model = some(3)
    counted()
    rule = model.rules.get(condition=fact("country", "France"))
    path = {"rule": f"/scoring/rules/{rule.pk}/met/"}.get(path, path)
    path = {"rows": f"/scoring/models/{model.pk}/leads/?by=rule&key={rule.pk}"}.get(path, path)
    client = login("marketer")
    client.get(path)
    seen = []
    for more in (0, 9):
        for _ in range(more):
            handed(captured(country="France"), outcome="won")
        counted()
        with CaptureQueriesContext(
            connection,
        ) as caught:
            client.get(path)
        seen.append(len(caught))
    assert seen[0] == seen[1] <= 24, seen


def test_addresses_that_make_no_sense(login: Any) -> None:
    model = some(1)
    client = login("marketer")
    base = f"/scoring/models/{model.pk}/leads/"
    assert client.get(f"{base}?by=rule&key=x").status_code == 404
    assert client.get(f"{base}?by=rule&key=999999").status_code == 404
    assert client.get(f"{base}?what=now").status_code == 404
    assert client.get(f"{base}?what=evil&days=7&cursor=x&by=campaign&key=%00").status_code == 200
    assert client.get("/scoring/rules/999999/met/").status_code == 404
