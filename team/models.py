"""Who works here: people, their teams and roles, when they work, how they reach the API."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from core.clock import db_now
from core.places import countries_text, languages_text
from team.notify_models import Channel as Channel
from team.notify_models import Held as Held
from team.notify_models import NotifyPlan as NotifyPlan


class Team(models.Model):
    name = models.CharField(max_length=80, unique=True)
    reps_see_team = models.BooleanField("Reps see the whole team's leads and deals", default=False)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """What ``createsuperuser`` makes: somebody with the admin role. There is no other superuser."""
        return self.create_user(email, password, is_admin=True, **{"name": email.split("@")[0], **fields})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username or "")


def office_hours() -> dict[str, list[list[str]]]:
    """Weekday (0 = Monday) -> spans of local time."""
    return {str(day): [["09:00", "17:30"]] for day in range(5)}


class User(AbstractBaseUser):
    """A person who logs in. Roles add up; each is a column so that 'who are the reps' is one cheap query."""

    ROLES = ["marketer", "rep", "manager", "admin"]

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="members")
    is_active = models.BooleanField(default=True)
    is_marketer = models.BooleanField(default=False)
    is_rep = models.BooleanField(default=False)
    is_manager = models.BooleanField(default=False)
    is_admin = models.BooleanField(default=False)
    time_zone = models.CharField(max_length=64, default="UTC")
    working_hours = models.JSONField(default=office_hours)
    # Their public holidays are days off: see team.rules.countries and regions.
    country = models.CharField(max_length=2, blank=True, default="")
    region = models.CharField(max_length=40, blank=True, default="")
    # Routing: how many new leads a rep can take, and how big a share among equals.
    weight = models.PositiveSmallIntegerField(default=1)
    capacity_open = models.PositiveIntegerField(default=40, help_text="Most handoffs and open deals at once")
    capacity_day = models.PositiveIntegerField(default=15, help_text="Most new handoffs in one working day")
    # Routing: whom a rep can talk to. Codes as in core.places; skills in small letters.
    languages = models.JSONField(default=list, blank=True, help_text="Languages to sell in")
    countries = models.JSONField(default=list, blank=True, help_text="Territory: countries that the rep covers")
    skills = models.JSONField(default=list, blank=True, help_text="What the rep knows best")
    theme = models.CharField(
        max_length=6,
        default="auto",
        choices=[("auto", "As the device"), ("light", "Light"), ("dark", "Dark")],
    )
    notify_email = models.BooleanField("E-mail me new handoffs", default=True)
    notify_sound = models.BooleanField("Play a sound on a new handoff", default=False)
    mail_alignment = models.BooleanField("E-mail me on Mondays what marketing and sales did last week", default=False)
    external_id = models.CharField(max_length=100, null=True, blank=True, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name", "id"]
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email

    def has_role(self, *roles: str) -> bool:
        """True when the person holds any of the roles; an admin holds them all."""
        return self.is_admin or any(getattr(self, f"is_{role}") for role in roles)

    @property
    def may_own(self) -> bool:
        """Whether leads and deals may be theirs: they may sign in, and sell or lead those who do."""
        return self.is_active and self.has_role("rep", "manager")

    @property
    def takes_leads(self) -> bool:
        """Whether routing gives them leads by turn."""
        return self.is_active and self.is_rep and self.weight > 0

    @property
    def speaks(self) -> str:
        return languages_text(self.languages)

    @property
    def covers(self) -> str:
        return countries_text(self.countries)

    @property
    def roles(self) -> list[str]:
        return [role for role in self.ROLES if getattr(self, f"is_{role}")]


class TimeOff(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="time_off")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=120, blank=True, default="")
    noted_at = models.DateTimeField(default=db_now, help_text="When Baton heard of it")

    class Meta:
        ordering = ["starts_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="time_off_forward")
        ]
        indexes = [models.Index(fields=["user", "ends_at"], name="time_off_user")]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d} - {self.ends_at:%Y-%m-%d}"


class CompanyDay(models.Model):
    """A day on which the whole company is off, besides public holidays."""

    day = models.DateField(unique=True)
    name = models.CharField(max_length=80)

    class Meta:
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.name}, {self.day:%Y-%m-%d}"


class ApiToken(models.Model):
    """A key to the API. Only its SHA-256 is kept; the person sees the token once."""

    SCOPES = {
        "leads:read": "Read leads, companies, activities and scores",
        "leads:write": "Create and change leads, companies and activities",
        "handoffs:read": "Read handoffs",
        "handoffs:write": "Accept and reject handoffs",
        "deals:read": "Read deals",
        "deals:write": "Create, move, win and lose deals",
        "metrics:read": "Read stages and metrics",
    }
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, help_text="The first characters, to recognise it by")
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}...)"


class Notice(models.Model):
    """One line in a person's bell. ``key`` makes telling the same thing twice impossible."""

    # its index is the one of the bell
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices", db_index=False
    )
    key = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    body = models.CharField(max_length=500, blank=True, default="")
    url = models.CharField(max_length=300, blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notice_once")]
        indexes = [
            # the bell: unread count and newest first
            models.Index(fields=["user"], condition=models.Q(read_at__isnull=True), name="notice_unread"),
            models.Index(fields=["user", "-id"], name="notice_newest"),
        ]

    def __str__(self) -> str:
        return self.title
