"""What the public sends us: filled forms, page views, clicks on tracked links. Nothing from here is trusted."""

import hashlib
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from core.clock import db_now, screen_now
from core.errors import Refused
from core.models import Leased
from leads import rules
from leads.models import Activity, CaptureForm, InboxItem, Lead, Visitor
from leads.services.activities import activity_record
from leads.services.capture import capture_accept
from leads.visits import host_of, touch_of
from team.models import User
from team.services import NoticeLine, notices_tell

KEY_SALT, LINK_SALT = "leads.form", "leads.link"
HONEYPOT = "website"
# A machine sends at once. A person whose browser fills everything in still has to find the button: about two seconds.
QUICKEST_SECONDS = 0.8
TRACKED_KINDS = frozenset({"page_viewed", "pricing_viewed", "asset_downloaded", "video_watched"})


def form_key(slug: str) -> str:
    """The hidden key of one rendering of a form: makes a double submit one capture, and says when it was shown."""
    return signing.dumps([slug, secrets.token_urlsafe(9), screen_now().timestamp()], salt=KEY_SALT)


@dataclass(frozen=True)
class Shown:
    """What a hidden key says."""

    key: str
    age: float | None  # seconds since it was shown; None on another site's own form


def _shown(form: CaptureForm, given: Mapping[str, str], now: datetime) -> Shown:
    content = json.dumps(sorted((k, v) for k, v in given.items() if k != "key")).encode("utf-8", "replace")
    try:
        slug, name, at = signing.loads(given.get("key", ""), salt=KEY_SALT)
        if slug == form.slug:
            # sent twice is one capture; gone back and sent corrected is another
            return Shown(f"{name}:{hashlib.sha256(content).hexdigest()[:16]}", now.timestamp() - float(at))
    except (signing.BadSignature, ValueError, TypeError):
        pass
    # A form on the company's own site has no key of ours: the same content within an hour is one capture.
    return Shown(hashlib.sha256(content + f"{now:%Y%m%d%H}".encode()).hexdigest()[:40], None)


def form_body(form: CaptureForm, given: Mapping[str, str], *, bot: int = 0) -> dict[str, Any]:
    """A filled form as a capture."""
    asked = {"email", *form.fields}
    lead: dict[str, Any] = {name: given.get(name, "") for name in ("email", *rules.LEAD_FIELDS) if name in asked}
    custom = {
        name.partition(".")[2]: given[name] for name in form.fields if name[:7] == "custom." and given.get(name)
    }
    if custom:
        lead["custom"] = custom
    properties = {"form": form.slug, "form_name": form.name}
    if "message" in asked and given.get("message"):
        properties["message"] = given["message"]
    body: dict[str, Any] = {
        "lead": lead,
        "touch": touch_of(dict(given), campaign=form.campaign),
        "visitor": _visitor(given.get("visitor", "")),
        "activities": [{"kind": form.activity_kind, "key": "form", "properties": properties, "bot": bot}],
    }
    if "company" in asked and given.get("company"):
        body["company"] = {"name": given["company"]}
    if given.get("consent_email") in ("on", "true", "yes", "1"):
        body["consent_email"] = True
    return body


def _visitor(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def form_submit(*, form: CaptureForm, given: Mapping[str, str], bot: int = 0) -> InboxItem:
    """Keep a filled form. A machine's (hidden field filled, or faster than anybody reads) is kept too, but aside.

    Raises Refused naming the field when a person should correct it.
    """
    now = db_now()
    body = rules.json_storable(form_body(form, given, bot=bot))
    if not body["lead"].get("email"):
        raise Refused("Please give your e-mail address.", field="lead.email")
    rules.capture_parse(body, now)
    shown = _shown(form, given, now)
    suspicion = ""
    if given.get(HONEYPOT):
        suspicion = "The hidden field was filled in: a machine, or a password manager. Retry to take it."
    elif shown.age is not None and shown.age < QUICKEST_SECONDS:
        suspicion = f"Sent {shown.age:.1f} s after the form was shown: too fast for a person. Retry to take it."
    with transaction.atomic():
        item, new = capture_accept(source=f"form:{form.slug}"[:60], key=shown.key, body=body)
        if new and suspicion:
            InboxItem.objects.filter(pk=item.pk).update(
                state=Leased.State.QUARANTINED, last_error=suspicion, done_at=now
            )
            _tell_marketers(form, now)
    return item


def _tell_marketers(form: CaptureForm, now: datetime) -> None:
    """Somebody looks at what was put aside: one line in each marketer's bell, a form and day."""
    title = f"Put aside: a form “{form.name}” that a machine may have sent"
    body = "Look whether it was a person, and take it with one click."
    key, url = f"aside:{form.slug}:{now:%Y%m%d}"[:120], reverse("leads:inbox") + "?state=quarantined"
    marketers = User.objects.filter(Q(is_marketer=True) | Q(is_admin=True), is_active=True)
    notices_tell([NoticeLine(user.pk, key, title, body, url) for user in marketers], kind="inbox", now=now)


def hit_record(*, given: Any, bot: int, referrer: str = "") -> InboxItem:
    """Keep one event of the tracker: ``{visitor, id, kind, url, title, referrer, utm_*}``.

    Raises Refused for what is no event of a browser. High-intent kinds are not taken from here.
    """
    if not isinstance(given, dict):
        raise Refused("An event is a JSON object.")
    visitor = _visitor(str(given.get("visitor", "")))
    if not visitor:
        raise Refused("The visitor is no token.", field="visitor")
    kind = given.get("kind") or "page_viewed"
    if not isinstance(kind, str) or kind not in TRACKED_KINDS:
        raise Refused("This kind is not taken from a browser.", field="kind")
    text = {name: str(given[name])[:2000] for name in given if isinstance(given[name], str)}
    url = text.get("url", "") or referrer
    if kind == "page_viewed" and "pricing" in urlsplit_safe(url).lower():
        kind = "pricing_viewed"
    properties = {name: text[name][:500] for name in ("title", "asset") if text.get(name)} | {"url": url[:500]}
    touch = {**text, "landing_page": url}
    query = dict(parse_qsl(urlsplit_query(url))[:50])
    touch |= {name: query[name] for name in query if name.startswith("utm_") and not touch.get(name)}
    key = text.get("id", "")[:60] or secrets.token_urlsafe(9)
    body = {
        "visitor": visitor,
        "touch": touch_of(touch),
        "activities": [{"kind": kind, "key": key, "properties": properties, "bot": bot}],
    }
    rules.capture_parse(rules.json_storable(body), db_now())
    return capture_accept(source="track", key=f"{visitor}:{key}", body=body)[0]


def urlsplit_safe(url: str) -> str:
    """The path of an address, '' when it is none."""
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def urlsplit_query(url: str) -> str:
    try:
        return urlsplit(url).query
    except ValueError:
        return ""


def link_tracked(*, lead: Lead, url: str, key: str = "") -> str:
    """An address of ours that leads to ``url`` and notes the click. Raises Refused when ``url`` is no web address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused("A tracked link leads to an http or https address.", field="url")
    signed = signing.dumps([lead.token.hex, url, key[:40]], salt=LINK_SALT, compress=True)
    return f"{settings.SITE_URL}/t/c/{signed}"


def link_open(signed: str) -> tuple[str, str, str]:
    """(lead token, address, key) of a tracked link. Raises Refused when it was not made here."""
    try:
        token, url, key = signing.loads(signed, salt=LINK_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise Refused("This link is not one of ours, or it was cut short.") from None
    return str(token), str(url), str(key)


@transaction.atomic
def click_record(*, token: str, url: str, key: str, visitor: str = "") -> str:
    """Note that a person clicked; returns the address to go to.

    Where the address is one of our own sites, it carries a fresh visitor token: what they read there is theirs.
    """
    lead = Lead.objects.filter(token=token).first()
    if lead is None:  # erased meanwhile: the link still works
        return url
    once = hashlib.sha256(f"{token}{url}{key}{db_now():%Y%m%d%H%M}".encode()).hexdigest()[:40]
    activity_record(lead=lead, kind="email_clicked", properties={"url": url[:500]}, key=f"click:{once}")
    if known := _visitor(visitor):
        row = Visitor.objects.filter(token=known, lead__isnull=True).first()
        if row is not None:
            Visitor.objects.filter(pk=row.pk, lead__isnull=True).update(lead=lead)
            Activity.objects.filter(visitor=row, lead__isnull=True).update(lead=lead)
    if not _our_site(url):
        return url
    fresh = Visitor.objects.create(lead=lead)
    parts = urlsplit(url)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), ("baton_v", str(fresh.token))])
    return urlunsplit(parts._replace(query=query))


def _our_site(url: str) -> bool:
    own = {host_of(origin) for origin in [settings.SITE_URL, *settings.TRACK_ORIGINS]}
    return host_of(url) in own
