"""A lead's score told on its page: every point, when it fades in the reader's zone, what would lift it, its past."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from leads.models import Activity, Lead, Standing
from scoring.models import ScoringRule
from scoring.selectors import score_explain, score_history, scores_compute
from scoring.selectors.compute import basis_of
from scoring.services import score_drain
from tests.scoring.world import ago, captured

pytestmark = pytest.mark.django_db


def test_the_three_columns_add_up_and_the_minus_has_its_own(login: Any) -> None:
    lead = captured(job_title="Director", deeds=[("pricing_viewed", 0), ("unsubscribed", 0)])
    score_drain()
    told = score_explain(lead)
    assert told is not None
    assert [(one.label, one.points) for one in told.columns] == [("Fit", 25), ("Engagement", 12), ("Negative", -25)]
    assert told.score == sum(one.points for one in told.columns) == Standing.objects.get(pk=lead.pk).score == 12
    page = login("marketer").get(f"/scoring/leads/{lead.pk}/").content.decode()
    assert "= fit 25 + engagement 12 − negative 25" in page and "Unsubscribed" in page
    assert "half on" in page
    Activity.objects.filter(lead=lead).update(properties={"page": "/pricing <b>"})
    page = login("marketer").get(f"/scoring/leads/{lead.pk}/").content.decode()
    assert "/pricing &lt;b&gt;" in page


def test_the_days_on_which_points_fade_are_the_readers(login: Any, people: Any) -> None:
    """Points change at midnight UTC: in New York that is the evening before."""
    lead = captured(deeds=[("pricing_viewed", 0)])
    ScoringRule.objects.filter(activity_kind="pricing_viewed").update(fade="expiring", half_life_days=10)
    score_drain()
    on = datetime.now(UTC).date() + timedelta(days=10)
    for zone, day in (("Asia/Tokyo", on), ("America/New_York", on - timedelta(days=1))):
        reader = people("marketer")
        reader.time_zone = zone
        reader.save()
        page = login("marketer").get(f"/scoring/leads/{lead.pk}/").content.decode()
        assert f"all of it until {day.day} {day:%b} {day.year}" in page


def test_what_would_lift_it_is_a_sentence_and_true(login: Any) -> None:
    lead = captured(job_title="Director", employees=200, deeds=[("pricing_viewed", 0)])
    score_drain()
    told = score_explain(lead)
    assert told is not None and told.score == 52
    assert told.advice.startswith("8 points to MQL: Requested a demo (+40), or ")
    assert "Attended a webinar (+15)" in told.advice and told.advice.endswith(" would do.")
    assert told.advice in login("marketer").get(f"/leads/{lead.pk}/").content.decode()
    Activity.objects.create(lead=lead, kind="pricing_viewed", at=timezone.now())
    told = score_explain(lead)
    assert told is not None and (told.advice, told.to_go) == ("", 0)


def test_who_is_far_away_is_told_what_helps() -> None:
    lead = captured(job_title="Student", deeds=[("unsubscribed", 0)])
    told = score_explain(lead)
    assert told is not None and told.advice.startswith("60 points to MQL: no single thing would do; what helps: ")


def test_the_history_is_the_same_fold_and_shows_what_was_done(login: Any, people: Any) -> None:
    lead = captured(
        job_title="Director", deeds=[("webinar_attended", 60), ("pricing_viewed", 5), ("pricing_viewed", 5)]
    )
    Lead.objects.filter(pk=lead.pk).update(created_at=ago(200))
    lead.refresh_from_db()
    activity_bot = Activity.objects.create(lead=lead, kind="demo_requested", at=ago(3), bot=Activity.Bot.BOT)
    past, basis = score_history(lead), basis_of()
    assert past is not None and basis is not None and len(past.scores) == 90 and activity_bot.pk
    now = timezone.now()
    assert past.scores[-1] == scores_compute(basis, [lead.pk], now)[lead.pk]
    today = now.astimezone(UTC).date()
    by_day = dict(zip(past.days, past.scores, strict=True))
    assert [by_day[today - timedelta(days=back)].engagement for back in (61, 60, 15, 6, 5)] == [0, 15, 8, 7, 30]
    assert set(past.done) == {today - timedelta(days=60), today - timedelta(days=5)}
    client = login("marketer")
    page = client.get(f"/scoring/leads/{lead.pk}/history/").content.decode()
    assert "Viewed pricing 2 times" in page and "Attended a webinar" in page and "<table" in page
    assert page.count("dot mark") == 2 and "MQL bar 60" in page
    assert "with the active model (version 1) as it is now" in page
    Standing.objects.filter(pk=lead.pk).update(owner=people("rep"))
    assert login("rep").get(f"/scoring/leads/{lead.pk}/history/").status_code == 200
    assert login("other_rep").get(f"/scoring/leads/{lead.pk}/history/").status_code == 404


def test_a_lead_of_today_has_a_history_of_one_day() -> None:
    past = score_history(captured())
    assert past is not None and past.days == [date.today()] and len(past.chart.rows) == 1


@pytest.mark.parametrize("deeds", [1, 40])
def test_the_history_asks_few_questions(login: Any, django_assert_max_num_queries: Any, deeds: int) -> None:
    lead = captured(deeds=[("pricing_viewed", day) for day in range(deeds)])
    client = login("marketer")
    client.get(f"/scoring/leads/{lead.pk}/history/")
    # session, user; lead; model, rules, fit, deeds, bar; whatever their number of deeds
    with django_assert_max_num_queries(9):
        assert client.get(f"/scoring/leads/{lead.pk}/history/").status_code == 200
