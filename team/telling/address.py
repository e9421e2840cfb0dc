"""Addresses of chat services, in apprise's words: what may be one, how it is shown, and sending to it."""

import logging
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from core.errors import Refused
from core.outside import addresses_of, only_outside

# Services that a server can reach over HTTP. Left out: everything local (files, desktop, dbus, syslog, scripts), raw
# sockets, e-mail (which Baton sends itself) and what nobody has asked for yet.
SERVICES = {
    "slack": "Slack",
    "workflow": "Microsoft Teams",
    "workflows": "Microsoft Teams",
    "discord": "Discord",
    "tgram": "Telegram",
    "gchat": "Google Chat",
    "webex": "Webex",
    "wxteams": "Webex",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "rocket": "Rocket.Chat",
    "rockets": "Rocket.Chat",
    "zulip": "Zulip",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "pover": "Pushover",
    "signal": "Signal",
    "signals": "Signal",
    "whatsapp": "WhatsApp",
    "twilio": "SMS by Twilio",
    "vonage": "SMS by Vonage",
    "sinch": "SMS by Sinch",
    "seven": "SMS by seven",
    "clicksend": "SMS by ClickSend",
    "bulksms": "SMS by BulkSMS",
    "msgbird": "SMS by MessageBird",
    "pagerduty": "PagerDuty",
    "opsgenie": "Opsgenie",
    "json": "Webhook (JSON)",
    "jsons": "Webhook (JSON)",
    "form": "Webhook (form)",
    "forms": "Webhook (form)",
}
# What may stand behind the question mark. Not: templates and attachments (they read files), timeouts, redirects,
# switching the check of certificates off, the look of the message.
KEYS = {
    *("to", "from", "channel", "region", "priority", "source", "thread", "topic", "mode", "token", "auth", "sound"),
    *("sig", "sv", "sp", "api-version", "ver", "id", "route", "pa", "integration", "component", "group", "class"),
    *("key", "threadkey", "silent", "tags", "apikey", "secret", "status", "targets", "method"),
}
# Their host is whatever somebody types, with or without a dot.
ANY_HOST = {"json", "jsons", "form", "forms", "gotify", "gotifys", "mmost", "mmosts", "rocket", "rockets", "signal"}
MOST_TARGETS = 5
CONNECT_SECONDS, READ_SECONDS = 4.0, 6.0
METHODS = ("POST", "PUT")


@dataclass(frozen=True)
class Answer:
    """How a try ended, and what the other side answered, in words that hold none of the address's secrets; how long
    it took."""

    ok: bool
    said: str
    seconds: float = 0.0


def _apprise() -> Any:
    import apprise

    log = logging.getLogger(apprise.LOGGER_NAME)
    log.propagate = False  # its lines may hold what the address holds: they are read here and nowhere else
    log.setLevel(logging.DEBUG)
    return apprise


def _parts(url: str) -> dict[str, Any]:
    _apprise()
    from apprise import plugins

    if len(url) > 2000 or any(ord(char) < 33 for char in url):
        raise Refused("This is no address: it has spaces or line breaks in it.", field="address")
    try:
        found = plugins.url_to_dict(url, secure_logging=True)
    except Exception:  # whatever a strange text does to the parser
        found = None
    if not found or not found.get("schema"):
        raise Refused("This address is not understood. See the examples.", field="address")
    return dict(found)


def _check(found: dict[str, Any]) -> None:
    if found["schema"] not in SERVICES:
        raise Refused(f"“{found['schema']}://” is none of the services that Baton sends to.", field="address")
    for key in found.get("qsd") or {}:
        if key not in KEYS and not key.startswith(("+", ":")):
            raise Refused(f"Leave “{key}=” out of the address: Baton decides that itself.", field="address")
    if str(found.get("method") or "POST").upper() not in METHODS:
        raise Refused("A webhook is called by POST or PUT.", field="address")


def service_open(url: str) -> Any:
    """The service that ``url`` names, ready to send. Raises Refused for an address that is none, of a service that
    is not allowed, or with parts that are not."""
    apprise = _apprise()
    found = _parts(url.strip())
    _check(found)
    asset = apprise.AppriseAsset(async_mode=False, http_redirects=False, secure_logging=True, app_id="Baton")
    asset.image_url_mask = asset.image_url_logo = ""
    found |= {"redirect": False, "verify": True, "asset": asset, "tag": set()}
    try:
        service = apprise.Apprise.instantiate(found, asset=asset, suppress_exceptions=False)
    except Exception:  # each service has its own errors for an address that lacks something
        service = None
    if service is None:
        raise Refused("The address lacks something this service needs. See the examples.", field="address")
    if len(service) > MOST_TARGETS:
        raise Refused(f"One channel sends to {MOST_TARGETS} targets at the most.", field="address")
    return _tamed(service, apprise)


def _tamed(service: Any, apprise: Any) -> Any:
    service.socket_connect_timeout, service.socket_read_timeout = CONNECT_SECONDS, READ_SECONDS
    service.redirects, service.verify_certificate = False, True
    service.overflow_mode = apprise.OverflowMode.TRUNCATE
    service.include_image = False
    if service.service_name != "Telegram":  # which knows no plain text, but leaves it as it is
        service.notify_format = apprise.NotifyFormat.TEXT
    return service


def address_check(url: str) -> tuple[str, str]:
    """(name of the service, the address with its secrets left out). Raises Refused, also for a host inside."""
    service = service_open(url)
    schema = _parts(url.strip())["schema"]
    host = getattr(service, "host", "") or ""
    if host and (schema in ANY_HOST or "." in host or ":" in host or host == "localhost"):
        try:
            addresses_of(host, getattr(service, "port", None))
        except Refused as refusal:
            raise Refused(refusal.message, field="address") from None
    shown = str(service.url(privacy=True)).partition("?")[0]
    return SERVICES[schema], shown[:200]


class _Lines(logging.Handler):
    """What apprise says in this thread."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.thread, self.lines = threading.get_ident(), list[tuple[int, str]]()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.lines.append((record.levelno, record.getMessage()))


@contextmanager
def _heard() -> Iterator[list[tuple[int, str]]]:
    log = logging.getLogger(_apprise().LOGGER_NAME)
    handler = _Lines()
    log.addHandler(handler)
    try:
        yield handler.lines
    finally:
        log.removeHandler(handler)


def address_send(url: str, title: str, body: str) -> Answer:
    """Send plain text now; takes a few seconds at the most. Never raises for what the other side does."""
    apprise = _apprise()
    try:
        service = service_open(url)
    except Refused as refusal:
        return Answer(False, refusal.message)
    began = time.monotonic()
    with _heard() as lines, only_outside() as watch:
        try:
            ok = bool(service.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT))
        except Exception as error:  # a fault of the service's plugin is an answer too
            ok, lines[:] = False, [(logging.WARNING, f"{type(error).__name__}: {error}")]
    took = time.monotonic() - began
    if ok:
        return Answer(True, "Sent.", took)
    return Answer(False, (watch.refused or [_reason(lines, url)])[0], took)


def _reason(lines: list[tuple[int, str]], url: str) -> str:
    """What went wrong, out of apprise's lines: its warnings, then the answer's text."""
    warnings = [text for level, text in lines if level >= logging.WARNING]
    details = [text.partition("Details:")[2] for level, text in lines if "Response Details:" in text]
    details += [text.partition("Exception:")[2] for level, text in lines if "Socket Exception:" in text]
    details = [re.sub(r"""^b(['"])(.*)\1$""", r"\2", text.strip()) for text in details]
    said = " ".join([*warnings, *details]) or "The service did not take it, and did not say why."
    return _without_secrets(" ".join(said.split()), url)[:300]


def _without_secrets(text: str, url: str) -> str:
    for part in sorted(re.split(r"[:/@?&=]+", url), key=len, reverse=True):
        for secret in {part, unquote(part)}:
            if len(secret) >= 6 and not re.fullmatch(r"[a-z]+|[\w-]+(\.[\w-]+)+", secret):
                text = text.replace(secret, "…")
    return text
