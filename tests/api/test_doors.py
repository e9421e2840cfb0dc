"""Who gets in: tokens, scopes, sessions; and that nobody sees or writes what belongs to somebody else."""

import pytest
from django.test import Client

from deals.models import Deal
from handoff.models import Handoff
from leads.models import Activity, Lead, Standing
from team.services import token_revoke
from tests.access import walk
from tests.handoff.world import ALWAYS, assigned
from tests.leads.make import make_lead


def fields_of(response):
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code and body["title"] and body["type"]
    return [row["field"] for row in body["errors"]]


def test_only_a_living_token_of_an_active_person_opens(program, people):
    asker = program("rep")
    assert asker.get("leads/").status_code == 200
    for header in ("Bearer nonsense", "Bearer", "Bearer a b", "Bearer \xff", "Basic cmVwOnJlcA=="):
        reply = Client().get("/api/v1/leads/", headers={"Authorization": header})
        assert reply.status_code == 401 and reply["WWW-Authenticate"] == "Bearer", header
    rep = people("rep")
    rep.is_active = False
    rep.save()
    assert asker.get("leads/").status_code == 401
    rep.is_active = True
    rep.save()
    token_revoke(token=asker.token)
    assert asker.get("leads/").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "leads/", "leads:read"),
        ("POST", "leads/", "leads:write"),
        ("POST", "activities/", "leads:write"),
        ("POST", "activities/batch/", "leads:write"),
        ("POST", "captures/", "leads:write"),
        ("GET", "companies/", "leads:read"),
        ("GET", "handoffs/", "handoffs:read"),
        ("POST", "handoffs/1/accept/", "handoffs:write"),
        ("GET", "deals/", "deals:read"),
        ("POST", "deals/", "deals:write"),
        ("POST", "deals/1/win/", "deals:write"),
        ("GET", "funnels/", "metrics:read"),
        ("GET", "metrics/funnel/", "metrics:read"),
        ("GET", "metrics/sales/", "metrics:read"),
    ],
)
def test_every_scope_opens_its_doors_and_no_other(program, method, path, scope):
    from team.models import ApiToken

    others = [one for one in ApiToken.SCOPES if one != scope]
    body = {} if method == "POST" else None
    assert program("admin", *others).ask(method, path, body).status_code == 403
    assert program("admin", scope).ask(method, path, body).status_code in (200, 202, 400, 404, 422)


def test_a_session_writes_only_with_its_csrf_token(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people("marketer"))
    assert client.get("/api/v1/leads/").status_code == 200
    body = {"email": "csrf@x.example"}
    assert client.post("/api/v1/leads/", body, "application/json").status_code == 403
    assert not Lead.objects.exists()
    client.get("/api/docs/")
    headers = {"X-CSRFToken": client.cookies["csrftoken"].value}
    assert client.post("/api/v1/leads/", body, "application/json", headers=headers).status_code == 201


@pytest.fixture
def north(people):
    """A lead, a handoff and a deal of the rep of North."""
    rep = people("rep")
    rep.working_hours = ALWAYS
    rep.save()
    handoff = assigned(rep)
    Standing.objects.filter(pk=handoff.lead_id).update(owner=rep)
    return handoff, handoff.lead, Deal.objects.get(lead=handoff.lead_id)


def test_another_rep_sees_and_writes_nothing_of_it(program, north):
    handoff, lead, deal = north
    other = program("other_rep")
    other.get("leads/")  # notes when the token was used
    before = walk.checksum()
    for path in (
        *(f"leads/{lead.pk}/", f"leads/{lead.pk}/activities/", f"scores/{lead.pk}/", f"companies/{lead.company_id}/"),
        *(f"handoffs/{handoff.pk}/", f"deals/{deal.pk}/"),
    ):
        assert other.get(path).status_code == 404, path
    for path in (
        "leads/",
        "companies/",
        "handoffs/",
        "deals/",
        f"handoffs/?lead={lead.pk}",
        f"deals/?lead={lead.pk}",
    ):
        assert other.get(path).json()["results"] == [], path
    writes = [
        *[("PATCH", f"leads/{lead.pk}/", {"first_name": "X"}), ("PATCH", f"deals/{deal.pk}/", {"need": "X"})],
        *[
            ("POST", f"handoffs/{handoff.pk}/accept/", {}),
            ("POST", f"handoffs/{handoff.pk}/reject/", {"reason": "x"}),
        ],
        *[
            ("POST", f"deals/{deal.pk}/{verb}/", {"stage": "demo", "reason": "price"})
            for verb in ("move", "win", "lose")
        ],
    ]
    for method, path, body in writes:
        assert other.ask(method, path, body).status_code == 404, path
    refused = [
        ("leads/", {"email": lead.email, "first_name": "Mine"}, ["email"]),
        ("activities/", {"lead": lead.pk, "kind": "call"}, ["lead"]),
        ("activities/", {"email": lead.email, "kind": "call"}, ["email"]),
        ("deals/", {"lead": lead.pk}, ["lead"]),
        ("deals/", {"company": lead.company_id}, ["company"]),
    ]
    for path, body, named in refused:
        reply = other.post(path, body)
        assert (reply.status_code, fields_of(reply)) == (422, named), path
    assert walk.checksum() == before


def test_marketing_sees_no_amounts(program, north):
    deal = north[2]
    marketer = program("marketer")
    assert marketer.get("deals/").status_code == 403
    assert marketer.get(f"deals/{deal.pk}/").status_code == 403
    assert marketer.get("metrics/sales/").status_code == 403
    assert marketer.post(f"handoffs/{north[0].pk}/accept/").status_code == 403


def test_who_also_is_in_marketing_works_only_on_the_own_deals(program, north, people):
    """A marketer who sells sees every deal, and may not write on another's."""
    both = people("other_rep")
    both.is_marketer = True
    both.save()
    asker, deal = program("other_rep"), north[2]
    assert asker.get(f"deals/{deal.pk}/").status_code == 200
    for path in ("move", "win", "lose"):
        assert asker.post(f"deals/{deal.pk}/{path}/", {"stage": "demo", "reason": "price"}).status_code == 403
    assert asker.patch(f"deals/{deal.pk}/", {"need": "x"}).status_code == 403
    assert asker.post(f"handoffs/{north[0].pk}/accept/").status_code == 403
    assert Handoff.objects.get().state == Handoff.State.ASSIGNED


def test_errors_name_the_field(program):
    admin = program("admin")
    assert fields_of(admin.post("leads/", {"email": "x" * 300})) == ["email"]
    assert fields_of(admin.post("leads/", {"company": {"employees": -1}})) == ["company.employees"]
    assert fields_of(admin.post("leads/", {"first_name": "nobody"})) == ["email"]
    assert fields_of(admin.post("activities/", {"kind": "NOT A KIND"})) == ["kind"]
    assert fields_of(admin.get("leads/?score_min=99999999999999999999")) == ["score_min"]
    broken = admin.client.generic(
        "POST", "/api/v1/leads/", "{", "application/json", headers={"Authorization": f"Bearer {admin.secret}"}
    )
    assert broken.status_code == 400
    plain = admin.client.generic(
        "POST", "/api/v1/leads/", "x", "text/plain", headers={"Authorization": f"Bearer {admin.secret}"}
    )
    assert plain.status_code == 415
    assert Client().get("/api/nowhere/").json()["status"] == 404
    assert fields_of(Client().get("/api/v1/leads/")) == [""]


def test_a_role_less_person_gets_nothing(program):
    nobody = program("roleless")
    for path in ("leads/", "deals/", "handoffs/", "companies/", "funnels/", "metrics/funnel/", "metrics/sales/"):
        assert nobody.get(path).status_code == 403, path


def test_what_one_does_not_see_is_not_counted_in_a_preview(login, people):
    make_lead("Ann Lee", owner=people("rep"), score=90)
    condition = '{"fact": "standing.score", "op": ">=", "value": 50}'
    said = [
        login(role).post("/leads/condition/preview/", {"condition": condition}).json()["count"]
        for role in ("rep", "other_rep", "marketer")
    ]
    assert said == [1, 0, 1]


def test_bulk_leaves_what_one_does_not_see(login, people):
    lead = make_lead("Ann Lee", owner=people("rep"))
    own = make_lead("Bo Own", owner=people("other_rep"))
    post = {"action": "tag_add", "value": "vip", "lead": [lead.pk, own.pk]}
    assert login("other_rep").post("/leads/bulk/", post).status_code == 302
    assert [list(one.tags.values_list("name", flat=True)) for one in (lead, own)] == [[], ["vip"]]
    assert Activity.objects.count() == 0
