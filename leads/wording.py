"""How an activity or a move reads in a timeline. Pure."""

from typing import Any

from leads.rules import ACTIVITY_KINDS

ICONS: dict[str, str] = {
    "page_viewed": "eye",
    "pricing_viewed": "tag",
    "form_submitted": "file-text",
    "asset_downloaded": "download",
    "email_sent": "send",
    "email_opened": "mail-open",
    "email_clicked": "mouse-pointer-click",
    "email_bounced": "mail-x",
    "webinar_attended": "video",
    "demo_requested": "hand",
    "consultation_requested": "hand",
    "unsubscribed": "bell-off",
    "call": "phone",
    "email": "mail",
    "meeting": "users",
    "note": "notebook-pen",
    "task_done": "check",
    "imported": "upload",
    "merged": "merge",
}
# The properties that say most, in this order, before all others.
TELLING = (
    "text",
    "note",
    "message",
    "subject",
    "title",
    "name",
    "page",
    "url",
    "asset",
    "outcome",
    "minutes",
    "form",
)
CAUSES: dict[str, str] = {
    "captured": "first seen",
    "imported": "imported",
    "scored": "score passed the bar",
    "mql": "passed the MQL bar",
    "recycled": "back to nurture",
    "by hand": "moved by hand",
    "undone": "a bulk change was undone",
    "merged": "two records became one",
    "reject_undone": "the reject was taken back",
    "won": "the deal was won",
}


def kind_label(kind: str) -> str:
    return ACTIVITY_KINDS.get(kind, kind.replace("_", " ").capitalize())


def kind_icon(kind: str) -> str:
    return ICONS.get(kind, "activity")


def properties_said(properties: Any, limit: int = 3) -> str:
    """The few properties worth a line, as text."""
    if not isinstance(properties, dict):
        return ""
    said = []
    for name in (*TELLING, *(one for one in properties if one not in TELLING and one != "deal")):
        value = properties.get(name)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)) or value == "":
            continue
        said.append(_said(name, value))
        if len(said) == limit:
            break
    return " · ".join(said)


def _said(name: str, value: str | int | float) -> str:
    if name == "minutes":
        return f"{value} min"
    if name == "outcome":
        return str(value).replace("_", " ")
    return str(value) if name in TELLING else f"{name.replace('_', ' ')}: {value}"


def cause_said(cause: str) -> str:
    return CAUSES.get(cause, cause.replace("_", " "))
