"""People and teams: who may see and change whom, invitations, and somebody who leaves."""

import re
from datetime import UTC, datetime

import pytest
from django.core import mail
from django.test import Client

from core import outbox
from core.models import OutboxMessage
from leads.models import Standing
from team import services
from team.models import ApiToken, CompanyDay, Team, TimeOff, User
from team.selectors import calendar_of
from tests.core.hostile import HOSTILE
from tests.deals.world import lead_make

NEW = {
    "name": "Nia New",
    "email": "Nia@Test.Example",
    "is_rep": "on",
    "time_zone": "UTC",
    "team": "",
    "weight": "2",
    "capacity_open": "30",
    "capacity_day": "9",
    "is_active": "on",
}


def sent(person: User, **changes) -> dict:
    roles = {f"is_{role}": "on" for role in person.roles}
    fields = {"name": person.name, "email": person.email, "team": person.team_id or "", "time_zone": person.time_zone}
    load = {"weight": person.weight, "capacity_open": person.capacity_open, "capacity_day": person.capacity_day}
    found = fields | load | roles | {"is_active": "on"} | changes
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("role", ["rep", "marketer"])
def test_only_managers_and_admins_open_the_page(login, role):
    assert login(role).get("/people/").status_code == 403
    assert login("anonymous").get("/people/").status_code == 302


def test_a_manager_sees_the_own_team_an_admin_everybody(login, people):
    rep, other = people("rep"), people("other_rep")
    page = login("manager").get("/people/").content.decode()
    assert rep.name in page and other.name not in page
    assert login("manager").get(f"/people/{other.pk}/").status_code == 404
    page = login("admin").get("/people/").content.decode()
    assert rep.name in page and other.name in page


def test_the_list_costs_the_same_for_many(login, people, django_assert_max_num_queries):
    client = login("admin")
    for number in range(30):
        User.objects.create_user(f"n{number}@test.example", name=f"N {number}", is_rep=True, team=people("rep").team)
    with django_assert_max_num_queries(6):
        client.get("/people/")


def test_a_manager_changes_how_much_a_rep_gets_and_nothing_else(login, people):
    rep = people("rep")
    client = login("manager")
    change = {"weight": "3", "capacity_open": "5", "capacity_day": "2", "is_admin": "on", "name": "Changed"}
    assert client.post(f"/people/{rep.pk}/", change).status_code == 302
    rep.refresh_from_db()
    assert (rep.weight, rep.capacity_open, rep.capacity_day) == (3, 5, 2)
    assert not rep.is_admin and rep.name == "Rita Rep" and rep.is_active
    wrong = client.post(f"/people/{rep.pk}/", change | {"weight": "-1"})
    assert wrong.status_code == 422
    assert client.post("/people/new/", NEW).status_code == 403
    assert client.post("/teams/new/", {"name": "Mine"}).status_code == 403
    assert client.post(f"/people/{rep.pk}/invite/").status_code == 403
    assert not Team.objects.filter(name="Mine").exists() and mail.outbox == []


def test_a_manager_notes_and_removes_time_off_for_the_team_only(login, people):
    rep, other = people("rep"), people("other_rep")
    client = login("manager")
    when = {"starts_at": "2030-07-01T09:00", "ends_at": "2030-07-08T09:00"}
    assert client.post(f"/people/{rep.pk}/time-off/", when).status_code == 302
    off = TimeOff.objects.get()
    assert off.user == rep
    assert client.post(f"/people/{other.pk}/time-off/", when).status_code == 404
    theirs = TimeOff.objects.create(user=other, starts_at=off.starts_at, ends_at=off.ends_at)
    assert client.post(f"/people/{rep.pk}/time-off/{theirs.pk}/remove/").status_code == 404
    client.post(f"/people/{rep.pk}/time-off/{off.pk}/remove/")
    assert list(TimeOff.objects.all()) == [theirs]


def test_a_manager_sets_hours_and_leave_by_the_persons_own_clock(login, people):
    rep = people("rep")
    User.objects.filter(pk=rep.pk).update(time_zone="Asia/Tokyo")
    client = login("manager")
    assert client.post(f"/people/{rep.pk}/hours/", {"day_0": "10-18", "place": "JP"}).status_code == 302
    rep.refresh_from_db()
    assert rep.working_hours == {"0": [["10:00", "18:00"]]} and (rep.country, rep.region) == ("JP", "")
    assert client.post(f"/people/{rep.pk}/hours/", {"day_0": "late"}).status_code == 422
    assert client.post(f"/people/{people('other_rep').pk}/hours/", {"day_0": "10-18"}).status_code == 404
    client.post(f"/people/{rep.pk}/time-off/", {"starts_at": "2030-07-01T09:00", "ends_at": "2030-07-08T09:00"})
    off = TimeOff.objects.get()
    assert off.starts_at == datetime(2030, 7, 1, 0, tzinfo=UTC), "nine in Tokyo"
    page = client.get(f"/people/{rep.pk}/").content.decode()
    assert "1 Jul 2030 09:00" in page and "Coming of Age Day" in page
    backwards = {"starts_at": "2030-07-01T09:00", "ends_at": "2030-06-08T09:00"}
    wrong = client.post(f"/people/{rep.pk}/time-off/", backwards)
    assert wrong.status_code == 422 and b"after the beginning" in wrong.content


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_time_off_of_another_century_is_a_slip(login, people, zone):
    rep = people("rep")
    User.objects.update(time_zone=zone)
    for url, role in ((f"/people/{rep.pk}/time-off/", "manager"), ("/profile/time-off/", "rep")):
        for wrong in ({"starts_at": "0001-01-01T00:00"}, {"ends_at": "9999-12-31T23:59"}):
            asked = {"starts_at": "2026-12-24T09:00", "ends_at": "2026-12-31T09:00"} | wrong
            page = login(role).post(url, asked)
            assert page.status_code == 422 and "between 2000 and 2100" in page.content.decode()


def test_days_off_of_the_company_count_for_everybody(login, people):
    client = login("manager")
    assert login("rep").get("/days-off/").status_code == 403
    assert (
        client.post("/days-off/", {"first": "2030-12-27", "last": "2030-12-31", "name": "Years"}).status_code == 302
    )
    assert CompanyDay.objects.count() == 5
    monday = datetime(2030, 12, 30, 10, tzinfo=UTC)
    assert not calendar_of(people("rep"), since=monday).is_working(monday)
    for wrong in ({"last": "2030-12-01"}, {"last": "2031-12-01"}, {"name": ""}):
        assert client.post("/days-off/", {"first": "2030-12-27", "name": "X"} | wrong).status_code == 422
    client.post(f"/days-off/{CompanyDay.objects.get(day='2030-12-30').pk}/remove/")
    assert calendar_of(people("rep"), since=monday).is_working(monday)
    assert "Years" in client.get("/days-off/").content.decode()


def test_somebody_invited_chooses_a_password_and_is_in(login):
    assert login("admin").post("/people/new/", NEW).status_code == 302
    person = User.objects.get(email="nia@test.example")
    assert person.is_rep and person.weight == 2 and not person.has_usable_password()
    outbox.drain()
    message = mail.outbox[0]
    assert message.to == ["nia@test.example"] and "Ada Admin invites you" in message.subject
    path = re.search(r"http://testserver(/password/set/\S+/)", message.body).group(1)
    assert path in message.alternatives[0][0]
    client = Client()
    form_at = client.get(path, follow=True).redirect_chain[-1][0]
    new = "a much better pass 7"
    client.post(form_at, {"new_password1": new, "new_password2": new})
    assert client.post("/login/", {"username": person.email, "password": new}).status_code == 302
    assert b"invited" not in login("admin").get("/people/").content.split(b"Nia New")[1].split(b"</tr>")[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "RITA@test.example"}, "email"),
        ({"email": "no"}, "email"),
        ({"is_rep": None}, "is_rep"),
        ({"name": ""}, "name"),
    ],
)
def test_who_cannot_be_invited_is_refused_at_the_field(login, people, change, field):
    people("rep")
    fields = {name: value for name, value in (NEW | change).items() if value is not None}
    page = login("admin").post("/people/new/", fields)
    assert page.status_code == 422 and f"id_{field}-error" in page.content.decode()
    assert User.objects.filter(name="Nia New").count() == 0
    assert not OutboxMessage.objects.filter(topic="mail.send").exists()


def test_leaving_names_what_is_on_the_desk_first_and_tells_the_other_rooms(login, people):
    rep, admin = people("rep"), login("admin")
    ApiToken.objects.create(user=rep, name="t", prefix="p", digest="d", scopes=["leads:read"])
    for _ in range(3):
        Standing.objects.filter(pk=lead_make().pk).update(owner=rep)
    asked = admin.post(f"/people/{rep.pk}/", sent(rep, is_active=None))
    assert asked.status_code == 422
    page = asked.content.decode()
    assert 'Other leads and customers <b class="push">3</b>' in page and 'name="confirmed"' in page
    rep.refresh_from_db()
    assert rep.is_active
    told = OutboxMessage.objects.filter(topic="user.deactivated")
    assert not told.exists()
    done = admin.post(f"/people/{rep.pk}/", sent(rep, is_active=None, confirmed="1"))
    assert done["Location"].endswith(f"?rep={rep.pk}"), "on to who shall have what stays"
    rep.refresh_from_db()
    assert not rep.is_active and {one.payload["user_id"] for one in told} == {rep.pk}
    assert {one.handler for one in told} == {"handoff.services.rep_left", "handoff.services.routing_left"}
    assert ApiToken.objects.get().revoked_at is not None


def test_who_sells_no_more_is_asked_about_and_gives_back_too(login, people):
    """They may still sign in, but whom nobody sees as a rep gets no leads and must not keep any undecided."""
    rep, admin = people("rep"), login("admin")
    Standing.objects.filter(pk=lead_make().pk).update(owner=rep)
    change = sent(rep, is_rep=None, is_marketer="on")
    asked = admin.post(f"/people/{rep.pk}/", change)
    assert asked.status_code == 422 and "Take the role off at once" in asked.content.decode()
    told = OutboxMessage.objects.filter(topic="user.deactivated")
    admin.post(f"/people/{rep.pk}/", sent(rep, is_manager="on"))
    assert not told.exists(), "a manager may own leads"
    rep.refresh_from_db()
    admin.post(f"/people/{rep.pk}/", sent(rep, is_rep=None, is_manager=None, is_marketer="on", confirmed="1"))
    assert told.filter(handler="handoff.services.rep_left").count() == 1
    assert not ApiToken.objects.filter(revoked_at__isnull=False).exists()


def test_of_two_who_change_somebody_the_second_is_told_and_an_old_page_lets_nobody_back_in(login, people):
    rep, admin = people("rep"), login("admin")
    page = admin.get(f"/people/{rep.pk}/")
    old = sent(rep, seen=page.context["form"].initial["seen"], weight="3")
    assert f'value="{old["seen"]}"' in page.content.decode()
    services.person_save(person=User.objects.get(pk=rep.pk), by=people("admin"), values={"is_active": False})
    answer = admin.post(f"/people/{rep.pk}/", old)
    assert answer.status_code == 422 and "Somebody else changed this" in answer.content.decode()
    rep.refresh_from_db()
    assert not rep.is_active and rep.weight == 1
    load = login("manager").get(f"/people/{rep.pk}/").context["form"].initial["seen"]
    User.objects.filter(pk=rep.pk).update(weight=7)
    change = {"weight": "3", "capacity_open": "5", "capacity_day": "2", "seen": load}
    assert login("manager").post(f"/people/{rep.pk}/", change).status_code == 422


@pytest.mark.parametrize("values", [{"weight": "101"}, {"capacity_day": "9" * 30}, {"capacity_open": "1e9"}])
def test_numbers_that_nobody_can_mean_are_refused(login, people, values):
    page = login("admin").post(f"/people/{people('rep').pk}/", sent(people("rep"), **values))
    assert page.status_code == 422 and set(page.context["form"].errors) == set(values)


def test_nobody_with_an_empty_desk_is_asked_about(login, people):
    rep = people("rep")
    assert login("admin").post(f"/people/{rep.pk}/", sent(rep, is_active=None)).status_code == 302
    rep.refresh_from_db()
    assert not rep.is_active


def test_the_last_admin_stays_and_nobody_locks_themselves_out(login, people):
    admin, client = people("admin"), login("admin")
    page = client.post(f"/people/{admin.pk}/", sent(admin, is_admin=None, is_rep="on"))
    assert page.status_code == 422 and b"last admin" in page.content
    second = User.objects.create_user("second@test.example", name="Second", is_admin=True)
    page = client.post(f"/people/{admin.pk}/", sent(admin, is_active=None, confirmed="1"))
    assert page.status_code == 422 and b"cannot deactivate yourself" in page.content
    assert client.post(f"/people/{second.pk}/", sent(second, is_active=None)).status_code == 302
    admin.refresh_from_db()
    assert admin.is_admin and admin.is_active


def test_a_team_is_made_renamed_and_named_once(login):
    client = login("admin")
    client.post("/teams/new/", {"name": "East", "reps_see_team": "on"})
    east = Team.objects.get(name="East")
    assert east.reps_see_team
    assert client.post("/teams/new/", {"name": "East"}).status_code == 422
    client.post(f"/teams/{east.pk}/", {"name": "Far East"})
    east.refresh_from_db()
    assert east.name == "Far East" and not east.reps_see_team


def test_a_hostile_name_is_only_text(login, people):
    User.objects.filter(pk=people("rep").pk).update(name=HOSTILE[:120])
    Team.objects.filter(pk=people("rep").team_id).update(name=HOSTILE[:80])
    client = login("admin")
    for path in ("/people/", f"/people/{people('rep').pk}/", f"/teams/{people('rep').team_id}/"):
        page = client.get(path).content.decode()
        assert "<script>alert" not in page and "<img src=x" not in page
    assert "<script>alert" not in login("rep").get("/profile/").content.decode()
