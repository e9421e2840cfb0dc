"""One change to many leads: what it does, whom it leaves alone, and the way back."""

from typing import Any

import pytest

from core.models import Leased
from funnels.models import Transition
from funnels.selectors import stage_get
from handoff.models import Handoff
from handoff.services import assign_drain
from leads import tasks
from leads.models import BulkJob, Lead, Standing, Tag
from leads.services import bulk
from team.models import User
from tests.handoff.world import ALWAYS, scored
from tests.leads.make import make_lead


def _post(browser: Any, action: str, value: Any = "", **more: Any) -> Any:
    return browser.post("/leads/bulk/", {"action": action, f"value_{action}": value, **more})


def _job(reply: Any) -> BulkJob:
    assert reply.status_code == 302, reply.content
    return BulkJob.objects.get(pk=int(reply["Location"].rstrip("/").rpartition("/")[2]))


def test_the_selected_move_to_a_stage_and_back(login: Any) -> None:
    leads = [make_lead(f"P{index}") for index in range(3)] + [make_lead("With Sales", stage="handed_off")]
    browser = login("marketer")
    interest = stage_get("marketing", "interest")
    job = _job(_post(browser, "stage", interest.pk, lead=[lead.pk for lead in leads]))
    assert (job.state, job.total, job.changed) == (Leased.State.DONE, 4, 3)
    assert list(job.refused.values()) == [1]
    assert Standing.objects.filter(stage=interest).count() == 3
    assert "1 left alone" in browser.get(f"/leads/bulk/{job.pk}/").content.decode()
    undo = _job(browser.post(f"/leads/bulk/{job.pk}/undo/"))
    assert undo.changed == 3
    assert Standing.objects.filter(stage__key="awareness").count() == 3
    rows = Transition.objects.filter(kind=Transition.Kind.LEAD, traveller_id=leads[0].pk).order_by("seq")
    assert [row.to_stage.key for row in rows] == ["awareness", "interest", "awareness"]
    assert _job(browser.post(f"/leads/bulk/{job.pk}/undo/")).pk == undo.pk  # only once


def test_nobody_is_handed_off_by_hand(login: Any) -> None:
    lead = make_lead("Ann Lee")
    reply = _post(login("marketer"), "stage", stage_get("marketing", "handed_off").pk, lead=lead.pk)
    assert reply.status_code == 422
    assert Standing.objects.get().stage.key == "awareness"


def test_back_from_disqualified_after_a_handoff_starts_the_next_cycle(login: Any, people: Any) -> None:
    from funnels.services import journey_move

    lead = make_lead("Ann Lee")
    for key in ("handed_off", "disqualified"):
        row = Standing.objects.select_related("stage__funnel").get()
        journey_move([row], kind=Transition.Kind.LEAD, to=stage_get("marketing", key), cause="test")
    _job(_post(login("manager"), "stage", stage_get("marketing", "interest").pk, lead=lead.pk))
    assert (Standing.objects.get().stage.key, Standing.objects.get().cycle) == ("interest", 2)


def test_owner_tags_and_their_undo(login: Any, people: Any) -> None:
    rep, other = people("rep"), people("other_rep")
    leads = [make_lead("Ann Lee", owner=rep), make_lead("Bob Ray")]
    ids = [lead.pk for lead in leads]
    browser = login("marketer")
    owned = _job(_post(browser, "owner", other.pk, lead=ids))
    assert set(Standing.objects.values_list("owner", flat=True)) == {other.pk}
    _job(browser.post(f"/leads/bulk/{owned.pk}/undo/"))
    assert list(Standing.objects.order_by("pk").values_list("owner", flat=True)) == [rep.pk, None]
    leads[0].tags.add(Tag.objects.create(name="VIP"))
    tagged = _job(_post(browser, "tag_add", "vip", lead=ids))
    assert (tagged.changed, Tag.objects.count()) == (1, 1)
    assert Tag.objects.get().leads.count() == 2
    _job(browser.post(f"/leads/bulk/{tagged.pk}/undo/"))
    assert [lead.pk for lead in Tag.objects.get().leads.all()] == ids[:1]
    assert _job(_post(browser, "tag_remove", "VIP", lead=ids)).changed == 1


def test_undo_leaves_alone_what_changed_since(login: Any, people: Any) -> None:
    leads = [make_lead("Ann Lee"), make_lead("Bob Ray")]
    browser = login("marketer")
    job = _job(_post(browser, "owner", people("rep").pk, lead=[lead.pk for lead in leads]))
    Standing.objects.filter(pk=leads[0].pk).update(owner=people("manager"))
    undo = _job(browser.post(f"/leads/bulk/{job.pk}/undo/"))
    assert undo.changed == 1
    assert Standing.objects.get(pk=leads[0].pk).owner == people("manager")


def test_an_undone_owner_does_not_take_away_whom_sales_got_since(login: Any, people: Any) -> None:
    """Given to Rita by hand, handed over to her since: the handoff says whose it is now."""
    rita, lead = people("rep"), make_lead("Hot Lead")
    User.objects.filter(pk=rita.pk).update(working_hours=ALWAYS)
    browser = login("marketer")
    job = _job(_post(browser, "owner", rita.pk, lead=[lead.pk]))
    Standing.objects.update(score=90, grade="A1")
    scored([lead])
    assert assign_drain() == 1
    undo = _job(browser.post(f"/leads/bulk/{job.pk}/undo/"))
    assert undo.changed == 0 and list(undo.refused) == ["It was changed since."]
    assert Standing.objects.get().owner == Handoff.objects.get().rep == rita


@pytest.mark.parametrize(("who", "action"), [("rep", "owner"), ("rep", "erase"), ("marketer", "erase")])
def test_who_may_not(login: Any, people: Any, who: str, action: str) -> None:
    lead = make_lead("Ann Lee", owner=people("rep"))
    for confirmed in ("", "1"):
        reply = _post(login(who), action, people("manager").pk, lead=lead.pk, confirmed=confirmed)
        assert reply.status_code == 422
    assert Lead.objects.count() == 1 and Standing.objects.get().owner == people("rep")


def test_leads_of_others_are_never_touched(login: Any, people: Any) -> None:
    mine, theirs = make_lead("Ann Lee", owner=people("rep")), make_lead("Bob Ray", owner=people("other_rep"))
    job = _job(_post(login("rep"), "tag_add", "x", lead=[mine.pk, theirs.pk]))
    assert job.changed == 1 and theirs.tags.count() == 0
    assert login("other_rep").get(f"/leads/bulk/{job.pk}/").status_code == 404


def test_all_matching_is_named_first_then_done_by_a_worker(login: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 4)
    for index in range(11):
        make_lead(f"P{index}", source="web" if index else "fair", score=index)
    browser = login("marketer")
    asked = {"scope": "all", "query": "source=web"}
    page = _post(browser, "tag_add", "hot", **asked).content.decode()
    assert "10 leads" in page and "P10" in page and "5 more" in page
    assert BulkJob.objects.count() == 0
    job = _job(_post(browser, "tag_add", "hot", confirmed="1", **asked))
    assert job.state == Leased.State.PENDING
    waiting = browser.get(f"/leads/bulk/{job.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "every 1s" in waiting and "<html" not in waiting
    assert tasks.bulk_drain() == 10
    assert tasks.bulk_drain() == 0
    job.refresh_from_db()
    assert (job.state, job.total, job.changed) == (Leased.State.DONE, 10, 10)
    assert Tag.objects.get().leads.filter(source="fair").count() == 0


def test_a_chunk_that_dies_is_done_again_and_none_twice(login: Any, people: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 2)
    for index in range(6):
        make_lead(f"P{index}")
    job = bulk.bulk_start(by=people("marketer"), action="owner", value=str(people("rep").pk), query="")
    calls = []

    def dies(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("killed")
        return bulk._do_owner(*args)

    monkeypatch.setitem(bulk.ACTIONS, "owner", dies)
    bulk.bulk_drain()
    job.refresh_from_db()
    assert (job.state, job.seen, job.changed) == (Leased.State.PENDING, 2, 2)
    BulkJob.objects.update(due_at=job.created_at)
    bulk.bulk_drain()
    job.refresh_from_db()
    assert (job.state, job.seen, job.changed) == (Leased.State.DONE, 6, 6)
    assert job.changes.count() == 6


def test_a_stopped_job_stops(people: Any) -> None:
    make_lead("Ann Lee")
    job = bulk.bulk_start(by=people("marketer"), action="tag_add", value="x", query="")
    bulk.bulk_cancel(job=job)
    bulk.bulk_drain()
    job.refresh_from_db()
    assert (job.state, job.changed) == (Leased.State.DONE, 0)


def test_a_broken_filter_never_means_everybody(login: Any) -> None:
    make_lead("Ann Lee")
    reply = _post(login("admin"), "erase", scope="all", query="condition=[", confirmed="1")
    assert reply.status_code == 422
    assert Lead.objects.count() == 1


def test_delete_names_them_and_erases(login: Any) -> None:
    leads = [make_lead(f"Ann Lee{index}") for index in range(3)]
    browser = login("manager")
    ids = [lead.pk for lead in leads[:2]]
    page = _post(browser, "erase", lead=ids).content.decode()
    assert "Ann Lee0" in page and "cannot be undone" in page and Lead.objects.count() == 3
    job = _job(_post(browser, "erase", lead=ids, confirmed="1"))
    assert job.changed == 2
    assert list(Lead.objects.all()) == leads[2:]
    assert Transition.objects.filter(traveller_id__in=ids).count() == 0
