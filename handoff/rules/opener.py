"""The first sentence of a call or mail: a text with named gaps, filled from what the lead did. Pure.

This is no template language: a gap is one of ``GAPS`` in braces, everything else is text, and what fills it is text.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

GAPS: dict[str, str] = {
    "first_name": "the lead's first name",
    "company": "where they work",
    "job_title": "what they do there",
    "persona": "who they are to you",
    "deed": "what they did last that shows intent: “asked for a demo”",
    "when": "how long ago that was: “yesterday”",
    "asset": "the last thing they downloaded",
    "campaign": "the campaign of the last touch",
    "rep": "the rep's first name",
}
LIMIT = 400
_GAP = re.compile(r"\{([^{}]*)\}")
# What shows intent, strongest first, as it is said to the person.
DEEDS: dict[str, str] = {
    "demo_requested": "asked for a demo",
    "consultation_requested": "asked for a consultation",
    "pricing_viewed": "looked at our pricing",
    "webinar_attended": "came to our webinar",
    "asset_downloaded": "downloaded {asset}",
    "form_submitted": "filled in our form",
    "email_clicked": "followed a link in our mail",
    "page_viewed": "looked around on our site",
}
FALLBACK = "Hello, this is {rep}. You were in touch with us lately: what made you look into this now?"


def opener_refusal(text: str) -> str:
    """Why this is no opener, for people; '' when it is."""
    if not text.strip():
        return "Write the sentence."
    if len(text) > LIMIT:
        return f"At most {LIMIT} characters; a sentence or two."
    unknown = [name for name in gaps(text) if name not in GAPS]
    if unknown:
        return f"There is no {{{unknown[0]}}}: use {', '.join('{' + name + '}' for name in GAPS)}."
    if re.search(r"[{}]", _GAP.sub("", text)):
        return "A brace is missing: a gap is written {first_name}."
    return ""


def gaps(text: str) -> list[str]:
    return _GAP.findall(text)


def opener_fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its gaps filled; '' when one of them has nothing to say, so that no sentence has a hole. What
    fills a gap is text: braces in it mean nothing."""
    if any(not values.get(name) for name in gaps(text)):
        return ""
    return _GAP.sub(lambda gap: values[gap.group(1)], text)


def deed_best(deeds: Iterable[tuple[str, datetime, str]]) -> tuple[str, datetime] | None:
    """Of (kind, when, asset), newest first: the one that shows most intent, the newest of its kind, as said to the
    person."""
    ranks = {kind: rank for rank, kind in enumerate(DEEDS)}
    known = [(ranks[kind], place, kind, at, asset) for place, (kind, at, asset) in enumerate(deeds) if kind in ranks]
    if not known:
        return None
    _, _, kind, at, asset = min(known)
    words = DEEDS[kind].replace("{asset}", f"“{asset}”" if asset else "one of our papers")
    return words, at


def when_said(days: int) -> str:
    """How long ago, in words that fit the end of a sentence."""
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    return f"{days} days ago" if days < 14 else f"{days // 7} weeks ago" if days < 60 else "some time ago"
