"""When somebody wants peace. Pure."""

from datetime import datetime, timedelta

from core.errors import Refused
from team.rules.calendar import Calendar, Hours
from team.rules.hours import spans_parse

NOW, LATE, ASKED = "", "late", "asked"  # how urgent: not at all, a missed deadline, a lead who asked for a talk
LONGEST = timedelta(days=30)  # nothing is held longer without looking again


def clock_parse(text: str, field: str) -> str:
    """'8', '8:30' -> '08:30'; '24:00' is midnight at the end. Raises Refused."""
    try:
        return spans_parse(f"{text.strip()}-24:00")[0][0] if text.strip() not in ("24", "24:00") else "24:00"
    except (Refused, IndexError):
        raise Refused("Write a time such as 20:00.", field=field) from None


def awake_hours(quiet_from: str, quiet_to: str) -> Hours:
    """The hours that are not quiet, the same every day. ``quiet_to`` before ``quiet_from``: over midnight."""
    start, end = ("00:00" if one == "24:00" else one for one in (quiet_from, quiet_to))
    if start == end:
        raise Refused("The end must differ from the start.", field="quiet_to")
    if end < start:
        spans = [[end, start]]
    else:
        spans = [one for one in (["00:00", start], [end, "24:00"]) if one[0] < one[1]]
    return {str(day): spans for day in range(7)}


def quiet_until(
    at: datetime, *, quiet: str, own: tuple[str, str], through: str, calendar: Calendar, urgent: str = NOW
) -> datetime | None:
    """When something told at ``at`` may be sent; None: at once.

    ``quiet``: hours (outside the calendar), own (the times ``own``, and time off) or off. ``urgent``: NOW, LATE or
    ASKED; ``through``: what comes through all the same (duty: ASKED but not in time off; always: both; never).
    """
    if quiet == "off":
        return None
    if through == "always" and urgent:
        return None
    if through == "duty" and urgent == ASKED and not calendar.is_off(at):
        return None
    free = Calendar(awake_hours(*own), calendar.zone, off=calendar.off) if quiet == "own" else calendar
    opening = free.next_opening(at)
    return None if opening <= at else min(opening, at + LONGEST)
