"""The MQL bar. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import Refused

CROWD = 20  # fewer leads than this say nothing about a bar


def passes_score(score: int, grade: str, *, bar: int, grades: Sequence[str]) -> bool:
    """True when the score reaches the bar and the fit letter (first of the grade) is allowed; no letters: all."""
    return score >= bar and (not grades or grade[:1] in grades)


@dataclass(frozen=True)
class Back:
    """How a recycled lead came back to marketing: when, with what score (None: unknown), and until when the reason
    of its reject has it wait (None: as the policy says)."""

    at: datetime
    score: int | None = None
    not_before: datetime | None = None


@dataclass(frozen=True)
class Reentry:
    """What a policy asks of a lead that came back. ``most``: passes in all by its score, None without a limit."""

    wait_days: int = 14
    rise: int = 0
    most: int | None = None

    def ready_at(self, back: Back) -> datetime:
        """When its wait is over."""
        return back.not_before or back.at + timedelta(days=self.wait_days)

    def allows(self, back: Back, *, now: datetime, cycle: int, score: int) -> bool:
        """Whether the lead may pass in its pass ``cycle`` through marketing."""
        if self.most is not None and cycle > self.most:
            return False
        risen = back.score is None or score >= back.score + self.rise
        return risen and now >= self.ready_at(back)


def why_score(score: int, bar: int, segment: str = "") -> str:
    """'Score 71 passed the bar of 60 (Enterprise)'; the default policy has no name to tell."""
    return f"Score {score} passed the bar of {bar}{f' ({segment})' if segment else ''}"


def policy_check(*, score: int, passing: int, total: int, sure: bool) -> None:
    """Refuse a bar that is nonsense, unless the person is sure. ``total``: the leads it is about. Raises Refused."""
    if sure:
        return
    if score == 0:
        raise Refused(
            "A bar of 0 hands every lead to sales. Tick 'I am sure' if you mean it.", field="score", code="confirm"
        )
    if total >= CROWD and passing * 10 > total * 9:
        raise Refused(
            f"{passing:,} of {total:,} leads would pass today. Tick 'I am sure' if you mean it.",
            field="score",
            code="confirm",
        )


def ceiling_said(policy: str, ceiling: int | None) -> str:
    """Why a lead waits behind the ceiling; None: as the reps have room."""
    if ceiling is None:
        return f"No room left today with the reps for {policy}"
    return f"Today's ceiling of {ceiling:,} for {policy} is reached"
