"""What marketing and sales decided when they looked at a week. Kept with it; what is open is carried on."""

from datetime import date
from typing import Any

from django.db import transaction

from core.clock import db_now
from core.errors import Refused
from core.ordered import row_revise
from insights.models import Decision

CHANGED = "Somebody else changed this decision since you opened it. Reload to see their version."


@transaction.atomic
def decision_note(*, by: Any, monday: date, text: str, owner: Any = None, due: date | None = None) -> Decision:
    """Note a decision. A second click with the same words on the same week is the same decision. Raises Refused for
    who may not, and for no words."""
    _may(by)
    text = _words(text)
    known = Decision.objects.filter(monday=monday, text=text, by=by, owner=owner, due=due, done_at=None).first()
    return known or Decision.objects.create(monday=monday, text=text, by=by, owner=owner, due=due, at=db_now())


@transaction.atomic
def decision_change(
    *, by: Any, decision: Decision, revision: int, text: str, owner: Any = None, due: date | None = None
) -> None:
    """Change the words, who does it, or by when. Raises Conflict when somebody else changed it since ``revision``."""
    _may(by)
    row_revise(decision, revision, {"text": _words(text), "owner": owner, "due": due}, said=CHANGED)


@transaction.atomic
def decision_done(*, by: Any, decision: Decision, done: bool) -> None:
    """Tick it off, or open it again."""
    _may(by)
    rows = Decision.objects.filter(pk=decision.pk, done_at__isnull=done)
    rows.update(done_at=db_now() if done else None, done_by=by if done else None)


@transaction.atomic
def decision_remove(*, by: Any, decision: Decision) -> None:
    """Take out what was noted by mistake."""
    _may(by)
    Decision.objects.filter(pk=decision.pk).delete()


def _may(by: Any) -> None:
    if not by.has_role("manager", "marketer"):
        raise Refused("Managers and marketers note what was decided.", code="forbidden")


def _words(text: str) -> str:
    text = " ".join(text.split())
    if not text:
        raise Refused("Say what was decided.", field="text")
    return text[:500]
