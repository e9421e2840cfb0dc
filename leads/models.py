"""Who they are and what they did. Identity (Lead) is wide and cold; standing (Standing) is narrow and hot:
lists filter on it and sort by its score, rescoring rewrites it. Dates that lists sort by lie elsewhere, so that a new
score does not rewrite their indexes (docs/adr/0003, 0051)."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from core.constraints import unique_known, unique_prefix
from core.ids import uuid_ordered
from funnels.models import Transition, Traveller
from leads.bulk_models import BulkChange, BulkJob
from leads.capture_models import CaptureForm, InboxItem
from leads.querysets import ActivityQuerySet, LeadQuerySet, StandingQuerySet
from leads.rules import lead_name

__all__ = [
    "Activity",
    "BulkChange",
    "BulkJob",
    "CaptureForm",
    "Company",
    "CustomField",
    "InboxItem",
    "LastActive",
    "Lead",
    "Segment",
    "Standing",
    "Tag",
    "Visitor",
]


class Company(models.Model):
    name = models.CharField(max_length=160)
    domain = models.CharField(max_length=160, null=True, blank=True)
    industry = models.CharField(max_length=80, blank=True, default="")
    employees = models.PositiveIntegerField(null=True, blank=True)
    revenue = models.DecimalField("Revenue a year", max_digits=16, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    country = models.CharField(max_length=80, blank=True, default="")
    city = models.CharField(max_length=80, blank=True, default="")
    founded = models.PositiveSmallIntegerField(null=True, blank=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="subsidiaries")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    external_id = models.CharField(max_length=100, null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            unique_prefix("domain", "company_domain_once"),
            unique_known("external_id", "company_external_id_once"),
        ]
        indexes = [models.Index(fields=["name"], name="company_name")]
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class Tag(models.Model):
    name = models.CharField(max_length=40, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Lead(models.Model):
    """A person. Unique on the normalised e-mail; one without e-mail brings an external id."""

    # made in order of time, so that its index grows at one end instead of everywhere at once
    token = models.UUIDField(
        default=uuid_ordered, unique=True, editable=False, help_text="Unguessable name for links"
    )
    email = models.EmailField(max_length=254, blank=True, default="")
    email_key = models.CharField(max_length=254, null=True, blank=True, help_text="Normalised e-mail")
    external_id = models.CharField(max_length=100, null=True, blank=True)
    first_name = models.CharField(max_length=80, blank=True, default="")
    last_name = models.CharField(max_length=80, blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    job_title = models.CharField(max_length=120, blank=True, default="")
    persona = models.CharField(max_length=60, blank=True, default="")
    language = models.CharField(max_length=12, blank=True, default="")
    country = models.CharField(max_length=80, blank=True, default="")
    city = models.CharField(max_length=80, blank=True, default="")
    company = models.ForeignKey(Company, null=True, blank=True, on_delete=models.SET_NULL, related_name="leads")
    # First and last touch. ``source`` is the channel that reports group by; the rest of each touch is JSON:
    # {source, medium, campaign, term, content, landing_page, referrer, at}
    source = models.CharField("First source", max_length=60, blank=True, default="")
    campaign = models.CharField("First campaign", max_length=100, blank=True, default="")
    first_touch = models.JSONField(default=dict, blank=True)
    last_touch = models.JSONField(default=dict, blank=True)
    consent_email = models.BooleanField("May be e-mailed", default=False)
    consent_at = models.DateTimeField(null=True, blank=True)
    custom = models.JSONField(default=dict, blank=True)
    tags = models.ManyToManyField(Tag, blank=True, related_name="leads")
    import_run = models.BigIntegerField(null=True, editable=False, help_text="The import that brought it")
    import_line = models.BigIntegerField(null=True, editable=False, help_text="Its line in that file")
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        # Names are searched by UPPER(...), which has its indexes in migration 0002.
        constraints = [
            unique_prefix("email_key", "lead_email_once"),
            unique_known("external_id", "lead_external_id_once"),
        ]
        indexes = [models.Index(fields=["-created_at", "-id"], name="lead_newest")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The lead's page. Its view stands above this room; only its name is known here."""
        return reverse("desk:lead", args=[self.pk])

    @property
    def name(self) -> str:
        return lead_name(self.first_name, self.last_name, self.email, self.external_id, self.pk)


class Standing(Traveller):
    """Where a lead stands now. One row a lead, same primary key."""

    journey = Transition.Kind.LEAD
    lead = models.OneToOneField(Lead, primary_key=True, on_delete=models.CASCADE, related_name="standing")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    # A copy of Lead.source, so that a list of one source, best first, is one index away.
    source = models.CharField(max_length=60, blank=True, default="")
    fit = models.SmallIntegerField(default=0)
    engagement = models.SmallIntegerField(default=0)
    score = models.SmallIntegerField(default=0)
    grade = models.CharField(max_length=2, blank=True, default="")
    reason = models.CharField(max_length=80, blank=True, default="", help_text="The score in five words")
    scored_at = models.DateTimeField(null=True, blank=True)
    score_due_at = models.DateTimeField(null=True, blank=True, help_text="Marked for scoring since")

    objects = StandingQuerySet.as_manager()

    class Meta:
        indexes = [
            # A new score costs an entry in each of these indexes, whatever they hold, because the row moves.
            # My leads, best first; and every list filtered by owner. Most leads have none and stay out of it. Those
            # whom nobody owns come from standing_score. With the stage in it, "mine in this stage" is picked and
            # counted without a look at the table.
            models.Index(
                fields=["owner", "-score", "-lead"],
                include=["stage"],
                condition=Q(owner__isnull=False),
                name="standing_owner_score",
            ),
            # lists filtered by stage, best first
            models.Index(fields=["stage", "-score", "-lead"], name="standing_stage_score"),
            models.Index(fields=["-score", "-lead"], name="standing_score"),
            # lists filtered by source, best first; and the list of sources itself. Without the score in it, a bought
            # list whose leads are all poor took a second: everybody better was read first.
            models.Index(fields=["source", "-score", "-lead"], name="standing_source_score"),
            # the scoring drain
            models.Index(fields=["score_due_at"], condition=Q(score_due_at__isnull=False), name="standing_due"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.score}"

    @property
    def last_activity_at(self) -> datetime | None:
        """When the lead last did something, or we with it; None: never. Read it ``with_lead``."""
        found: LastActive | None = getattr(self, "last_active", None)  # the relation's absence is an AttributeError
        return found.at if found else None


class LastActive(models.Model):
    """When a lead last did something. Who never did has no row."""

    standing = models.OneToOneField(
        Standing, primary_key=True, on_delete=models.CASCADE, related_name="last_active", db_column="lead_id"
    )
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-at", "-standing"], name="last_active_at")]
        verbose_name_plural = "last active"

    def __str__(self) -> str:
        return f"{self.pk}: {self.at:%Y-%m-%d %H:%M}"


class Visitor(models.Model):
    """A browser that we don't know by name yet. When a form or a tracked link names it, its past follows."""

    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(Lead, null=True, blank=True, on_delete=models.CASCADE, related_name="visitors")
    first_touch = models.JSONField(default=dict, blank=True)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return str(self.token)


class Activity(models.Model):
    """Something a person did, or that we did with them. Append-only."""

    class Bot(models.IntegerChoices):
        HUMAN = 0, "Human"
        SUSPECT = 1, "Suspect"
        BOT = 2, "Bot"

    lead = models.ForeignKey(Lead, null=True, on_delete=models.CASCADE, related_name="activities", db_index=False)
    visitor = models.ForeignKey(
        Visitor, null=True, on_delete=models.CASCADE, related_name="activities", db_index=False
    )
    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    properties = models.JSONField(default=dict, blank=True)
    key = models.CharField(max_length=150, null=True, help_text="Idempotency key")
    bot = models.PositiveSmallIntegerField(choices=Bot, default=Bot.HUMAN)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "activities"
        constraints = [unique_known("key", "activity_key_once")]
        indexes = [
            # timeline and scoring: everything one lead did
            models.Index(fields=["lead", "-at"], include=["kind", "bot"], name="activity_lead_at"),
            models.Index(fields=["visitor"], condition=Q(visitor__isnull=False), name="activity_visitor"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"


class Segment(models.Model):
    """A saved condition over leads, or a saved set of list filters (``query``)."""

    name = models.CharField(max_length=80)
    condition = models.JSONField(default=dict, blank=True)
    query = models.CharField(max_length=500, blank=True, default="", help_text="The list's URL filters")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="segments")
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="segment_name_once")]

    def __str__(self) -> str:
        return self.name


class CustomField(models.Model):
    """A field that an admin adds to leads; values are typed and live in ``Lead.custom``."""

    class Type(models.TextChoices):
        TEXT = "text", "Text"
        NUMBER = "number", "Number"
        DATE = "date", "Date"
        BOOL = "bool", "Yes or no"
        CHOICE = "choice", "One of a list"

    key = models.SlugField(max_length=60, unique=True)
    label = models.CharField(max_length=80)
    type = models.CharField(max_length=8, choices=Type, default=Type.TEXT)
    choices = models.JSONField(default=list, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "label"]

    def __str__(self) -> str:
        return self.label
