"""What the demo company's marketing and sales promise each other, and decided lately."""

from datetime import timedelta

from handoff.models import Handoff
from insights.demo.write import Writer
from insights.models import Contract, Decision, Promise
from insights.rules.weeks import WEEK, monday_of
from team.models import Team, User
from team.rules import zone_get

ZONE = "America/New_York"
# whose, weeks ago, MQLs a week, accepted %, in time %, attempts, working days, why
PROMISES = [
    ("", 20, 8, 60, 80, 1, 5, "The first that both sides agreed on."),
    ("", 5, 9, 65, 85, 2, 5, "The autumn webinars bring more."),
    ("Americas", 8, 4, 65, 85, 1, 5, ""),
    ("Europe", 8, 5, 60, 85, 1, 5, ""),
]
# weeks ago, what, who noted it, who does it, due in so many days, done
DECISIONS = [
    (3, "Ask for the company's size on the checklist form.", "maya", "maya", 10, True),
    (2, "No more students from the route planning ads: exclude the word “course”.", "helena", "jonas", 6, False),
    (1, "Whoever is away notes it the day before; Diego looks at it on Fridays.", "diego", "diego", 9, False),
    (1, "Sales tries three times, on three days, before giving up.", "helena", None, None, True),
]
NOTES = {
    "no_budget": ["Budget is decided in March; they were told to ask again then.", "Wanted the free plan only."],
    "timing": ["Just signed two years with the other one.", "Replaces the dispatcher first, then the tool."],
    "no_need": ["Three technicians in one van: a calendar does."],
    "unreachable": ["Four calls, two mails, never a word.", "The number is a switchboard that knows nobody."],
    "not_decider": ["Writes a thesis about it for the owner's daughter."],
    "bad_data": ["The number belongs to a bakery."],
    "not_a_buyer": ["Student; wanted the checklist for a course."],
    "bad_fit": ["Needs it on their own servers."],
    "duplicate": ["Same firm as the Larsen deal, other spelling."],
}


def contract_write(writer: Writer) -> None:
    """Promises, decisions, and who wants the sheet on Mondays."""
    zone = zone_get(ZONE)
    monday = monday_of(writer.now, zone)
    helena = writer.users["helena"]
    Contract.objects.update_or_create(pk=1, defaults={"time_zone": ZONE, "changed_by": helena})
    teams = {one.name: one for one in Team.objects.all()}
    for team, ago, mqls, accept, answer, attempts, days, note in PROMISES:
        Promise.objects.create(
            team=teams.get(team),
            since=monday - WEEK * ago,
            mqls=mqls,
            accept_share=accept,
            answer_share=answer,
            attempts=attempts,
            attempt_days=days,
            note=note,
            made_by=helena,
            made_at=writer.now - WEEK * ago,
        )
    for ago, text, by, owner, due, done in DECISIONS:
        looked = monday - WEEK * ago
        at = writer.now - WEEK * (ago - 1) - timedelta(hours=2)
        Decision.objects.create(
            monday=looked,
            text=text,
            by=writer.users[by],
            at=at,
            owner=writer.users[owner] if owner else None,
            due=(at + timedelta(days=due)).date() if due else None,
            done_at=at + timedelta(days=2) if done and at + timedelta(days=2) < writer.now else None,
            done_by=writer.users[by] if done and at + timedelta(days=2) < writer.now else None,
        )
    rejected = Handoff.objects.filter(state=Handoff.State.REJECTED).select_related("reject_reason").order_by("pk")
    for number, one in enumerate(rejected):
        known = NOTES.get(one.reject_reason.code if one.reject_reason else "", [])
        if known and number % 3:  # every third rep writes nothing
            Handoff.objects.filter(pk=one.pk).update(reject_note=known[number % len(known)])
    User.objects.filter(pk__in=[helena.pk, writer.users["maya"].pk]).update(mail_alignment=True)
