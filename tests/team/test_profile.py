"""A person's own page: zone, hours, time off, theme, tokens, notices."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from deals.models import Task
from deals.services import deal_create
from team.models import ApiToken, Notice, TimeOff, User, office_hours
from team.rules import Calendar, ClosedDays, holidays_of, now_said, week_of
from tests.core.hostile import HOSTILE
from tests.deals.world import lead_make


def test_name_and_zone_are_kept_and_times_shown_in_that_zone(login, people):
    client = login("rep")
    Notice.objects.create(user=people("rep"), key="n", kind="test", title="A", created_at="2026-03-01T12:00:00Z")
    client.post("/profile/", {"name": "Rita R.", "time_zone": "Asia/Tokyo", "theme": "dark", "notify_email": "on"})
    rep = User.objects.get(pk=people("rep").pk)
    assert (rep.name, rep.time_zone, rep.theme, rep.notify_email, rep.notify_sound) == (
        *("Rita R.", "Asia/Tokyo", "dark", True, False),
    )
    page = client.get("/notices/").content.decode()
    assert "1 Mar 2026 21:00" in page and 'data-theme="dark"' in page


def test_nobody_changes_role_or_e_mail_on_the_own_page(login, people):
    client = login("rep")
    sent = {"name": "R", "time_zone": "UTC", "theme": "auto", "is_admin": "on", "email": "x@x.example", "team": ""}
    client.post("/profile/", sent)
    rep = User.objects.get(pk=people("rep").pk)
    assert not rep.is_admin and rep.email == "rita@test.example" and rep.team is not None


def test_an_unknown_zone_is_refused_at_the_field(login, people):
    page = login("rep").post("/profile/", {"name": "R", "time_zone": "Mars/Base", "theme": "auto"})
    assert page.status_code == 422 and b"id_time_zone-error" in page.content
    assert User.objects.get(pk=people("rep").pk).time_zone == "UTC"


def test_working_hours_are_read_as_people_write_them(login, people):
    client = login("rep")
    sent = {"day_0": "9-12:30, 13:30-18", "day_1": "09:00-17:00", "day_6": ""}
    assert client.post("/profile/hours/", sent).status_code == 302
    rep = User.objects.get(pk=people("rep").pk)
    assert rep.working_hours == {"0": [["09:00", "12:30"], ["13:30", "18:00"]], "1": [["09:00", "17:00"]]}
    assert b'value="09:00-12:30, 13:30-18:00"' in client.get("/profile/").content


@pytest.mark.parametrize("text", ["late", "18-9", "9-12, 11-14", "25-26", "9:70-10", "9-"])
def test_hours_that_cannot_be_are_refused_at_their_day(login, people, text):
    before = people("rep").working_hours
    page = login("rep").post("/profile/hours/", {"day_2": text})
    assert page.status_code == 422 and b"id_day_2-error" in page.content
    assert User.objects.get(pk=people("rep").pk).working_hours == before


def test_time_off_is_noted_and_removed_only_by_its_owner(login, people):
    client = login("rep")
    sent = {"starts_at": "2030-07-01T09:00", "ends_at": "2030-07-08T09:00", "note": "Sea"}
    assert client.post("/profile/time-off/", sent).status_code == 302
    off = TimeOff.objects.get()
    assert off.user == people("rep")
    assert login("other_rep").post(f"/profile/time-off/{off.pk}/remove/").status_code == 404
    backwards = client.post("/profile/time-off/", sent | {"ends_at": "2030-06-01T09:00"})
    assert backwards.status_code == 422 and b"after the beginning" in backwards.content
    assert client.post(f"/profile/time-off/{off.pk}/remove/").status_code == 302
    assert not TimeOff.objects.exists()


def test_holidays_come_with_the_country_and_the_week_is_said_in_words(login, people):
    client = login("rep")
    sent = {f"day_{day}": "09:00-17:30" for day in range(5)} | {"place": "DE:BE"}
    assert client.post("/profile/hours/", sent).status_code == 302
    rep = User.objects.get(pk=people("rep").pk)
    assert (rep.country, rep.region) == ("DE", "BE")
    page = client.get("/profile/").content.decode()
    assert "Germany, Berlin" in page and "Women&#x27;s Day" in page and "Not a working day" in page
    wrong = client.post("/profile/hours/", sent | {"place": "DE:XX"})
    assert wrong.status_code == 422 and b"id_place-error" in wrong.content
    client.post("/profile/hours/", sent | {"place": ""})
    assert "No country is set" in client.get("/profile/").content.decode()


def test_the_week_shows_what_is_worked_and_why_not():
    """Whit Monday in Berlin, an afternoon and a day of leave, a company outing."""
    berlin = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 5, 26, 10, tzinfo=berlin)
    leave = (
        (datetime(2026, 5, 27, 13, tzinfo=berlin), datetime(2026, 5, 27, 23, tzinfo=berlin)),
        (datetime(2026, 5, 28, 0, tzinfo=berlin), datetime(2026, 5, 29, 0, tzinfo=berlin)),
    )
    outing = date(2026, 5, 29)
    calendar = Calendar(office_hours(), "Europe/Berlin", ClosedDays("DE", "BE", frozenset({outing})), leave)
    names = {**holidays_of("DE", "BE", 2026), outing: "Outing"}
    week = week_of(calendar, at, names, first=date(2026, 5, 25))
    assert [one.words for one in week] == [
        *("Pentecost Monday", "09:00–17:30", "09:00–13:00", "Time off", "Outing"),
        *("Not a working day", "Not a working day"),
    ]
    assert [one.today for one in week].index(True) == 1 and week_of(calendar, at, names)[0].today
    assert now_said(calendar, at) == "At work until 17:30."
    assert now_said(calendar, at.replace(hour=7)) == "Next at work today at 09:00."
    assert now_said(calendar, at.replace(day=27, hour=15)) == "Next at work on Monday 1 June at 09:00."
    assert now_said(Calendar({}), at) == "At work now; without hours, at any time."


def test_theme_goes_back_to_where_the_person_was_and_nowhere_else(login, people):
    client = login("rep")
    response = client.post("/profile/theme/", {"theme": "dark"}, headers={"referer": "http://testserver/leads/"})
    assert response.url == "http://testserver/leads/"
    response = client.post("/profile/theme/", {"theme": "mauve"}, headers={"referer": "https://evil.example/"})
    assert response.url == "/"
    assert User.objects.get(pk=people("rep").pk).theme == "dark"


def test_a_token_is_shown_once_works_within_its_scopes_and_ends_with_revoking(login, people, client):
    rep = login("rep")
    page = rep.post("/profile/tokens/", {"name": "Website", "scopes": ["leads:read"]}).content.decode()
    secret = page.split('data-copy="')[1].split('"')[0]
    assert secret.startswith("baton_") and len(secret) > 40
    token = ApiToken.objects.get()
    assert secret not in (token.digest, token.prefix) and token.user == people("rep")
    assert secret not in rep.get("/profile/tokens/").content.decode()
    sent = {"headers": {"authorization": f"Bearer {secret}"}}
    assert client.get("/api/v1/leads/", **sent).status_code == 200
    assert client.get("/api/v1/deals/", **sent).status_code == 403
    assert login("other_rep").post(f"/profile/tokens/{token.pk}/revoke/").status_code == 404
    rep.post(f"/profile/tokens/{token.pk}/revoke/")
    assert client.get("/api/v1/leads/", **sent).status_code == 401


def test_a_token_needs_a_scope_that_exists(login):
    for scopes in ([], ["everything"]):
        page = login("rep").post("/profile/tokens/", {"name": "x", "scopes": scopes})
        assert page.status_code == 422
    assert not ApiToken.objects.exists()


def test_notices_are_ones_own_are_counted_and_read(login, people):
    rep, other = people("rep"), people("other_rep")
    mine = [Notice(user=rep, key=f"n{i}", kind="t", title=f"Notice {i} {HOSTILE}", url="/leads/") for i in range(60)]
    Notice.objects.bulk_create([*mine, Notice(user=other, key="o", kind="t", title="Not yours")])
    client = login("rep")
    assert b"60 unread" in client.get("/bell/").content
    page = client.get("/notices/").content.decode()
    assert "Not yours" not in page and HOSTILE not in page and "Notice 59" in page and "Notice 5 " not in page
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "Notice 5 " in client.get(following).content.decode()
    first = Notice.objects.filter(user=rep).latest("pk")
    assert client.post("/notices/read/", {"pk": first.pk, "next": first.url}).url == "/leads/"
    assert b"59 unread" in client.get("/bell/").content
    theirs = Notice.objects.get(user=other)
    client.post("/notices/read/", {"pk": theirs.pk})
    client.post("/notices/read/")
    assert b" unread" not in client.get("/bell/").content
    assert Notice.objects.get(pk=theirs.pk).read_at is None


@pytest.mark.parametrize("value", ["²", "9" * 40, "-1", "x", ""])
def test_an_odd_number_is_nobodys_notice(login, value):
    client = login("rep")
    assert client.get("/notices/", {"cursor": value}).status_code == 200
    assert client.post("/notices/read/", {"pk": value}).status_code == 302


def test_after_reading_a_notice_nobody_is_sent_to_another_host(login):
    for bad in ("https://evil.example/", "//evil.example/", "/\\evil.example"):
        assert login("rep").post("/notices/read/", {"pk": "1", "next": bad}).url == "/notices/"


def test_time_off_that_is_over_is_not_listed(login, people):
    now = timezone.now()
    TimeOff.objects.create(
        user=people("rep"), starts_at=now - timedelta(days=9), ends_at=now - timedelta(days=2), note="Past sea"
    )
    assert b"Past sea" not in login("rep").get("/profile/").content


def test_the_bell_says_how_much_waits_in_the_queue_to_those_who_have_one(login, people):
    rep = people("rep")
    deal = deal_create(by=people("manager"), lead=lead_make(), owner=rep, name="D")
    for days in (-1, 0, 3):
        Task.objects.create(owner=rep, deal=deal, title="t", due_at=timezone.now() + timedelta(days=days))
    client = login("rep")
    page = client.get("/bell/").content.decode()
    assert 'id="queue-count"' in page and ">2<" in page
    assert 'id="queue-count"' not in login("marketer").get("/bell/").content.decode()
