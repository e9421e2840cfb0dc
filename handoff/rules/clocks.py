"""The human clock: its terms, its deadlines, what it shows. Pure. Working time itself is ``team.rules.Calendar``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.errors import Refused
from team.rules import AROUND_THE_CLOCK, Calendar

LONGEST = 43_200  # minutes: thirty days


@dataclass(frozen=True)
class Terms:
    """What a clock keeps of its policy. Warned ``warn_minutes`` before the deadline, or after ``warn_percent``."""

    name: str
    minutes: int
    working_time: bool = True
    warn_percent: int = 75
    warn_minutes: int | None = None
    max_reroutes: int = 2
    after_last: str = "stay"
    tell_id: int | None = None

    def deadlines(self, start: datetime, calendar: Calendar) -> tuple[datetime, datetime]:
        """(when to warn, when time is out) of a clock that starts now; never the other way round."""
        counted = calendar if self.working_time else AROUND_THE_CLOCK
        before = self.minutes * (100 - self.warn_percent) / 100 if self.warn_minutes is None else self.warn_minutes
        return counted.due_at(start, self.minutes - before), counted.due_at(start, self.minutes)


def terms_check(values: Mapping[str, Any]) -> None:
    """Raises Refused for terms that nobody could keep."""
    minutes, before = values["minutes"], values.get("warn_minutes")
    if not 1 <= minutes <= LONGEST:
        raise Refused(f"Between 1 minute and 30 days ({LONGEST:,} minutes).", field="minutes")
    if before is None and not 1 <= values["warn_percent"] <= 99:
        raise Refused("Warn after 1 to 99 percent of the time.", field="warn_percent")
    if before is not None and not 1 <= before < minutes:
        said = "The warning comes before the deadline and after the start"
        raise Refused(f"{said}: 1 to {minutes - 1} minutes before it.", field="warn_minutes")
    if values["max_reroutes"] > 20:
        raise Refused("At most 20 other reps.", field="max_reroutes")


def clocks_seconds(handoff: Any) -> tuple[float | None, float | None]:
    """(the system clock: bar to first rep; the human clock: present rep to first answer), None while one runs."""
    first = getattr(handoff, "first_assigned_at", None)
    system = (first - handoff.opened_at).total_seconds() if first else None
    answered, start = handoff.responded_at, handoff.assigned_at
    return system, (answered - start).total_seconds() if answered and start else None


def in_time(row: Any) -> bool | None:
    """Whether the answer (of a handoff, or of one rep's turn) came by the deadline; None while there is none."""
    if row.responded_at is None or row.due_at is None:
        return None
    return bool(row.responded_at <= row.due_at)


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
