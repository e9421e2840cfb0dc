"""Numbers as people read them. Pure; 'not enough data' instead of a number nobody should trust."""

from decimal import Decimal

from insights.rules.rates import FEW

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


def people(number: int) -> str:
    return "1 person" if number == 1 else f"{number:,} people"


# What the contract counts, said once: on hover, in the mail's foot and in docs/handoff/contract.md.
MEANS = {
    "mqls": "People handed over to sales for the first time in the week. Somebody recycled who passes the bar again "
    "is shown apart and does not count twice.",
    "accepted": "Accepted / (accepted + rejected), of the handoffs that sales decided in the week.",
    "answered": "Answered before the deadline, of the handoffs assigned in the week that are answered or past a "
    "deadline. An answer is a call, e-mail or meeting by the rep. Passed on after a missed deadline is late, whoever "
    "answered then.",
    "response": "From the assignment to the first call, e-mail or meeting, by the clock on the wall: median, and the "
    "time within which 90 % were answered. Where a deadline was missed before, from the first rep who missed it.",
    "attempts": "Of the handoffs assigned in the week: calls, e-mails and meetings within the working days promised. "
    "Enough is the number promised, or fewer when the lead was reached and decided on in that time; who was rejected "
    "as unreachable needs them all. Those whose time still runs are not judged.",
    "waiting": "Handed over, and nobody has called, written to or met them yet; as of now, whatever the period.",
    "used": "How much of the allowed time the first answer took: working time where the response time counts working "
    "time. Everything left of the line was in time.",
}


def share_of(part: int, whole: int) -> str:
    """'83.3 % of 24'; of few cases the cases themselves."""
    if not whole:
        return "–"
    return f"{part} of {whole}" if whole < FEW else f"{percent(100.0 * part / whole)} of {whole:,}"
