"""Pure rules of when people work: hours as written, public holidays, the working calendar."""

from team.rules.calendar import AROUND_THE_CLOCK, Calendar, Hours, day_start, spans_join, zone_get
from team.rules.hours import WEEKDAYS, spans_parse, spans_text
from team.rules.public_days import ClosedDays, countries, country_check, holidays_of, place_name, places, regions
from team.rules.week import Day, days_counted, now_said, week_of

__all__ = [
    "AROUND_THE_CLOCK",
    "WEEKDAYS",
    "Calendar",
    "ClosedDays",
    "Day",
    "Hours",
    "countries",
    "country_check",
    "day_start",
    "days_counted",
    "holidays_of",
    "now_said",
    "place_name",
    "places",
    "regions",
    "spans_join",
    "spans_parse",
    "spans_text",
    "week_of",
    "zone_get",
]
