"""Who may take a decision back and until when, and when a lead may be passed on. Pure."""

from datetime import datetime, timedelta

UNDO_MINUTES = 10
UNDO_MANAGER_HOURS = 24
MOST_GIVE_BACKS = 2
COUNT_DAYS = 30  # what "lately" means beside a reason


def undo_until(decided_at: datetime, *, manager: bool) -> datetime:
    """Until when a decision may be taken back: a manager has longer than the rep."""
    return decided_at + (timedelta(hours=UNDO_MANAGER_HOURS) if manager else timedelta(minutes=UNDO_MINUTES))


def undo_late(now: datetime, decided_at: datetime, *, manager: bool) -> str:
    """Why it is too late, for people; '' while it is not."""
    if now <= undo_until(decided_at, manager=manager):
        return ""
    if manager:
        return f"It was decided more than {UNDO_MANAGER_HOURS} hours ago."
    return f"It was decided more than {UNDO_MINUTES} minutes ago: a manager of the team can still take it back."


def give_back_refusal(times: int) -> str:
    """Why a lead that came back ``times`` already goes back to routing no more; '' while it may."""
    if times < MOST_GIVE_BACKS:
        return ""
    return f"It came back {times} times already: accept it, reject it, or ask a manager to give it to somebody."


LEFT, OFF, AWAY, LATE = "has left", "is on time off", "is not at work now", "is late"


def absence(now: datetime, *, active: bool, off: bool, working: bool) -> str:
    """Why a colleague may take this person's leads over, said of the person; '' when they are there."""
    if not active:
        return LEFT
    if off:
        return OFF
    return "" if working else AWAY


def take_over_refusal(*, accepted: bool, late: bool, absent: str, rep: str) -> str:
    """Why a lead of ``rep`` may not be taken over; '' when it may: it is late, or they are away. Who accepted a lead
    and is only off for the night keeps it until it is late."""
    if late or absent == LEFT:
        return ""
    if accepted:
        return f"{rep} accepted this lead and still has time to call: ask a manager."
    return "" if absent else f"{rep} is at work and in time: the lead stays there."
