"""Sending one e-mail from the outbox. At least once, with a fixed Message-ID, so that a repeat is recognised."""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from core import outbox


def mail_queue(*, key: str, to: str, subject: str, text: str, html: str = "") -> None:
    """Intend one e-mail, in the transaction of the fact it tells. ``key`` makes the intent unique."""
    outbox.emit("mail.send", key, to=to, subject=subject, text=text, html=html)


def deliver(key: str, *, to: str, subject: str, text: str, html: str = "", **_: Any) -> None:
    """Outbox handler. Raises what the mail server raised; the outbox tries again."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    safe = "".join(c if c.isalnum() or c in ".-" else "-" for c in key)
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split())[:200],  # a header never holds a line break
        body=text,
        to=[to],
        headers={"Message-ID": f"<{safe}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    if html:
        message.attach_alternative(html, "text/html")
    message.send()
