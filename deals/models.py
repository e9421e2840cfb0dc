"""The second half of the path: deals, what they are worth, and what is to be done next."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.constraints import unique_known
from deals.checklist_models import Answer as Answer
from deals.checklist_models import Question as Question
from funnels.models import Transition, Traveller
from leads.models import Company, Lead
from leads.querysets import owner_filter


def work_filter(user: Any) -> Q:
    """Rows by their ``owner`` that ``user`` may work on. A marketer sees all deals but works on none."""
    if not user.is_authenticated:
        return Q(pk__in=[])
    if user.is_admin or (user.is_manager and user.team_id is None):
        return Q()
    if user.is_manager:
        return Q(owner__team=user.team_id) | Q(owner__isnull=True) | Q(owner=user)
    if user.is_rep and user.team_id and user.team.reps_see_team:
        return Q(owner__team=user.team_id)
    return Q(owner=user) if user.is_rep else Q(pk__in=[])


class DealQuerySet(models.QuerySet["Deal"]):
    def visible_to(self, user: Any) -> "DealQuerySet":
        return self.filter(owner_filter(user))

    def editable_by(self, user: Any) -> "DealQuerySet":
        """Deals that ``user`` may change: what the role as rep or manager shows; marketing only looks on."""
        return self.filter(work_filter(user))


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, user: Any) -> "TaskQuerySet":
        """The own tasks, and those of whoever's work the user may change."""
        work = work_filter(user)
        return self.filter(Q(owner=user) | work) if work else self  # "or anything" is no condition to Django


class Product(models.Model):
    sku = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    series = models.CharField(max_length=80, blank=True, default="")
    price = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, default="USD")
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class LostReason(models.Model):
    code = models.SlugField(max_length=40, unique=True)
    label = models.CharField(max_length=80)
    counts = models.BooleanField(default=True, help_text="Counts as lost in the win rate (a rejected MQL does not)")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.label


class Deal(Traveller):
    journey = Transition.Kind.DEAL
    name = models.CharField(max_length=160)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.CASCADE, related_name="deals")
    lead_cycle = models.PositiveSmallIntegerField(null=True, blank=True, help_text="The handoff that opened it")
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.SET_NULL, related_name="deals")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    source = models.CharField(max_length=60, blank=True, default="", help_text="First source of the lead, kept here")
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    expected_close = models.DateField(null=True, blank=True)
    budget = models.CharField(max_length=300, blank=True, default="")
    authority = models.CharField(max_length=300, blank=True, default="")
    need = models.CharField(max_length=300, blank=True, default="")
    timeline = models.CharField(max_length=300, blank=True, default="")
    next_step = models.CharField(max_length=200, blank=True, default="")
    next_step_at = models.DateTimeField(null=True, blank=True)
    last_touch_at = models.DateTimeField(null=True, blank=True)
    products = models.ManyToManyField(Product, blank=True, related_name="deals")
    lost_reason = models.ForeignKey(
        LostReason, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    objection = models.CharField(max_length=300, blank=True, default="")
    external_id = models.CharField(max_length=100, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True, help_text="SQL: a rep took it; an opportunity since")
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = DealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "lead_cycle"],
                condition=Q(lead_cycle__isnull=False),
                name="deal_once_per_handoff",
            ),
            unique_known("external_id", "deal_external_id_once"),
            models.CheckConstraint(condition=Q(amount__isnull=True) | Q(amount__gte=0), name="deal_amount"),
        ]
        indexes = [
            # the board's columns and the deals list; what a column adds up to is read from it alone
            models.Index(
                fields=["stage", "-stage_since", "-id"],
                include=["currency", "amount", "owner"],
                name="deal_stage_since",
            ),
            models.Index(fields=["owner", "stage", "-stage_since"], name="deal_owner_stage"),
            # sales metrics by close date
            models.Index(fields=["closed_at"], name="deal_closed"),
            models.Index(fields=["-created_at", "-id"], name="deal_newest"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_waiting(self) -> bool:
        """Its handoff has not been accepted (yet)."""
        return self.lead_cycle is not None and self.accepted_at is None


class Task(models.Model):
    """Something a person promised to do by a time."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.CASCADE, related_name="tasks")
    deal = models.ForeignKey(Deal, null=True, blank=True, on_delete=models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=200)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        indexes = [
            models.Index(fields=["owner", "due_at"], condition=Q(done_at__isnull=True), name="task_open"),
        ]

    def __str__(self) -> str:
        return self.title
