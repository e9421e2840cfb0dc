"""The MQL bar. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from core.errors import Refused


def passes_score(score: int, grade: str, *, bar: int, grades: Sequence[str]) -> bool:
    """True when the score reaches the bar and the fit letter (first of the grade) is allowed; no letters: all."""
    return score >= bar and (not grades or grade[:1] in grades)


def may_reenter(now: datetime, recycled_at: datetime | None, wait_days: int) -> bool:
    """A recycled lead waits before it can pass again (a fresh high-intent activity does not)."""
    return recycled_at is None or now >= recycled_at + timedelta(days=wait_days)


def why_score(score: int, bar: int) -> str:
    return f"Score {score} passed the bar of {bar}"


def policy_check(*, score: int, passing: int, total: int, sure: bool) -> None:
    """Refuse a bar that is nonsense, unless the person is sure. Raises Refused."""
    if sure:
        return
    if score == 0:
        raise Refused(
            "A bar of 0 hands every lead to sales. Tick 'I am sure' if you mean it.", field="score", code="confirm"
        )
    if total >= 20 and passing * 10 > total * 9:
        raise Refused(
            f"{passing:,} of {total:,} leads would pass today. Tick 'I am sure' if you mean it.",
            field="score",
            code="confirm",
        )
