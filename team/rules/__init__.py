"""Pure rules of when people work: hours as written, public holidays, the working calendar."""

from team.rules.calendar import AROUND_THE_CLOCK, Calendar, Hours, day_start, spans_join, zone_get
from team.rules.hours import WEEKDAYS, spans_parse, spans_text
from team.rules.public_days import ClosedDays, countries, country_check, holidays_of, regions

__all__ = [
    "AROUND_THE_CLOCK",
    "WEEKDAYS",
    "Calendar",
    "ClosedDays",
    "Hours",
    "countries",
    "country_check",
    "day_start",
    "holidays_of",
    "regions",
    "spans_join",
    "spans_parse",
    "spans_text",
    "zone_get",
]
