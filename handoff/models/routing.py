"""Who gets a lead: the ordered rules, whose turn it is, the draft of other rules (part of ``handoff.models``)."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.models import Leased
from team.models import Team


class RoutingDraft(models.Model):
    """A copy of all rules that managers change and try before it is put into force. One at a time."""

    only = models.BooleanField(default=True, unique=True, help_text="There is one draft at most")
    copied = models.JSONField(default=list, help_text="The rules in force when it was begun: [pk, revision, on]")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"Draft by {self.by}"


class RoutingRuleQuerySet(models.QuerySet["RoutingRule"]):
    def in_force(self) -> "RoutingRuleQuerySet":
        """Not those of the draft."""
        return self.filter(draft=None)


class RoutingRule(models.Model):
    """The first rule whose condition and territory hold sends the lead to its people: to those it names, else to its
    team, else to every rep."""

    class Strategy(models.TextChoices):
        ROUND_ROBIN = "round_robin", "In turn, by weight"
        LEAST_LOADED = "least_loaded", "Whoever has the most room"
        BEST_PERFORMER = "best_performer", "More for who wins more"

    class Nobody(models.TextChoices):
        ANYWAY = "anyway", "Next in turn all the same; wait only when all are full or off"
        HOLD = "hold", "Wait for the next opening"
        OVERFLOW = "overflow", "Another team"
        MANAGER = "manager", "The manager"

    draft = models.ForeignKey(
        RoutingDraft,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rules",
        help_text="Empty: in force",
    )
    origin = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    condition = models.JSONField(default=dict, blank=True, help_text="Empty: everybody")
    countries = models.JSONField(default=list, blank=True, help_text="Territory: codes; empty: anywhere")
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Empty: every rep"
    )
    strategy = models.CharField(max_length=14, choices=Strategy, default=Strategy.ROUND_ROBIN)
    won_days = models.PositiveSmallIntegerField(default=90, help_text="Best performer: deals closed so lately count")
    floor_percent = models.PositiveSmallIntegerField(
        default=20, help_text="Best performer: so much goes round to everybody alike"
    )
    company_owner_first = models.BooleanField(default=True, help_text="Prefer the rep who owns the company")
    lead_owner_first = models.BooleanField(default=True, help_text="Prefer the rep who owns the lead already")
    needs_language = models.BooleanField(default=False, help_text="Only reps who speak the lead's language")
    needs_country = models.BooleanField(default=False, help_text="Only reps whose territory has the lead's country")
    needs_skills = models.JSONField(default=list, blank=True, help_text="Only reps who have all of these skills")
    nobody = models.CharField(max_length=8, choices=Nobody, default=Nobody.ANYWAY, help_text="When nobody is there")
    overflow_team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    is_active = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1)
    # This row is locked plainly while choosing, so that two choosers are fair. ``cursors``: for each kind of lead
    # that only some of the pool can have, where the last of those stood: whoever was away joins there.
    cursors = models.JSONField(default=dict)
    records = models.JSONField(default=dict, help_text="Best performer: day, and rep -> [won, lost]")

    objects = RoutingRuleQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


class RulePerson(models.Model):
    """Somebody named by a rule, with the share that they get of it."""

    rule = models.ForeignKey(RoutingRule, on_delete=models.CASCADE, related_name="named")
    rep = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    weight = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["rule", "rep"], name="rule_person_once")]

    def __str__(self) -> str:
        return f"{self.rule}: {self.rep}"


class PoolPointer(models.Model):
    """Turns by weight: each lead adds 1/weight (``rules.UNIT``), see ``rules.choice``."""

    rule = models.ForeignKey(RoutingRule, on_delete=models.CASCADE, related_name="pointers")
    rep = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    fallback = models.BooleanField(default=False, help_text="In the pool that takes what the rule's own cannot")
    pointer = models.BigIntegerField(default=0)
    weight = models.PositiveIntegerField(
        default=0, help_text="By which it was moved; 0: they were not of the pool, but own the lead or its company"
    )
    away = models.BooleanField(default=False, help_text="Could not have any when the last was given out")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "rep", "fallback"], name="pointer_once")]

    def __str__(self) -> str:
        return f"{self.rule} {self.rep}: {self.pointer}"


class RoutingReplay(Leased):
    """The leads of the last days, handed over again by the rules in force or the draft's, as they were when it was
    asked for. A worker does it and tells how far it is."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    of_draft = models.BooleanField(default=False)
    days = models.PositiveSmallIntegerField(default=30)
    until = models.DateTimeField(default=timezone.now)
    rules = models.JSONField(default=list, help_text="What was tried")
    in_force = models.JSONField(default=list, help_text="Of a draft: the rules in force, gone through beside it")
    step = models.CharField(max_length=120, blank=True, default="", help_text="What it is at, for people")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0, help_text="0 while that is not known")
    cancelled = models.BooleanField(default=False)
    result = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=models.Q(state="pending"), name="replay_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{'Draft' if self.of_draft else 'Rules in force'}, {self.days} days"

    @property
    def is_running(self) -> bool:
        return self.state == self.State.PENDING
