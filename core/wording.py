"""Numbers as people say them. Pure."""

UNITS = [("d", 86400), ("h", 3600), ("m", 60), ("s", 1)]
LONG = [("year", 31_536_000), ("month", 2_592_000), ("day", 86400), ("hour", 3600), ("minute", 60)]


def duration(seconds: float) -> str:
    """Seconds -> '3 m 40 s', '2 d 4 h', '0 s'; two neighbouring units at the most."""
    rest = int(abs(seconds))
    sign = "-" if seconds <= -1 else ""
    for index, (unit, size) in enumerate(UNITS):
        if rest >= size:
            count, rest = divmod(rest, size)
            text = f"{count} {unit}"
            if index + 1 < len(UNITS) and (smaller := rest // UNITS[index + 1][1]):
                text += f" {smaller} {UNITS[index + 1][0]}"
            return sign + text
    return "0 s"


def allowance(minutes: int) -> str:
    """A span that somebody set, in minutes -> '5 minutes', '4 hours', '90 minutes'; never in days."""
    count, unit = (minutes // 60, "hour") if minutes and minutes % 60 == 0 else (minutes, "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"


def ago(seconds: float) -> str:
    """Seconds since -> '5 minutes ago'; negative -> 'in 5 minutes'."""
    size = abs(seconds)
    for unit, length in LONG:
        if size >= length:
            count = int(size // length)
            said = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"{said} ago" if seconds > 0 else f"in {said}"
    return "just now"


def countdown(left: float) -> str:
    """Seconds left -> what fits in a clock of four letters: '2:54', '3 h', '4 d', 'late'."""
    if left <= 0:
        return "late"
    if left < 600:
        return f"{int(left // 60)}:{int(left % 60):02d}"
    if left < 3600:
        return f"{int(left // 60)} m"
    return f"{int(left // 3600)} h" if left < 86400 else f"{int(left // 86400)} d"
