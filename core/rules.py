"""Pure arithmetic of the foundation."""


def backoff_seconds(attempts: int) -> int:
    """Delay before the next try, in seconds: 5, 10, 20 ... at most one hour. ``attempts`` counts from 1."""
    return int(min(3600, 5 * 2 ** max(0, min(attempts, 20) - 1)))
