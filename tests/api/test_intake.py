"""What comes in over the API: one answer, one commit, few statements, and the same lead whichever way it is read."""

from collections.abc import Callable
from typing import Any

import pytest

from leads.models import Activity, InboxItem, Lead, Standing
from leads.services import capture_accept, inbox_drain

FULL = {
    "email": "Ina.Take@Corp.example",
    "external_id": "crm-7",
    "first_name": "Ina",
    "last_name": "Take",
    "phone": "+49 30 1234",
    "job_title": "Buyer",
    "country": "DE",
    "company": {"name": "Corp", "domain": "www.corp.example", "employees": 70, "industry": "Farming"},
    "touch": {"source": "google", "medium": "cpc", "campaign": "spring"},
    "consent_email": True,
    "custom": {"size": 3, "plan": "pro"},
}


@pytest.mark.django_db
@pytest.mark.parametrize("body", [FULL, {"email": "a@gmail.com"}, {"external_id": "x1"}])
def test_the_answer_about_a_new_lead_is_what_reading_it_gives(program: Callable[..., Any], body: Any) -> None:
    asker = program("marketer")
    made = asker.post("leads/", body)
    assert made.status_code == 201
    assert made.json() == asker.get(f"leads/{made.json()['id']}/").json()
    standing = Standing.objects.get(pk=made.json()["id"])
    assert (standing.seq, standing.score_due_at is not None) == (1, True)
    again = asker.post("leads/", body)
    assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
    assert again.json() == asker.get(f"leads/{made.json()['id']}/").json()


@pytest.mark.django_db
def test_intake_takes_few_statements(program: Callable[..., Any], django_assert_max_num_queries: Any) -> None:
    asker = program("marketer")
    asker.post("leads/", FULL)
    asker.post("captures/", {"lead": {"email": "b@corp.example"}})
    with django_assert_max_num_queries(4):  # the token, and one INSERT in the test's own savepoint
        assert asker.post("captures/", {"lead": {"email": "c@corp.example"}}).status_code == 202
    with django_assert_max_num_queries(12):
        assert asker.post("leads/", {"email": "d@corp.example", "first_name": "Dee"}).status_code == 201


@pytest.mark.django_db
def test_captures_of_one_person_in_one_batch_make_one_lead(db: Any) -> None:
    told: list[dict[str, Any]] = [
        {"email": "a@corp.example", "first_name": "Ada"},
        {"external_id": "x1", "last_name": "Love"},
        {"email": "b@corp.example", "external_id": "x1"},
        {"email": "a@corp.example", "last_name": "Byron"},
    ]
    for number, lead in enumerate(told):
        body = {"lead": lead, "activities": [{"kind": "pricing_viewed", "key": "p"}]}
        capture_accept(source="api:1", key=str(number), body=body)
    assert inbox_drain() == 4
    assert set(InboxItem.objects.values_list("state", flat=True)) == {"done"}
    assert Standing.objects.count() == Lead.objects.count() == 2
    assert set(Activity.objects.values_list("lead__email_key", flat=True)) == {"a@corp.example", "b@corp.example"}
    ada, bea = Lead.objects.get(email_key="a@corp.example"), Lead.objects.get(external_id="x1")
    assert (ada.name, bea.last_name, bea.email_key) == ("Ada Byron", "Love", "b@corp.example")


@pytest.mark.django_db
def test_an_email_of_one_lead_and_the_external_id_of_another_are_told(program: Callable[..., Any]) -> None:
    asker = program("marketer")
    asker.post("leads/", {"email": "a@corp.example"})
    asker.post("leads/", {"external_id": "x1"})
    torn = {"email": "a@corp.example", "external_id": "x1"}
    reply = asker.post("leads/", torn)
    assert (reply.status_code, reply.json()["errors"][0]["field"]) == (422, "external_id")
    for number, lead in enumerate([torn, {"email": "c@corp.example"}]):
        capture_accept(source="api:1", key=str(number), body={"lead": lead})
    assert inbox_drain() == 1
    aside = InboxItem.objects.get(state="quarantined")
    assert aside.last_error == "lead.external_id: This external id is another lead's."


@pytest.mark.django_db
def test_a_token_counts_and_a_session_beside_it_does_not(program: Callable[..., Any], login: Any) -> None:
    """A browser's session neither helps a refused token nor hinders a good one, and answers stay guarded."""
    asker = program("marketer", "leads:read")
    asker.client = login("admin")
    assert asker.post("leads/", {"email": "a@corp.example"}).status_code == 403
    reply = asker.get("leads/")
    assert (reply.status_code, reply.wsgi_request.user) == (200, asker.token.user)
    assert (reply["X-Frame-Options"], reply["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert "Set-Cookie" not in reply and reply["Content-Length"] == str(len(reply.content))
    asker.secret = "nonsense"
    refused = asker.get("leads/")
    assert (refused.status_code, refused["Content-Type"]) == (401, "application/problem+json")
    assert asker.get("nothing/").status_code == 404
    assert (
        asker.client.get("/api/v1/leads/", headers={"Host": "evil.example", "Authorization": "Bearer x"}).status_code
        == 400
    )
