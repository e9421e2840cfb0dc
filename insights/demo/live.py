"""What is happening in the demo company right now: handoffs on the clock, promises for today, forms, segments."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from deals.models import Deal, Task
from insights.demo import words
from insights.demo.plan import Deed, Firm, Pass, Person, Sale, Step, person_make
from insights.demo.write import Writer
from leads.models import CaptureForm, Segment
from team.models import Channel, CompanyDay, TimeOff
from team.rules import day_start

# minutes since it was assigned, minutes left, who, source, asked for a demo, what they did before
ON_THE_CLOCK = [
    (4, 11, "rita", "Webinar", True),
    (17, 43, "rita", "Organic search", False),
    (52, 188, "rita", "Referral", False),
    (9, 231, "sam", "LinkedIn", False),
    (6, 54, "tomasz", "Paid search", True),
    (31, 209, "elif", "Checklist", False),
]


def on_the_clock(dice: Random, firms: list[Firm], number: int, now: datetime) -> list[Person]:
    """People handed off minutes ago, waiting for their rep's first answer."""
    teams = {name: team for name, *_, team, _ in words.PEOPLE}
    found = []
    for offset, (since, left, rep, source, instant) in enumerate(ON_THE_CLOCK):
        firm = dice.choice([firm for firm in firms if firm.team == teams[rep] and firm.fit > 0.7])
        assigned = now - timedelta(minutes=since)
        opened = assigned - timedelta(seconds=7)
        one = person_make(dice, number + offset, firm, opened - timedelta(days=6 + offset * 3, hours=5), source)
        one.title, one.persona, _ = words.TITLES[offset % 4]
        _warm_up(one, opened, instant)
        score = 64 + 4 * offset
        one.step("marketing", "interest", opened - timedelta(days=4), "scored", score=22)
        one.step("marketing", "evaluation", opened - timedelta(days=1), "scored", score=41)
        one.step("marketing", "handed_off", opened, "mql", score=score)
        why = "Asked for a demo" if instant else f"Score {score} passed the bar of 60"
        due = now + timedelta(minutes=left)
        one.passes.append(Pass(1, opened, assigned, due, rep, "assigned", score, why, instant))
        one.sales.append(Sale(1, [Step("sales", "qualification", assigned, "handoff")], rep))
        one.owner = rep
        found.append(one)
    return found


def _warm_up(one: Person, opened: datetime, instant: bool) -> None:
    one.step("marketing", "awareness", one.created_at, "captured")
    days = [
        (5.5, "form_submitted", {"form": "Newsletter"}),
        (4.0, "asset_downloaded", {"asset": words.ASSETS[one.number % 4]}),
        (2.0, "email_opened", {"subject": "Three dispatch mistakes"}),
        (1.9, "email_clicked", {"subject": "Three dispatch mistakes"}),
        (1.0, "webinar_attended", {"webinar": words.WEBINARS[one.number % 3]}),
        (0.2, "pricing_viewed", {"path": "/pricing"}),
        (0.01, "pricing_viewed", {"path": "/pricing"}),
    ]
    one.deeds += [Deed(kind, opened - timedelta(days=ago), props) for ago, kind, props in days]
    if instant:
        one.deeds.append(
            Deed("demo_requested", opened, {"form": "Book a demo", "message": "Could you show us Tuesday?"})
        )


def tasks_write(writer: Writer, deals: dict[Any, Deal]) -> None:
    """One task for the next step of every open deal that has one."""
    Task.objects.bulk_create(
        [
            Task(owner=deal.owner, lead=deal.lead, deal=deal, title=deal.next_step, due_at=deal.next_step_at)
            for deal in deals.values()
            if deal.next_step and deal.next_step_at and deal.owner
        ]
    )


def corners_write(writer: Writer) -> None:
    """A capture form, segments, somebody on leave."""
    maya, now = writer.users["maya"], writer.now
    forms = [
        ("book-a-demo", "Book a demo", "See it on your own calendar", "demo_requested", ""),
        ("field-audit", "Field audit checklist", "Twelve checks", "asset_downloaded", "Field audit checklist"),
    ]
    fields = ["first_name", "last_name", "company", "job_title"]
    for slug, name, headline, kind, campaign in forms:
        CaptureForm.objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "headline": headline,
                "activity_kind": kind,
                "campaign": campaign,
                "fields": fields,
                "created_by": maya,
            },
        )
    recent = {"did": "pricing_viewed", "times": 1, "within_days": 14}
    big = {"fact": "company.employees", "op": ">=", "value": 100}
    for name, condition in [
        ("Looked at pricing, last two weeks", {"all": [recent]}),
        ("100 people and more", {"all": [big]}),
    ]:
        Segment.objects.get_or_create(owner=maya, name=name, defaults={"condition": condition, "shared": True})
    # an example of a team's channel; off, so that the demo calls nobody
    Channel.objects.get_or_create(
        team=writer.users["rita"].team,
        name="Sales chat (example)",
        defaults={
            "address": "slack://TokenA12/TokenB123/TokenC1234567890123456789",
            "service": "Slack",
            "masked": "slack://T...2/T...3/T...9/",
            "events": ["handoff", "late", "held"],
            "is_active": False,
        },
    )
    # whole days of theirs, with one company day ahead
    begun = day_start(now, writer.users["noah"].time_zone) - timedelta(days=1)
    TimeOff.objects.get_or_create(
        user=writer.users["noah"],
        note="Skiing",
        defaults={"starts_at": begun, "ends_at": begun + timedelta(days=5), "noted_at": now - timedelta(days=20)},
    )
    eve = datetime(now.year, 12, 24, tzinfo=UTC).date()
    CompanyDay.objects.get_or_create(day=eve, defaults={"name": "Christmas Eve"})
