"""Drift: the scores lie otherwise than at the activation, or chances do not come true; it is said once a month."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from handoff.models import Handoff
from leads.models import Lead, Standing
from scoring import drift
from scoring.models import DriftCheck, Rescore, ScoringModel
from scoring.selectors import active_model
from scoring.services.drift import drift_check
from team.models import Notice
from tests.personas import persona
from tests.scoring.world import many

pytestmark = pytest.mark.django_db


def checked_before(weeks: int = 1) -> None:
    """The checks there are were made in earlier weeks."""
    for one in DriftCheck.objects.order_by("id"):
        DriftCheck.objects.filter(pk=one.pk).update(
            week=f"2000-W{one.pk % 100:02d}", at=one.at - timedelta(weeks=weeks)
        )


def the_model() -> ScoringModel:
    model = active_model()
    assert model is not None
    return model


def test_the_index_is_that_of_the_books() -> None:
    then, now = [100] * 10 + [0], [100] * 10 + [0]
    assert drift.psi(then, now) == pytest.approx(0)
    shifted = [50] * 5 + [150] * 5 + [0]
    expected = 5 * (-0.05 * -0.6931) + 5 * (0.05 * 0.4055)  # sum of (now - then) * ln(now / then)
    assert drift.psi(then, shifted) == pytest.approx(expected, abs=0.01)
    assert drift.psi(then, [10] * 11) is None
    assert drift.psi([0] * 10 + [400], [400] + [0] * 10) > 5  # type: ignore[operator]
    assert drift.bands_of({0: 1, 9: 1, 10: 1, 99: 1, 100: 1, 140: 1, -1: 1}) == [3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]


def test_scores_that_moved_are_said_on_the_desk_and_to_marketers_once(login: Any) -> None:
    marketer = persona("marketer")
    ids = many(300)
    first = drift_check()
    assert first is not None and first.psi is None and sum(first.bands) == 300
    assert drift_check() is None  # once a week
    checked_before()
    same = drift_check()
    assert same is not None and same.psi == pytest.approx(0) and not same.moved
    page = login("marketer").get("/scoring/").content.decode()
    assert "stability index 0.00" in page and "has drifted" not in page
    Standing.objects.filter(pk__in=ids[:200]).update(score=75)
    for _ in range(2):  # two weeks of one month
        checked_before()
        moved = drift_check()
        assert moved is not None and moved.moved and moved.psi is not None and moved.psi > 0.2
    page = login("marketer").get("/scoring/").content.decode()
    assert "The model has drifted" in page and "lie otherwise" in page
    notice = Notice.objects.get(user=marketer, kind="drift")
    assert notice.url == "/scoring/" and "drifted" in notice.title
    assert not Notice.objects.filter(kind="drift").exclude(user=marketer).exists()


def test_chances_that_do_not_come_true_are_drift_too() -> None:
    persona("marketer")
    model = the_model()
    model.learned = {"curve": [[0, 0.1], [100, 0.9]], "outcome": "accepted"}
    model.activated_at = timezone.now() - timedelta(days=20)
    model.save()
    leads = many(120)
    drift_check()
    checked_before()
    Handoff.objects.bulk_create(
        Handoff(
            lead_id=pk,
            cycle=1,
            why="bar",
            score=80,
            state="accepted" if place < 30 else "rejected",
            opened_at=timezone.now() - timedelta(days=1),
        )
        for place, pk in enumerate(leads)
    )
    check = drift_check()
    assert check is not None and check.moved and check.psi is None  # too few leads for the index
    assert check.calibration["n"] == 120 and check.calibration["said"] == pytest.approx(0.74)
    assert check.calibration["came"] == 0.25
    assert "25 % converted where 74 % were said" in Notice.objects.get(kind="drift").body.lower()


def test_it_waits_until_every_lead_was_scored_with_the_model() -> None:
    Rescore.objects.create(key="x", model=the_model(), cause="activated", total=1)
    assert drift_check() is None and not DriftCheck.objects.exists()
    assert Lead.objects.count() == 0
