"""Working hours as people write them. Pure."""

import re

from core.errors import Refused

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
SPAN = re.compile(r"(\d{1,2})[:.h]?(\d{2})?\s*(?:-|–|to)\s*(\d{1,2})[:.h]?(\d{2})?\Z")


def spans_parse(text: str) -> list[list[str]]:
    """'9-12:30, 13:30-18' -> [['09:00', '12:30'], ['13:30', '18:00']]; '' is a day off.

    Raises Refused when a span cannot be read, runs backwards or overlaps the one before it.
    """
    found: list[list[str]] = []
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = SPAN.match(part)
        if not match:
            raise Refused("Write hours such as 09:00-17:30, more spans with a comma.", field="hours")
        start, end = (f"{int(match[i]):02d}:{int(match[i + 1] or 0):02d}" for i in (1, 3))
        if not ("00:00" <= start < end <= "24:00") or start[3:] >= "60" or end[3:] >= "60":
            raise Refused(f"{part}: the end must be after the beginning, up to 24:00.", field="hours")
        if found and start < found[-1][1]:
            raise Refused(f"{part} overlaps the span before it.", field="hours")
        found.append([start, end])
    return found


def spans_text(spans: list[list[str]]) -> str:
    """The way back: [['09:00', '17:30']] -> '09:00-17:30'."""
    return ", ".join(f"{start}-{end}" for start, end in spans)
