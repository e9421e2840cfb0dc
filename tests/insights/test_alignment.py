"""The week together: the sheet, what is decided, and the mail on Monday mornings."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command

from core import outbox
from core.errors import Conflict, Refused
from core.models import OutboxMessage
from deals.models import Deal, LostReason
from funnels.selectors import stage_get
from insights.models import AlignmentMail, Contract, Decision
from insights.services import alignment, alignment_drain
from insights.services.alignment import week_due
from insights.services.decisions import decision_change, decision_done, decision_note
from team.models import User
from team.rules import zone_get
from tests.insights.contract_world import STATES, W10, fortnight, handoff, moment
from tests.insights.test_contract import promised
from tests.personas import persona
from tests.threads import at_once

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> & {{ 7|add:7 }}'
BERLIN = "Europe/Berlin"


def sheet(client, name="2026-W10"):
    page = client.get(f"/contract/weeks/{name}/")
    assert page.status_code == 200
    return page.content.decode()


def reader(role="manager", zone="UTC", wants=True):
    user = persona(role)
    user.time_zone, user.mail_alignment = zone, wants
    user.save()
    return user


def test_the_sheet_says_what_was(login):
    Contract.objects.create(pk=1, time_zone=BERLIN)
    fortnight()
    promised()
    page = sheet(login("admin"))
    assert "sales accepted <b>3</b> so far (50.0 % of 6), rejected <b>2</b>, and has not decided on <b>1</b>" in page
    assert "6 MQLs more than the week before (0)." in page
    assert "In &lt;May&gt;" in page and "No budget yet" in page
    after = sheet(login("admin"), "2026-W11")
    assert "5 MQLs fewer than the week before (6)." in after


def test_no_week_is_no_page(login):
    client = login("marketer")
    for name in ("2026-W99", "x", "1900-W01", "2999-W01"):
        assert client.get(f"/contract/weeks/{name}/").status_code == 404
    assert client.get("/contract/weeks/").status_code == 302
    for name in ("2999-W01", "9999-W52", "2150-W01", "0001-W01"):  # nor is anything decided about it
        assert client.post(f"/contract/weeks/{name}/decisions/", {"text": "x"}).status_code == 404
    assert not Decision.objects.exists()


def test_decisions_are_kept_with_the_week_and_carried_on(login):
    client = login("marketer")
    owner = persona("manager")
    sent = {"text": "Call  twice", "owner": owner.pk, "due": "2026-03-20"}
    for _ in range(2):  # a double click is one decision
        assert client.post("/contract/weeks/2026-W10/decisions/", sent).status_code == 302
    one = Decision.objects.get()
    assert (one.text, one.monday, one.by, one.owner) == ("Call twice", W10, persona("marketer"), owner)
    assert "Call twice" in sheet(client) and "From earlier weeks" in sheet(client, "2026-W11")
    assert "Call twice" not in sheet(client, "2026-W09")
    client.post(f"/contract/decisions/{one.pk}/done/", {"done": "1", "week": "2026-W11"})
    one.refresh_from_db()
    assert one.done_by == persona("marketer")
    Decision.objects.update(done_at=moment(10))  # within the week after: still on that sheet, not on the next
    assert "Call twice" in sheet(client, "2026-W11") and "Call twice" not in sheet(client, "2026-W12")
    assert login("rep").post("/contract/weeks/2026-W10/decisions/", sent).status_code == 403


def test_who_left_keeps_what_was_theirs_to_do(login):
    one = decision_note(by=persona("manager"), monday=W10, text="Call twice", owner=persona("rep"))
    User.objects.filter(pk=persona("rep").pk).update(is_active=False)
    client = login("marketer")
    assert "Rita Rep" in client.get(f"/contract/decisions/{one.pk}/").content.decode()
    sent = {"text": "Call thrice", "owner": persona("rep").pk, "revision": 1}
    assert client.post(f"/contract/decisions/{one.pk}/", sent).status_code == 302
    assert Decision.objects.get().owner == persona("rep")


def test_the_sheet_of_a_team_says_whose_it_is_and_stays_there(login):
    team, client = persona("rep").team, login("admin")
    assert "Handoffs of" not in sheet(client)
    page = client.get(f"/contract/weeks/2026-W10/?team={team.pk}").content.decode()
    assert "Handoffs of North." in page and f'/contract/weeks/2026-W09/?team={team.pk}"' in page
    page = client.get(f"/contract/?until=2026-W10&team={team.pk}").content.decode()
    assert f'/contract/weeks/2026-W10/?team={team.pk}"' in page
    assert "Handoffs of North, and those that nobody has yet." in sheet(login("manager"))
    page = login("rep").get(f"/contract/?team={persona('other_rep').team.pk}").content.decode()
    assert "Your own handoffs." in page and "South" not in page


def test_the_second_of_two_editors_is_told(login):
    one = decision_note(by=persona("manager"), monday=W10, text="First words")
    decision_change(by=persona("manager"), decision=one, revision=1, text="Better words")
    with pytest.raises(Conflict):
        decision_change(by=persona("marketer"), decision=one, revision=1, text="Other words")
    answer = login("marketer").post(f"/contract/decisions/{one.pk}/", {"text": "Other words", "revision": 1})
    assert answer.status_code == 409 and "Somebody else changed" in answer.content.decode()
    assert Decision.objects.get().text == "Better words"
    with pytest.raises(Refused):
        decision_done(by=persona("rep"), decision=one, done=True)
    with pytest.raises(Refused):
        decision_note(by=persona("manager"), monday=W10, text="  ")


def lost_deal(owner, objection):
    Deal.objects.create(
        name="d",
        owner=owner,
        amount=98765,
        stage=stage_get("sales", "lost"),
        stage_since=moment(4),
        seq=1,
        created_at=moment(2),
        closed_at=moment(4),
        lost_reason=LostReason.objects.filter(counts=True).first(),
        objection=objection,
    )


def hostile_week():
    rep = persona("rep")
    handoff(moment(3), answered=5, state=STATES.REJECTED, decided=moment(3, 12), why="timing", note=HOSTILE)
    lost_deal(rep, HOSTILE)
    decision_note(by=persona("manager"), monday=W10, text=HOSTILE)
    persona("marketer")
    User.objects.filter(pk=rep.pk).update(name="<b>Rita</b>")


def test_peoples_text_is_text_on_the_page_and_in_the_mail(login):
    hostile_week()
    page = sheet(login("admin"))
    assert "<script>alert" not in page and "<img src=x" not in page and "<b>Rita</b>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3 and "{{ 7|add:7 }}" in page
    reader("marketer")
    assert alignment_drain(now=moment(9, 12)) == 1
    outbox.drain()
    sent = mail.outbox[-1]
    html = sent.alternatives[0][0]
    assert "<script>alert" not in html and "<img src=x" not in html and "<b>Rita</b>" not in html
    assert html.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 3
    assert sent.body.count("<script>alert(1)</script>") == 3  # plain text: as it was written
    assert "98765" not in html and "98,765" not in html and "98765" not in page.replace("98,765", "98765")


def test_a_manager_reads_of_the_own_team_only(login):
    handoff(moment(3), answered=5, state=STATES.REJECTED, decided=moment(3, 12), why="timing", note="north said")
    other = persona("other_rep")
    handoff(
        moment(3), rep=other, answered=5, state=STATES.REJECTED, decided=moment(4), why="timing", note="south said"
    )
    lost_deal(other, "south lost")
    page = sheet(login("manager"))
    assert "north said" in page and "south said" not in page and "south lost" not in page
    assert "south said" in sheet(login("marketer"))
    reader("manager")
    alignment_drain(now=moment(9, 12))
    text = OutboxMessage.objects.get(topic="mail.send").payload["text"]
    assert "north said" in text and "south said" not in text


# --- Monday mornings -------------------------------------------------------------------------------


def letters():
    return list(OutboxMessage.objects.filter(topic="mail.send").order_by("key").values_list("key", flat=True))


def test_it_is_mailed_once_on_monday_at_nine_of_the_reader():
    user = reader(zone=BERLIN)
    assert alignment_drain(now=moment(9, 7, 59)) == 0
    assert [alignment_drain(now=moment(9, 8, minute)) for minute in (0, 1, 2)] == [1, 0, 0]
    assert letters() == [f"contract:2026-W10:{user.pk}"]
    assert alignment_drain(now=moment(15, 23)) == 0
    assert alignment_drain(now=moment(16, 8)) == 1  # the next week
    assert len(letters()) == 2


def test_a_monday_spent_down_is_made_up_for_in_the_same_week_only():
    user = reader()
    assert alignment_drain(now=moment(13, 3)) == 1  # Friday
    assert letters() == [f"contract:2026-W10:{user.pk}"]
    AlignmentMail.objects.all().delete()
    OutboxMessage.objects.all().delete()
    assert alignment_drain(now=moment(23, 8)) == 0  # two Mondays later, before nine: nothing is old enough to send
    assert alignment_drain(now=moment(23, 9)) == 1
    assert letters() == [f"contract:2026-W12:{user.pk}"]


def test_a_mail_that_cannot_be_written_holds_up_nobody(monkeypatch):
    first, second = reader("manager"), reader("marketer")
    assert first.pk < second.pk
    written = alignment.alignment_letter

    def letter(*, user, **rest):
        if user == first:
            raise RuntimeError("no such column")
        return written(user=user, **rest)

    monkeypatch.setattr(alignment, "alignment_letter", letter)
    assert alignment_drain(now=moment(9, 12)) == 1
    assert letters() == [f"contract:2026-W10:{second.pk}"]
    monkeypatch.undo()
    assert alignment_drain(now=moment(9, 13)) == 1


def test_only_to_who_wants_it_and_may():
    reader("manager")
    reader("marketer", wants=False)
    reader("rep")  # no manager, no marketer
    gone = reader("admin")
    gone.is_active = False
    gone.save()
    assert alignment_drain(now=moment(9, 12)) == 1
    assert AlignmentMail.objects.get().user == persona("manager")


def hours_until(zone, company):
    """When the week of 23 March 2026 is due, in hours after Monday 00:00 UTC. Berlin has summer time by then."""
    spring = datetime(2026, 3, 30, tzinfo=UTC)
    moments = (spring + timedelta(minutes=15 * step) for step in range(-96, 200))
    first = next(at for at in moments if week_due(at, zone_get(zone), zone_get(company)) == date(2026, 3, 23))
    return (first - spring) / timedelta(hours=1)


def test_summer_time_and_far_zones():
    assert hours_until(BERLIN, BERLIN) == 7
    assert hours_until("America/New_York", "UTC") == 13
    # nine o'clock on Kiritimati is Sunday evening elsewhere: the week must be over where the company is
    assert hours_until("Pacific/Kiritimati", "UTC") == 0
    assert hours_until("Pacific/Kiritimati", "America/New_York") == 4


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_send_one():
    reader()
    counts = at_once(*[lambda: alignment_drain(now=moment(9, 12))] * 4)
    assert sum(counts) == 1 and len(letters()) == 1 and AlignmentMail.objects.count() == 1


def test_the_switch_is_on_the_profile(login):
    client = login("manager")
    page = client.get("/profile/").content.decode()
    assert "what marketing and sales did last week" in page
    form = {"name": "Manu", "time_zone": "UTC", "theme": "auto", "mail_alignment": "on"}
    assert client.post("/profile/", form).status_code == 302
    assert User.objects.get(pk=persona("manager").pk).mail_alignment
    assert "what marketing and sales did last week" not in login("rep").get("/profile/").content.decode()


def test_by_hand():
    user = persona("marketer")
    handoff(moment(3), answered=5, decided=moment(3, 12))
    out = StringIO()
    call_command("contract_mail", week="2026-W10", to=user.email, dry_run=True, stdout=out)
    assert "Week 10" in out.getvalue() and "MQLs delivered: 1" in out.getvalue() and not letters()
    call_command("contract_mail", week="2026-W10", to=user.email, stdout=StringIO())
    assert len(letters()) == 1 and not AlignmentMail.objects.exists()
    late = {"week": "2150-W01", "to": user.email}
    for wrong in (
        {"week": "2026-W77", "to": user.email},
        late,
        {"to": "nobody@x.example"},
        {"to": persona("rep").email},
    ):
        with pytest.raises(CommandError):
            call_command("contract_mail", **wrong, stdout=StringIO())


def test_what_was_done_is_not_told_as_open_again():
    old = decision_note(by=persona("manager"), monday=W10 - timedelta(weeks=1), text="Call twice")
    Decision.objects.update(done_at=moment(4))
    reader("marketer")
    alignment_drain(now=moment(9, 12))
    letter = OutboxMessage.objects.get(topic="mail.send").payload
    assert (
        old.text not in letter["text"] and "None noted yet." in letter["text"] and "None noted yet." in letter["html"]
    )
