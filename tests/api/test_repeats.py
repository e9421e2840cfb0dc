"""Requests that are sent twice, paged, batched: what a program may rely on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from core.models import IdempotentRequest
from deals.models import Deal
from handoff.models import Handoff
from leads.api import LeadViewSet
from leads.models import Activity, InboxItem, Lead
from tests.access import walk
from tests.handoff.world import assigned
from tests.leads.make import make_lead

ZED = {"email": "zed@corp.example", "first_name": "Zed"}


@pytest.mark.django_db
def test_the_same_key_gives_the_first_answer_and_writes_nothing(program: Callable[..., Any]) -> None:
    asker = program("marketer")
    first = asker.post("leads/", ZED, key="k1")
    assert first.status_code == 201
    before = walk.checksum()
    again = asker.post("leads/", ZED, key="k1")
    assert (again.status_code, again.json()) == (201, first.json())
    assert again["Idempotent-Replayed"] == "true"
    assert walk.checksum() == before


@pytest.mark.django_db
def test_the_same_key_for_something_else_is_refused(program: Callable[..., Any]) -> None:
    asker = program("marketer")
    asker.post("leads/", ZED, key="k1")
    for reply in (
        asker.post("leads/", {**ZED, "first_name": "Zoe"}, key="k1"),
        asker.post("activities/", ZED, key="k1"),
    ):
        assert reply.status_code == 422
        assert reply.json()["errors"][0]["field"] == "Idempotency-Key"
    assert Lead.objects.get(email_key="zed@corp.example").first_name == "Zed"


@pytest.mark.django_db
def test_a_reps_own_call_stops_the_clock_by_whatever_program_it_is_told(
    program: Callable[..., Any], people: Callable[..., Any]
) -> None:
    one = assigned(people("rep"))
    told = {"lead": one.lead_id, "kind": "call", "minutes": 12}
    for role in ("marketer", "manager"):
        assert program(role).post("activities/", told).status_code == 201
    one.refresh_from_db()
    assert one.responded_at is None, "nobody answers for the rep, and no machine does"
    impossible = {"lead": one.lead_id, "kind": "call", "properties": {"minutes": "x"}}
    for wrong in (told | {"minutes": 481}, told | {"minutes": 0}, impossible):
        assert program("rep").post("activities/", wrong).status_code in (400, 422)
    assert program("rep").post("activities/", told | {"key": "c1"}).json()["properties"] == {"minutes": 12}
    one.refresh_from_db()
    assert one.responded_at == one.assigned_at, "they were talking when it came"
    rows = [{"lead": one.lead_id, "kind": "call", "key": "c1"}, {"lead": one.lead_id, "kind": "note", "key": "c2"}]
    assert program("rep").post("activities/batch/", {"activities": rows}).json()["accepted"] == 2
    by = list(Activity.objects.order_by("pk").exclude(kind="demo_requested").values_list("kind", "by__email"))
    rep, manager = people("rep").email, people("manager").email
    assert by == [("call", None), ("call", manager), ("call", rep), ("note", rep)]


@pytest.mark.django_db
def test_another_persons_key_is_another_key(program: Callable[..., Any]) -> None:
    program("marketer").post("leads/", ZED, key="k1")
    assert program("manager").post("leads/", {**ZED, "email": "two@corp.example"}, key="k1").status_code == 201


@pytest.mark.django_db
def test_a_refused_request_keeps_nothing_and_may_be_corrected(program: Callable[..., Any]) -> None:
    asker = program("marketer")
    assert asker.post("leads/", {"email": "no address"}, key="k1").status_code == 422
    assert not IdempotentRequest.objects.exists()
    assert asker.post("leads/", ZED, key="k1").status_code == 201


@pytest.mark.django_db
def test_answers_are_kept_for_a_day_only(program: Callable[..., Any]) -> None:
    asker = program("marketer")
    asker.post("leads/", ZED, key="k1")
    row = IdempotentRequest.objects.get()
    IdempotentRequest.objects.update(created_at=row.created_at - timedelta(hours=25))
    assert asker.post("leads/", {**ZED, "first_name": "Zoe"}, key="k1").status_code == 200


@pytest.mark.django_db
def test_while_the_first_is_being_done_the_second_waits_for_nobody(program: Callable[..., Any]) -> None:
    asker = program("marketer")
    asker.post("leads/", ZED, key="k1")
    IdempotentRequest.objects.update(status=None, body=None)
    assert asker.post("leads/", ZED, key="k1").status_code == 409


@pytest.mark.django_db
def test_a_request_whose_server_was_killed_may_be_sent_again_soon(program: Callable[..., Any]) -> None:
    """It left its key behind and nothing else. Waiting for minutes would be as bad as an error."""
    asker = program("marketer")
    asker.post("leads/", {**ZED, "email": "other@corp.example"}, key="k1")
    ago = IdempotentRequest.objects.get().created_at - timedelta(seconds=25)
    IdempotentRequest.objects.update(status=None, body=None, created_at=ago)
    assert asker.post("leads/", {**ZED, "email": "other@corp.example"}, key="k1").status_code == 200


@pytest.mark.django_db
def test_a_request_that_was_taken_for_dead_writes_nothing(program: Callable[..., Any], monkeypatch: Any) -> None:
    """It only was slow, and its key is somebody else's by now."""
    take = LeadViewSet._take

    def slowly(*args: Any) -> Any:
        IdempotentRequest.objects.all().delete()
        return take(*args)

    monkeypatch.setattr(LeadViewSet, "_take", staticmethod(slowly))
    assert program("marketer").post("leads/", ZED, key="k1").status_code == 409
    assert not Lead.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_with_one_key_make_one(program: Callable[..., Any]) -> None:
    asker = program("marketer")
    together = Barrier(6)

    def send(_: int) -> int:
        try:
            together.wait()
            code: int = asker.post("activities/", {"email": "a@b.example", "kind": "call"}, key="one").status_code
            return code
        finally:
            connection.close()

    asker.post("leads/", {"email": "a@b.example"})
    with ThreadPoolExecutor(6) as pool:
        codes = sorted(pool.map(send, range(6)))
    assert set(codes) <= {201, 409}
    assert 201 in codes
    assert Activity.objects.filter(kind="call").count() == 1


@pytest.mark.django_db
def test_pages_by_cursor_show_everybody_once(program: Callable[..., Any]) -> None:
    made = {make_lead().pk for _ in range(13)}
    Lead.objects.update(created_at=Lead.objects.first().created_at)  # ties
    asker = program("marketer")
    seen: list[int] = []
    path = "leads/?limit=5"
    while path:
        body = asker.get(path).json()
        seen += [row["id"] for row in body["results"]]
        path = (body["next"] or "").partition("/api/v1/")[2]
    assert len(seen) == len(set(seen))
    assert set(seen) == made


@pytest.mark.django_db
def test_filters_narrow(program: Callable[..., Any]) -> None:
    lead = make_lead()
    make_lead()
    asker = program("marketer")
    for query in (f"email={lead.email}", f"email={lead.email.upper()}"):
        assert [row["id"] for row in asker.get(f"leads/?{query}").json()["results"]] == [lead.pk]
    assert asker.get("leads/?stage=evaluation").json()["results"] == []
    wrong = asker.get("leads/?score_min=many")
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["field"] == "score_min"


@pytest.mark.django_db
def test_a_batch_names_what_is_wrong_and_keeps_the_rest(
    program: Callable[..., Any], django_assert_max_num_queries: Any
) -> None:
    lead = make_lead()
    asker = program("marketer")
    rows: list[dict[str, Any]] = [{"lead": lead.pk, "kind": "pricing_viewed", "key": f"k{n}"} for n in range(998)]
    rows += [{"lead": 10**9, "kind": "call"}, {"lead": lead.pk, "kind": "NOT A KIND"}]
    with django_assert_max_num_queries(25):
        body = asker.post("activities/batch/", {"activities": rows}).json()
    assert body["accepted"] == 998
    assert [(row["index"], row["field"]) for row in body["rejected"]] == [(998, "lead"), (999, "kind")]
    asker.post("activities/batch/", {"activities": rows})
    assert Activity.objects.filter(lead=lead, kind="pricing_viewed").count() == 998
    assert asker.post("activities/batch/", {"activities": rows + rows[:1]}).status_code == 400


@pytest.mark.django_db
def test_a_capture_is_kept_once_before_it_is_understood(program: Callable[..., Any]) -> None:
    asker = program("marketer")
    body = {"key": "c1", "lead": {"email": "not an address"}}
    first, again = asker.post("captures/", body), asker.post("captures/", body)
    assert (first.status_code, first.json()["new"]) == (202, True)
    assert (again.json()["id"], again.json()["new"]) == (first.json()["id"], False)
    assert InboxItem.objects.count() == 1


@pytest.mark.django_db
def test_a_handoff_is_accepted_and_its_deal_moves_to_won(program: Callable[..., Any], people: Any) -> None:
    handoff = assigned(people("rep"))
    asker = program("rep")
    assert asker.post(f"handoffs/{handoff.pk}/accept/").json()["state"] == "accepted"
    assert asker.post(f"handoffs/{handoff.pk}/accept/").status_code == 409
    deal = Deal.objects.get(lead=handoff.lead)
    read = asker.get(f"deals/{deal.pk}/").json()
    moved = asker.post(f"deals/{deal.pk}/move/", {"stage": "demo", "seq": read["seq"]}).json()
    assert (moved["stage"], moved["seq"]) == ("demo", read["seq"] + 1)
    stale = asker.post(f"deals/{deal.pk}/move/", {"stage": "qualification", "seq": read["seq"]})
    assert stale.status_code == 409
    assert asker.post(f"deals/{deal.pk}/win/").status_code == 422  # won without an amount
    won = asker.post(f"deals/{deal.pk}/win/", {"amount": "1200.00"}).json()
    assert (won["stage"], won["amount"]) == ("won", "1200.00")
    assert asker.get(f"leads/{handoff.lead_id}/").json()["stage"] == "onboarded"


@pytest.mark.django_db
def test_a_handoff_is_rejected_with_a_coded_reason(program: Callable[..., Any], people: Any) -> None:
    handoff = assigned(people("rep"))
    asker = program("rep")
    unknown = asker.post(f"handoffs/{handoff.pk}/reject/", {"reason": "mood"})
    assert unknown.status_code == 422
    codes = list(Handoff._meta.get_field("reject_reason").related_model.objects.values_list("code", flat=True))
    done = asker.post(f"handoffs/{handoff.pk}/reject/", {"reason": codes[0], "note": "Too early"})
    assert (done.json()["state"], done.json()["reject_reason"]) == ("rejected", codes[0])


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["leads/?limit=50", "handoffs/?limit=50", "deals/?limit=50", "companies/?limit=50"])
def test_lists_ask_a_handful_of_questions(
    program: Callable[..., Any], people: Any, path: str, django_assert_max_num_queries: Any
) -> None:
    for _ in range(4):
        assigned(people("rep"))
    asker = program("manager")
    asker.get(path)
    # token with person and team, then the page
    with django_assert_max_num_queries(6):
        assert asker.get(path).status_code == 200


@pytest.mark.django_db
def test_facts_of_a_company_without_a_name_make_no_company(program: Callable[..., Any]) -> None:
    body = {"email": "zed@gmail.com", "company": {"industry": "Farming", "employees": 3}}
    reply = program("marketer").post("leads/", body)
    assert (reply.status_code, reply.json()["company"]) == (201, None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("3792-09-06T08:07:26%2B22:24", 200),
        ("9999-12-31T23:59:59-12:00", 400),
        ("0001-01-01T00:00:00%2B14:00", 400),
        ("2026-03-01T14:30:00Z", 200),
        ("2026-03-01T14:30:00", 200),
        ("yesterday", 400),
    ],
)
def test_a_time_of_any_offset_is_read_or_refused(program: Callable[..., Any], moment: str, code: int) -> None:
    assert program("rep").get(f"deals/?closed_after={moment}").status_code == code
    assert program("rep").get(f"leads/?created_after={moment}").status_code == code
