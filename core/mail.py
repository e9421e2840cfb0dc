"""Sending one e-mail from the outbox. At least once, with a fixed Message-ID, so that a repeat is recognised.

A mail server that is not to be had is no letter's fault: all letters wait for it and none counts as tried. One look
for all of them, now and then: a server that hangs must not hold up what else the outbox does.
"""

import time
from contextlib import suppress
from datetime import timedelta
from email.utils import parseaddr
from smtplib import SMTPException
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection

from core import outbox
from core.clock import db_now

REST_SECONDS = 60  # between two looks for a server that is gone; each process looks by itself
AGAIN = timedelta(minutes=5)  # after a server's "not now" to one letter: greylisting, a mailbox that is full

_gone: tuple[float, str] = (0.0, "")  # until when, on the monotonic clock, and what is the matter


class Gone(Exception):
    """No mail server, or one that does not let us in: nothing was said about the letter yet."""


def mail_queue(*, key: str, to: str, subject: str, text: str, html: str = "") -> None:
    """Intend one e-mail, in the transaction of the fact it tells. ``key`` makes the intent unique."""
    outbox.emit("mail.send", key, to=to, subject=subject, text=text, html=html)


def ready() -> None:
    """Raises Later while the server is known to be gone: saves the work of writing a letter."""
    until, why = _gone
    left = until - time.monotonic()
    if left > 0:
        raise outbox.Later(db_now() + timedelta(seconds=left), why)


def deliver(key: str, *, to: str, subject: str, text: str, html: str = "", **_: Any) -> None:
    """Outbox handler. Raises Later for a server that is gone or says "not now", and what it says against this letter
    as it is: that counts as a try."""
    global _gone
    ready()
    try:
        send(key, to=to, subject=subject, text=text, html=html)
    except Gone as error:
        _gone = time.monotonic() + REST_SECONDS, str(error)
        ready()
    except SMTPException as error:
        if _not_now(error):
            raise outbox.Later(db_now() + AGAIN, str(error)) from error
        raise


def send(key: str, *, to: str, subject: str, text: str, html: str = "") -> None:
    """Send now. Raises Gone, or what the server says against the letter."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    safe = "".join(c if c.isalnum() or c in ".-" else "-" for c in key)
    try:
        connection: Any = get_connection()
        connection.open()
    except (OSError, ImproperlyConfigured) as error:
        raise Gone(f"The mail server cannot be used: {error}") from error
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split())[:200],  # a header never holds a line break
        body=text,
        to=[to],
        headers={"Message-ID": f"<{safe}@{domain}>", "Auto-Submitted": "auto-generated"},
        connection=connection,
    )
    if html:
        message.attach_alternative(html, "text/html")
    try:
        message.send()
    finally:
        with suppress(OSError):  # it has the letter: how it says goodbye changes nothing
            connection.close()


def _not_now(error: SMTPException) -> bool:
    """An answer of the 400s, which means: try again later."""
    refused = getattr(error, "recipients", None) or {}
    codes = [getattr(error, "smtp_code", 0), *(code for code, _ in refused.values())]
    return any(400 <= code < 500 for code in codes)
