"""The doctor catches the broken twin of each invariant of the clocks."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from handoff.models import Assignment, Handoff, SlaPolicy, SlaRevision
from tests.handoff.test_doctor import doctor, whole_way

__all__ = ["whole_way"]
pytestmark = pytest.mark.django_db


def warned_late() -> None:
    Handoff.objects.update(warn_at=F("due_at") + timedelta(minutes=1))


def answered_early() -> None:
    Handoff.objects.update(responded_at=F("assigned_at") - timedelta(minutes=1))


def terms_gone() -> None:
    SlaRevision.objects.all().delete()


def other_deadline() -> None:
    Assignment.objects.filter(ended_at=None).update(due_at=timezone.now() + timedelta(days=9))


def nobody_promised() -> None:
    SlaPolicy.objects.update(instant_only=True)


TWINS = [
    (warned_late, "warning comes before"),
    (answered_early, "answered before they had it"),
    (terms_gone, "terms are kept"),
    (other_deadline, "deadline is the clock's"),
    (nobody_promised, "without a deadline"),
]


@pytest.mark.parametrize(("breaks", "check"), TWINS, ids=[breaks.__name__ for breaks, _ in TWINS])
def test_the_broken_twin_is_caught(whole_way: Any, breaks: Any, check: str) -> None:
    assert doctor()[0] == 0
    breaks()
    code, said = doctor()
    assert code == 1 and any(check in one["check"] for one in said["findings"] if one["serious"]), said
