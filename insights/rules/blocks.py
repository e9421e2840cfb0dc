"""Days, weeks and eight weeks: how a period becomes few kept sums. Pure.

Every sum is kept at three widths. A period of whole days is then the sum of a few disjoint blocks: a year is about
six blocks of eight weeks and at most two handfuls of weeks and of days at its ends. Weeks begin on Monday.
"""

WIDTHS = (1, 7, 56)  # days; each is a whole number of those before
OFFSET = 56 * 13_000 + 3  # makes every day positive, and a Monday the first day of its week
LEVEL = 1 << 24  # blocks of a width have numbers from LEVEL x its place on


def blocks_of(day: int) -> tuple[int, ...]:
    """The block of each width that holds a day number."""
    return tuple(level * LEVEL + (day + OFFSET) // width for level, width in enumerate(WIDTHS))


def blocks_between(first: int, last: int) -> list[int]:
    """The blocks that make up the days ``first`` to ``last``, both included: disjoint, as wide as they fit."""
    found: list[int] = []
    low, high = first + OFFSET, last + OFFSET + 1
    for level, width in enumerate(WIDTHS):
        wider = WIDTHS[level + 1] if level + 1 < len(WIDTHS) else 0
        inner_low = -(-low // wider) * wider if wider else high
        inner_high = high // wider * wider if wider else high
        if not wider or inner_low >= inner_high:  # no wider block fits inside: all of it in blocks of this width
            return found + _run(level, width, low, high)
        found += _run(level, width, low, inner_low) + _run(level, width, inner_high, high)
        low, high = inner_low, inner_high
    return found


def _run(level: int, width: int, low: int, high: int) -> list[int]:
    return [level * LEVEL + number for number in range(low // width, high // width)]


def monday_before(day: int) -> int:
    """The Monday of a day's week."""
    return day - (day + OFFSET) % 7


def weeks_between(first: int, last: int) -> list[tuple[int, list[int]]]:
    """(its Monday, its blocks within the period) of every week that has days of the period, oldest first."""
    return [
        (monday, blocks_between(max(first, monday), min(last, monday + 6)))
        for monday in range(monday_before(first), last + 1, 7)
    ]
