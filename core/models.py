"""Foundation tables: the outbox, and the memory of idempotent requests. No business noun in here."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Leased(models.Model):
    """Work that somebody takes for a limited time. Attempts are counted *before* the try, so that a row
    which kills its worker cannot be tried for ever."""

    class State(models.TextChoices):
        PENDING = "pending", "Waiting"
        DONE = "done", "Done"
        QUARANTINED = "quarantined", "Quarantined"
        DEAD = "dead", "Given up"

    state = models.CharField(max_length=12, choices=State, default=State.PENDING)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class OutboxMessage(Leased):
    """One thing to do for one listener, written in the transaction of the fact that caused it."""

    topic = models.CharField(max_length=60)
    key = models.CharField(max_length=150)
    handler = models.CharField(max_length=120, help_text="Dotted path of the function that does it")
    payload = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["topic", "key", "handler"], name="outbox_once")]
        indexes = [
            # read by outbox_drain (every wake-up and sweep)
            models.Index(fields=["due_at"], condition=models.Q(state="pending"), name="outbox_due"),
            # read by the deliveries page and doctor
            models.Index(fields=["state", "-id"], name="outbox_state"),
            # read by forget: letters that were sent long ago
            models.Index(
                fields=["done_at"], condition=models.Q(state="done", topic="mail.send"), name="outbox_letters"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.key} -> {self.handler}"


class IdempotentRequest(models.Model):
    """The answer given to a request with an Idempotency-Key, kept for 24 hours."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body")
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty while the request is in flight")
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_age")]

    def __str__(self) -> str:
        return self.key
