"""The baton itself: who passed the bar, who got them, how fast they answered, what they decided."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from funnels.models import Stage
from handoff.models.policies import MqlPolicy
from handoff.models.slas import SlaPolicy
from leads.models import Lead
from leads.querysets import owner_filter


class RejectReason(models.Model):
    class Then(models.TextChoices):
        RECYCLE = "recycle", "Back to nurture"
        DISQUALIFY = "disqualify", "Disqualify"

    code = models.SlugField(max_length=40, unique=True)
    label = models.CharField(max_length=80)
    then = models.CharField(max_length=10, choices=Then, default=Then.RECYCLE)
    wait_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Before a lead recycled for this may pass again; empty: as the policy says"
    )
    back_to = models.ForeignKey(
        Stage,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
        help_text="The marketing stage that a recycled lead returns to; empty: Interest",
    )
    tag = models.CharField(
        max_length=40, blank=True, default="", help_text="Put on the lead, so that segments and nurture pick it up"
    )
    note_required = models.BooleanField(default=False, help_text="The rep must say more than the reason")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.label


class HandoffQuerySet(models.QuerySet["Handoff"]):
    def visible_to(self, user: Any) -> "HandoffQuerySet":
        return self.filter(owner_filter(user, "rep"))

    def with_first_rep(self) -> "HandoffQuerySet":
        """``first_assigned_at``: when the system clock stopped, whoever has it now."""
        first = Assignment.objects.filter(handoff=models.OuterRef("pk")).order_by("turn").values("at")[:1]
        return self.annotate(first_assigned_at=models.Subquery(first))

    def unanswered(self) -> "HandoffQuerySet":
        """Whose clock runs or ran out: a rep has them, and nobody called, wrote to or met them. Accepting is no
        answer; a deal that is won or lost waits for none any more."""
        return self.filter(state__in=Handoff.HELD, responded_at=None, closed_at=None)

    def late(self, now: datetime) -> "HandoffQuerySet":
        return self.unanswered().filter(due_at__lte=now)

    def on_desk_of(self, user_id: int) -> "HandoffQuerySet":
        """What waits for this rep: those to decide, and those accepted whom nobody has called or written to yet.
        Each half is on a partial index."""
        accepted = models.Q(state=Handoff.State.ACCEPTED, closed_at=None, responded_at=None)
        return self.filter(models.Q(state=Handoff.State.ASSIGNED) | accepted, rep=user_id)


class Handoff(models.Model):
    """One crossing of the MQL bar. Unique on (lead, cycle): none is handed off twice."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for a rep"
        ASSIGNED = "assigned", "With a rep"
        ACCEPTED = "accepted", "Accepted"
        REJECTED = "rejected", "Rejected"

    HELD = (State.ASSIGNED, State.ACCEPTED)  # a rep has it

    # its index is the unique one on (lead, cycle)
    lead = models.ForeignKey(Lead, on_delete=models.CASCADE, related_name="handoffs", db_index=False)
    cycle = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    why = models.CharField(max_length=160, help_text="What passed the bar, for people")
    policy = models.ForeignKey(
        MqlPolicy, null=True, on_delete=models.PROTECT, related_name="+", db_index=False, help_text="Whose bar it was"
    )
    in_line = models.BooleanField(default=False, help_text="While it waits: behind the day's ceiling of its policy")
    instant = models.BooleanField(default=False, help_text="A high-intent activity passed it at once")
    score = models.SmallIntegerField()
    grade = models.CharField(max_length=2, blank=True, default="")
    opened_at = models.DateTimeField(default=timezone.now, help_text="MQL: the system clock starts")
    next_try_at = models.DateTimeField(default=timezone.now, help_text="When routing looks at it (again)")
    waiting_why = models.CharField(max_length=200, blank=True, default="", help_text="Why nobody has it yet")
    turn = models.PositiveSmallIntegerField(default=0, help_text="How many reps have had it")
    rep = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    sla = models.ForeignKey(
        SlaPolicy, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    sla_revision = models.PositiveIntegerField(null=True, blank=True, help_text="Whose terms the clock keeps")
    assigned_at = models.DateTimeField(null=True, blank=True, help_text="The human clock starts")
    warn_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    absent_told_at = models.DateTimeField(
        null=True, blank=True, help_text="The rep is off, nobody else could take it, and the managers were told"
    )
    reroutes = models.PositiveSmallIntegerField(default=0)
    responded_at = models.DateTimeField(null=True, blank=True, help_text="First call, e-mail or meeting by the rep")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    reject_reason = models.ForeignKey(
        RejectReason, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    reject_note = models.CharField(max_length=500, blank=True, default="")
    reenter_at = models.DateTimeField(
        null=True, blank=True, help_text="Recycled: before this the lead's next cycle passes by high intent only"
    )
    look_again_at = models.DateTimeField(
        null=True, blank=True, help_text="Recycled: when the wait is over and the lead is judged anew by itself"
    )
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="Its deal was won or lost: it takes no room in the rep's load any more"
    )

    objects = HandoffQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["lead", "cycle"], name="handoff_once")]
        indexes = [
            # the assign drain
            models.Index(fields=["-instant", "-score", "id"], condition=Q(state="waiting"), name="handoff_waiting"),
            # a rep's queue, most urgent first
            models.Index(fields=["rep", "due_at"], condition=Q(state="assigned"), name="handoff_queue"),
            # the clock drain: deadlines, and the warnings before them
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["assigned", "accepted"], responded_at=None, escalated_at=None),
                name="handoff_clock",
            ),
            models.Index(
                fields=["warn_at"],
                condition=Q(state__in=["assigned", "accepted"], responded_at=None, warned_at=None),
                name="handoff_warn",
            ),
            models.Index(fields=["-opened_at", "-id"], name="handoff_newest"),
            # the rows behind the dashboards' numbers, and whose clock still runs
            models.Index(fields=["-assigned_at", "-id"], name="handoff_assigned"),
            models.Index(fields=["-decided_at", "-id"], name="handoff_decided"),
            models.Index(fields=["due_at"], condition=Q(responded_at=None), name="handoff_unanswered"),
            models.Index(fields=["rep", "state"], name="handoff_rep_state"),
            # how many each rep has open: those accepted (the undecided are the queue's)
            models.Index(
                fields=["rep", "decided_at"], condition=Q(state="accepted", closed_at=None), name="handoff_open"
            ),
            # whose wait is over
            models.Index(fields=["look_again_at"], condition=Q(look_again_at__isnull=False), name="handoff_again"),
            # how often each reason was given
            models.Index(fields=["reject_reason"], condition=Q(reject_reason__isnull=False), name="handoff_reasons"),
        ]

    def __str__(self) -> str:
        return f"Handoff {self.lead_id}/{self.cycle}"


class Assignment(models.Model):
    """Who had the handoff from when to when, and why they of all people."""

    handoff = models.ForeignKey(Handoff, on_delete=models.CASCADE, related_name="assignments")
    rep = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    turn = models.PositiveSmallIntegerField(default=1, help_text="1 for the first rep who had it")
    how = models.CharField(max_length=14, default="round_robin", help_text="What decided: see rules.HOW")
    at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(null=True, blank=True, help_text="When this rep's time ran out, or would have")
    responded_at = models.DateTimeField(
        null=True, blank=True, help_text="Their first answer, also when it was logged after the lead had moved on"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=120, blank=True, default="")
    mailed = models.BooleanField(default=False, help_text="An e-mail to the rep was queued with it")
    explanation = models.JSONField(default=dict, help_text="Rules tried, who was skipped and why")
    bulk = models.CharField(
        max_length=40, blank=True, default="", help_text="Key of the rep's one notice, when many were given at once"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["handoff"], condition=Q(ended_at__isnull=True), name="assignment_one_active"
            )
        ]
        # how many a rep got today
        indexes = [models.Index(fields=["rep", "at"], name="assignment_rep_at")]

    def __str__(self) -> str:
        return f"{self.handoff} -> {self.rep}"
