"""What a capture is, how an e-mail is compared, what counts as an answer. Pure."""

import math
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email

from core.errors import Refused

# kind -> label. Kinds that are not listed are allowed ("custom" by nature) when they look like a slug.
ACTIVITY_KINDS: dict[str, str] = {
    "page_viewed": "Viewed a page",
    "pricing_viewed": "Viewed pricing",
    "form_submitted": "Submitted a form",
    "asset_downloaded": "Downloaded an asset",
    "email_sent": "Was sent an e-mail",
    "email_opened": "Opened an e-mail",
    "email_clicked": "Clicked in an e-mail",
    "email_bounced": "E-mail bounced",
    "webinar_attended": "Attended a webinar",
    "demo_requested": "Requested a demo",
    "consultation_requested": "Requested a consultation",
    "unsubscribed": "Unsubscribed",
    "call": "Call by a rep",
    "email": "E-mail by a rep",
    "meeting": "Meeting with a rep",
    "note": "Note",
    "task_done": "Task done",
    "imported": "Imported",
}
# A rep's real answer: opening the page or writing a note does not count.
RESPONSE_KINDS = frozenset({"call", "email", "meeting"})
KIND_PATTERN = re.compile(r"[a-z][a-z0-9_]{1,39}\Z")
PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9_%+\-]+(?:\.[A-Za-z0-9_%+\-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\Z"
)
LEAD_FIELDS: dict[str, int] = {
    "first_name": 80,
    "last_name": 80,
    "phone": 40,
    "job_title": 120,
    "persona": 60,
    "language": 12,
    "country": 80,
    "city": 80,
}
COMPANY_TEXT: dict[str, int] = {"name": 160, "domain": 160, "industry": 80, "country": 80, "city": 80}
TOUCH_FIELDS: dict[str, int] = {
    "source": 60,
    "medium": 60,
    "campaign": 100,
    "term": 100,
    "content": 100,
    "landing_page": 300,
    "referrer": 300,
}
FREE_MAIL = frozenset(
    {"gmail.com", "googlemail.com", "yahoo.com", "hotmail.com", "outlook.com", "live.com", "icloud.com", "aol.com"}
    | {"gmx.de", "gmx.net", "web.de", "proton.me", "protonmail.com", "mail.com", "yandex.ru", "mail.ru", "qq.com"}
)


def email_normalise(text: str) -> str:
    """The form in which two e-mails are the same person: NFKC, lower case, domain in ASCII.

    Raises Refused when it is not an e-mail address.
    """
    cleaned = unicodedata.normalize("NFKC", text).strip().lower()
    if len(cleaned) <= 200 and len(cleaned.split("@")[0]) <= 64 and PLAIN_EMAIL.match(cleaned):
        return cleaned
    try:
        checked = validate_email(cleaned, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise Refused(f"Not an e-mail address: {str(error).rstrip('.')}.", field="email") from None
    local, _, domain = checked.normalized.rpartition("@")
    return f"{local}@{checked.ascii_domain or domain}".lower()


def text_clean(value: Any, limit: int, name: str) -> str:
    """One line of people's text: no control characters, at most ``limit`` characters.

    Raises Refused naming the field when it is not text or too long.
    """
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Refused("This must be text.", field=name)
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in value).strip()
    if len(kept) > limit:
        raise Refused(f"At most {limit} characters; this has {len(kept)}.", field=name)
    return kept


@dataclass(frozen=True)
class Outcome:
    """What became of a lead that sales got. ``at`` is when sales got it: nothing later was known then."""

    lead_id: int
    cycle: int
    at: datetime
    kind: str  # won, lost, rejected
    reason: str = ""


@dataclass(frozen=True)
class ActivityIn:
    kind: str
    at: datetime
    properties: dict[str, Any]
    key: str = ""
    bot: int = 0


@dataclass
class CaptureIn:
    """A capture that was understood."""

    email: str = ""
    email_key: str | None = None
    external_id: str | None = None
    fields: dict[str, str] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    company: dict[str, Any] = field(default_factory=dict)
    touch: dict[str, str] = field(default_factory=dict)
    visitor: str = ""
    consent: bool | None = None
    activities: list[ActivityIn] = field(default_factory=list)

    @property
    def names_somebody(self) -> bool:
        return bool(self.email_key or self.external_id)


def _section(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name) or {}
    if not isinstance(found, dict):
        raise Refused("This must be an object.", field=name)
    return found


def moment_parse(value: Any, now: datetime, name: str) -> datetime:
    """An ISO 8601 time, UTC when it names no zone; the present when empty.

    Raises Refused when it is not a time, before 1990, or more than a day ahead.
    """
    if value in (None, ""):
        return now
    try:
        moment = datetime.fromisoformat(str(value))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("Not a time: use ISO 8601, such as 2026-03-01T14:30:00Z.", field=name) from None
    if moment.year < 1990:
        raise Refused("This time is before 1990.", field=name)
    if moment > now + timedelta(days=1):
        raise Refused("This time lies in the future.", field=name)
    return min(moment, now)


def _whole(value: Any, name: str) -> int | None:
    if value in (None, ""):
        return None
    try:
        number = int(str(value).replace(",", ""))
    except ValueError:
        raise Refused("This must be a whole number.", field=name) from None
    if not 0 <= number <= 2_000_000_000:
        raise Refused("This number is out of range.", field=name)
    return number


def company_domain(text: str) -> str:
    """A bare host name from what people type: without scheme, path, port and www."""
    host = re.sub(r"^[a-z]+://", "", text.strip().lower()).split("/")[0].split("?")[0].split(":")[0]
    return host.removeprefix("www.")


def activity_parse(row: Any, now: datetime, name: str) -> ActivityIn:
    """One activity of a capture. Raises Refused naming the field."""
    if not isinstance(row, dict):
        raise Refused("This must be an object.", field=name)
    kind = row.get("kind")
    if not isinstance(kind, str) or not KIND_PATTERN.match(kind):
        raise Refused("A kind is 2 to 40 of a-z, 0-9 and _, starting with a letter.", field=f"{name}.kind")
    properties = row.get("properties") or {}
    if not isinstance(properties, dict):
        raise Refused("This must be an object.", field=f"{name}.properties")
    return ActivityIn(
        kind=kind,
        at=moment_parse(row.get("at"), now, f"{name}.at"),
        properties=json_clean(properties, f"{name}.properties"),
        key=text_clean(row.get("key"), 100, f"{name}.key"),
        bot=row.get("bot") if row.get("bot") in (1, 2) else 0,  # type: ignore[arg-type]
    )


def json_clean(value: Any, name: str, depth: int = 0) -> Any:
    """JSON as we keep it: storable text, at most 200 entries a level, six levels deep.

    Raises Refused naming the field when it is larger.
    """
    if depth > 6:
        raise Refused("Nested too deeply.", field=name)
    if isinstance(value, (list, dict)) and len(value) > 200:
        raise Refused("At most 200 entries.", field=name)
    if isinstance(value, str):
        return text_clean(value, 4000, name)
    if isinstance(value, list):
        return [json_clean(inner, name, depth + 1) for inner in value]
    if isinstance(value, dict):
        return {text_clean(key, 100, name): json_clean(inner, name, depth + 1) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def json_storable(value: Any) -> Any:
    """Anything a client sent, minus only what no database can hold: NUL, lone surrogates, NaN and infinity."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [json_storable(inner) for inner in value]
    if isinstance(value, dict):
        return {json_storable(str(key)): json_storable(inner) for key, inner in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _company_parse(raw: dict[str, Any], email_key: str | None) -> dict[str, Any]:
    company: dict[str, Any] = {
        name: text_clean(raw.get(name), limit, f"company.{name}") for name, limit in COMPANY_TEXT.items()
    }
    company["employees"] = _whole(raw.get("employees"), "company.employees")
    company["domain"] = company_domain(company["domain"])
    if email_key and not company["domain"]:
        host = email_key.rpartition("@")[2]
        company["domain"] = "" if host in FREE_MAIL else host
    if not company["domain"] and not company["name"]:
        return {}  # a size or an industry of nobody: there is no company to keep it with
    return {name: value for name, value in company.items() if value not in ("", None)}


def capture_parse(body: Any, now: datetime) -> CaptureIn:
    """Understand a capture. Raises Refused naming the field that is wrong.

    ``{lead: {...}, company: {...}, touch: {...}, visitor, consent_email, activities: [...]}``
    """
    if not isinstance(body, dict):
        raise Refused("A capture is a JSON object.")
    raw = _section(body, "lead")
    out = CaptureIn()
    out.email = text_clean(raw.get("email"), 254, "lead.email")
    out.email_key = email_normalise(out.email) if out.email else None
    out.external_id = text_clean(raw.get("external_id"), 100, "lead.external_id") or None
    out.fields = {
        name: kept
        for name, limit in LEAD_FIELDS.items()
        if (kept := text_clean(raw.get(name), limit, f"lead.{name}"))
    }
    out.custom = json_clean(_section(raw, "custom"), "lead.custom")
    out.company = _company_parse(_section(body, "company"), out.email_key)
    touch = _section(body, "touch")
    out.touch = {
        name: kept
        for name, limit in TOUCH_FIELDS.items()
        if (kept := text_clean(touch.get(name), 10_000, f"touch.{name}")[:limit])
    }
    out.visitor = text_clean(body.get("visitor"), 40, "visitor")
    consent = body.get("consent_email")
    if consent is not None and not isinstance(consent, bool):
        raise Refused("This must be true or false.", field="consent_email")
    out.consent = consent
    rows = body.get("activities") or []
    if not isinstance(rows, list) or len(rows) > 1000:
        raise Refused("This must be a list of at most 1,000.", field="activities")
    out.activities = [activity_parse(row, now, f"activities[{index}]") for index, row in enumerate(rows)]
    if not out.names_somebody and not out.visitor:
        raise Refused("A lead needs an e-mail or an external id.", field="lead.email")
    return out


def lead_name(first: str, last: str, email: str, external_id: str | None, pk: int | None) -> str:
    """What a lead is called by: the name, or else what else there is to know them by."""
    return f"{first} {last}".strip() or email or external_id or f"Lead {pk}"
