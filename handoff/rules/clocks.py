"""What a running clock shows. Pure. Working time itself is ``team.rules.Calendar``."""

from datetime import datetime


def clock_level(now: datetime, warn: datetime | None, due: datetime | None) -> str:
    """'' in time, 'warn' close to the deadline, 'late' after it."""
    if due is not None and now >= due:
        return "late"
    return "warn" if warn is not None and now >= warn else ""


def clock_percent(now: datetime, start: datetime | None, due: datetime | None) -> int:
    """How much of the time is used, 0 to 100."""
    if start is None or due is None or due <= start:
        return 100
    return int(max(0, min(100, 100 * (now - start) / (due - start))))
