"""Numbers as people read them. Pure; 'not enough data' instead of a number nobody should trust."""

from decimal import Decimal

from insights.rules.rates import FEW, Spread

FEW_SAID = "not enough data"
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}


def whole(number: float) -> str:
    return f"{number:,.0f}"


def percent(number: float | None) -> str:
    return "–" if number is None else f"{number:.1f} %"


def money(amount: float | Decimal | None, currency: str, *, cents: bool = False) -> str:
    if amount is None:
        return "–"
    sign = _SIGNS.get(currency)
    text = f"{amount:,.2f}" if cents else f"{amount:,.0f}"
    return f"{sign}{text}" if sign else f"{text} {currency}"


def days(number: float | None) -> str:
    """Days, in hours and minutes when they are few."""
    if number is None:
        return "–"
    if number * 86_400 < 60:
        return "at once"
    return f"{number:.1f} d" if 1 <= number < 9.95 else f"{number:.0f} d" if number >= 1 else span(number * 86_400)


def coarse(number: float | None) -> str:
    """Days where there is little room: one unit only."""
    return f"{number * 24:.0f} h" if number is not None and 1 / 24 <= number < 1 else days(number)


def span(seconds: float | None) -> str:
    """A short time: 40 s, 3 m 40 s, 2 h 5 m, 3 d 4 h."""
    if seconds is None:
        return "–"
    left = round(seconds)
    for size, unit, small, part in ((86_400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if left >= size:
            rest = left % size // small
            return f"{left // size} {unit}" + (f" {rest} {part}" if rest else "")
    return f"{left} s"


def moved(number: float | None, unit: str = "%") -> str:
    """A change against the period before, with its sign."""
    return "" if number is None else f"{number:+,.1f} {unit}".replace("-", "−")


def median_said(spread: Spread) -> str:
    return f"median {days(spread.median)}, 90 % within {days(spread.p90)}" if spread.n >= FEW else FEW_SAID


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"
