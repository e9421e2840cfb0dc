"""What must always hold of handoffs: none lost, none double, nobody forgotten."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from core.invariants import Broken, found, twice
from core.models import OutboxMessage
from funnels.models import Stage, Transition
from handoff.models import Assignment, Decision, Handoff, MqlPolicy, SlaPolicy, SlaRevision
from leads.models import Standing
from team.models import Notice

State = Handoff.State
HELD = Handoff.HELD
# notices and done messages may be tidied away after a while
REMEMBERED = timedelta(days=7)


def invariants(now: datetime, grace: timedelta) -> Iterator[Broken]:
    yield from _once()
    yield from _places()
    yield from _told(now)
    yield from _clocks(now, grace)
    yield from _promises()
    yield from _policies()


def _policies() -> Iterator[Broken]:
    """Every lead has a policy, and what was handed over says which."""
    rows = MqlPolicy.objects.order_by("pk")
    if (defaults := rows.filter(is_default=True).count()) != 1:
        yield Broken("handoff: one policy is the default", f"{defaults} policies are for everybody else, not one.")
    bounded = [row for row in rows if row.is_default and (row.condition or not row.is_active)]
    for row in bounded:
        yield Broken(
            "handoff: the default policy is for everybody", f"policy {row.pk}, the default, leaves some out."
        )
    yield from found(
        "handoff: whoever was handed over passed a policy",
        Handoff.objects.filter(policy=None).order_by("pk"),
        lambda row: f"handoff {row.pk} of lead {row.lead_id} says no policy.",
    )
    first = Assignment.objects.filter(handoff=OuterRef("pk"), turn=1)
    yield from found(
        "handoff: nobody in line was with a rep",
        Handoff.objects.filter(state=State.WAITING, in_line=True, turn=0).filter(Exists(first)).order_by("pk"),
        lambda row: f"handoff {row.pk} waits behind the ceiling and was with a rep.",
    )


def _once() -> Iterator[Broken]:
    """Each (lead, cycle) that passed the bar has exactly one handoff, and the other way round."""
    yield from twice("handoff: one a lead and cycle", Handoff.objects.all(), "lead", "cycle")
    passed = Transition.objects.filter(kind=Transition.Kind.LEAD, cause__in=["mql", "manual"]).filter(
        to_stage__kind=Stage.Kind.HANDED_OFF
    )
    handoffs = Handoff.objects.filter(lead=OuterRef("traveller_id"), cycle=OuterRef("cycle"))
    yield from found(
        "handoff: who passed the bar has one",
        passed.filter(~Exists(handoffs)).order_by("pk"),
        lambda row: f"lead {row.traveller_id} passed the bar in cycle {row.cycle} and has no handoff.",
    )
    moves = Transition.objects.filter(
        kind=Transition.Kind.LEAD,
        traveller_id=OuterRef("lead"),
        cycle=OuterRef("cycle"),
        to_stage__kind=Stage.Kind.HANDED_OFF,
    )
    yield from found(
        "handoff: a handoff has its move",
        Handoff.objects.filter(~Exists(moves)).order_by("pk"),
        lambda row: f"handoff {row.pk} of lead {row.lead_id}, cycle {row.cycle}: the lead never moved.",
    )


def _places() -> Iterator[Broken]:
    """Never a lead without a rep and without a place in the waiting list."""
    active = Count("assignments", filter=Q(assignments__ended_at=None))
    rows = Handoff.objects.annotate(active=active).order_by("pk")
    yield from found(
        "handoff: whoever has it has one active assignment",
        rows.filter(state__in=HELD).exclude(active=1),
        lambda row: f"handoff {row.pk} is {row.state} with {row.active} active assignments.",
    )
    yield from found(
        "handoff: waiting or rejected has no active assignment",
        rows.exclude(state__in=HELD).exclude(active=0),
        lambda row: f"handoff {row.pk} is {row.state} with {row.active} active assignments.",
    )
    other = Assignment.objects.filter(handoff=OuterRef("pk"), ended_at=None).exclude(rep=OuterRef("rep"))
    yield from found(
        "handoff: the rep is the assigned one",
        Handoff.objects.filter(state__in=HELD).filter(Q(rep=None) | Exists(other)).order_by("pk"),
        lambda row: f"handoff {row.pk} says rep {row.rep_id}; its assignment says another.",
    )
    yield from found(
        "handoff: the lead's owner is the rep who decides",
        Handoff.objects.filter(state=State.ASSIGNED).exclude(lead__standing__owner=F("rep")).order_by("pk"),
        lambda row: f"handoff {row.pk} is with rep {row.rep_id}; lead {row.lead_id} is not theirs.",
    )
    nothing = Q(rep__is_rep=False, rep__is_manager=False, rep__is_admin=False)
    gone = Handoff.objects.filter(nothing | Q(rep__is_active=False), state=State.ASSIGNED)
    yield from found(
        "handoff: nobody who left holds an undecided lead",
        gone.filter(~Exists(OutboxMessage.objects.filter(topic="user.deactivated", state="pending"))).order_by("pk"),
        lambda row: f"handoff {row.pk} is with rep {row.rep_id}, who left or sells no more.",
    )
    homeless = Standing.objects.filter(stage__kind=Stage.Kind.HANDED_OFF).filter(
        ~Exists(Handoff.objects.filter(lead=OuterRef("pk"), cycle=OuterRef("cycle"))), owner=None
    )
    yield from found(
        "handoff: no handed-off lead is forgotten",
        homeless.order_by("pk"),
        lambda row: f"lead {row.pk} is handed off with no owner and no handoff.",
    )


def _key(suffix: str = "") -> Concat:
    """'handoff:<id>:<turn>' of an assignment."""
    return Concat(
        Value("handoff:"),
        Cast("handoff_id", CharField()),
        Value(":"),
        Cast("turn", CharField()),
        Value(suffix),
        output_field=CharField(),
    )


def _told(now: datetime) -> Iterator[Broken]:
    """Each assignment has its line in the rep's bell and, when one was queued, exactly one e-mail."""
    recent: QuerySet[Assignment] = Assignment.objects.filter(at__gte=now - REMEMBERED).annotate(key=_key())
    bell = Notice.objects.filter(user=OuterRef("rep"))
    alone, together = bell.filter(key=OuterRef("key")), bell.filter(key=OuterRef("bulk"))
    yield from found(
        "handoff: the rep was told",
        recent.filter(Q(bulk="") & ~Exists(alone) | ~Q(bulk="") & ~Exists(together)).order_by("pk"),
        lambda row: f"assignment {row.pk} of handoff {row.handoff_id}: no notice for rep {row.rep_id}.",
    )
    mails = OutboxMessage.objects.filter(topic__in=["handoff.mail", "mail.send"], key=OuterRef("key"))
    yield from found(
        "handoff: the e-mail is on its way",
        recent.filter(~Exists(mails), mailed=True).order_by("pk"),
        lambda row: f"assignment {row.pk} of handoff {row.handoff_id}: no e-mail in the outbox.",
    )
    told = Notice.objects.filter(kind="handoff", created_at__gte=now - REMEMBERED)
    yield from twice("handoff: the rep was told once", told, "user", "key")


def _clocks(now: datetime, grace: timedelta) -> Iterator[Broken]:
    """Nobody waits longer than routing's own plan, no deadline passes unseen."""
    yield from found(
        "handoff: routing looked in time",
        Handoff.objects.filter(state=State.WAITING, next_try_at__lt=now - grace).order_by("pk"),
        lambda row: f"handoff {row.pk} should have been routed at {row.next_try_at:%Y-%m-%d %H:%M}.",
    )
    yield from found(
        "handoff: who waited is judged anew",
        Handoff.objects.filter(look_again_at__lt=now - grace).order_by("pk"),
        lambda row: f"the wait after handoff {row.pk} was over at {row.look_again_at:%Y-%m-%d %H:%M}.",
    )
    yield from found(
        "handoff: every missed deadline was escalated",
        Handoff.objects.late(now - grace).filter(escalated_at=None).order_by("pk"),
        lambda row: f"handoff {row.pk} was due at {row.due_at:%Y-%m-%d %H:%M} and nobody was told.",
    )
    yield from found(
        "handoff: who has it has a start",
        Handoff.objects.filter(state__in=HELD, assigned_at=None).order_by("pk"),
        lambda row: f"handoff {row.pk} is {row.state} and was never assigned.",
    )
    undone = Handoff.objects.filter(state__in=[State.ACCEPTED, State.REJECTED], decided_at=None)
    yield from found(
        "handoff: a decision has its date",
        undone.order_by("pk"),
        lambda row: f"handoff {row.pk} is {row.state} without a date.",
    )
    said = Decision.objects.filter(handoff=OuterRef("pk"), kind=OuterRef("state"))
    yield from found(
        "handoff: a decision taken back is nobody's state",
        Handoff.objects.filter(Exists(said)).filter(~Exists(said.filter(undone_at=None))).order_by("pk"),
        lambda row: f"handoff {row.pk} is {row.state}; that was taken back.",
    )


def _promises() -> Iterator[Broken]:
    """Each running clock says by what terms, and what it says can be."""
    yield from found(
        "handoff: the warning comes before the deadline",
        Handoff.objects.filter(state__in=HELD, warn_at__gt=F("due_at")).order_by("pk"),
        lambda row: f"handoff {row.pk} warns at {row.warn_at}, after its deadline at {row.due_at}.",
    )
    yield from found(
        "handoff: nobody answered before they had it",
        Handoff.objects.filter(state__in=HELD, responded_at__lt=F("assigned_at")).order_by("pk"),
        lambda row: f"handoff {row.pk} was answered at {row.responded_at}, before it was assigned.",
    )
    terms = SlaRevision.objects.filter(policy=OuterRef("sla"), revision=OuterRef("sla_revision"))
    yield from found(
        "handoff: a clock's terms are kept",
        Handoff.objects.unanswered()
        .filter(sla__isnull=False, sla_revision__isnull=False)
        .filter(~Exists(terms))
        .order_by("pk"),
        lambda row: f"handoff {row.pk}: the terms {row.sla_id}, revision {row.sla_revision} are gone.",
    )
    other = Assignment.objects.filter(handoff=OuterRef("pk"), ended_at=None, due_at__isnull=False)
    yield from found(
        "handoff: the rep's deadline is the clock's",
        Handoff.objects.filter(state__in=HELD)
        .filter(Exists(other.exclude(due_at=OuterRef("due_at"))))
        .order_by("pk"),
        lambda row: f"handoff {row.pk} is due at {row.due_at}; its assignment says another time.",
    )
    everybody = any(one.for_everybody for one in SlaPolicy.objects.filter(is_active=True, instant_only=False))
    yield from found(
        "handoff: no lead is without a deadline",
        SlaPolicy.objects.none() if everybody else SlaPolicy.objects.order_by("pk")[:1],
        lambda row: "no active response time is for everybody.",
    )
