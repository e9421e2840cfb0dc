"""The pages of back-tests: begun, watched, read at any bar, and by whom."""

from typing import Any

import pytest

from scoring.models import BacktestRun, ScoringModel
from scoring.services import backtest_drain
from tests.scoring.test_backtest import draft, lived, tried, world

__all__ = ["draft"]
pytestmark = pytest.mark.django_db


def test_it_is_begun_watched_and_read(draft: ScoringModel, login: Any) -> None:
    leads = world()
    client = login("marketer")
    assert f"/scoring/models/{draft.pk}/backtests/" in client.get(f"/scoring/models/{draft.pk}/").content.decode()
    form = client.get(f"/scoring/models/{draft.pk}/backtests/").content.decode()
    assert "Not tried yet" in form and 'value="60"' in form and 'value="180"' in form
    answer = client.post(f"/scoring/models/{draft.pk}/backtests/", {"bar": 50, "days": 60})
    run = BacktestRun.objects.get()
    assert answer.status_code == 302 and answer.url == f"/scoring/backtests/{run.pk}/"
    assert run.by is not None and run.by.is_marketer
    assert "0 of 10" in client.get(answer.url).content.decode()
    assert "HX-Refresh" not in client.get(f"{answer.url}progress/").headers
    again = client.post(f"/scoring/models/{draft.pk}/backtests/", {"bar": 50, "days": 60})
    assert again.status_code == 409 and "wait for it" in again.content.decode()
    backtest_drain()
    assert client.get(f"{answer.url}progress/").headers["HX-Refresh"] == "true"
    page = client.get(answer.url).content.decode()
    assert "At a bar of 50" in page and "1 of 2" in page and "1 of 3" in page and "(few)" in page
    assert leads["missed"].email in page and f"/leads/{leads['missed'].pk}/" in page
    assert leads["won"].email not in page
    assert "as it is now" in page and "Only in v2" in page
    lower = client.get(answer.url, {"bar": "10"}).content.decode()
    assert "At a bar of 10" in lower and leads["missed"].email in lower and leads["after"].email in lower
    part = client.get(answer.url, {"bar": "30"}, headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith("<div") and "At a bar of 30" in part and "<html" not in part
    for nonsense in ("x", "-3", "9" * 30):
        assert client.get(answer.url, {"bar": nonsense}).status_code == 200
    assert "Done" in client.get(f"/scoring/models/{draft.pk}/backtests/").content.decode()


def test_a_changed_draft_is_said(draft: ScoringModel, login: Any) -> None:
    world()
    run = tried(draft)
    draft.rules.update(points=31)
    assert "was changed since" in login("marketer").get(f"/scoring/backtests/{run.pk}/").content.decode()


def test_nobody_in_marketing_is_said(draft: ScoringModel, login: Any) -> None:
    lived(came=300, handed=200, end="won")
    run = tried(draft)
    assert "Nobody was in marketing" in login("marketer").get(f"/scoring/backtests/{run.pk}/").content.decode()


def test_it_is_cancelled(draft: ScoringModel, login: Any) -> None:
    world()
    client = login("marketer")
    client.post(f"/scoring/models/{draft.pk}/backtests/", {"bar": 50, "days": 60})
    run = BacktestRun.objects.get()
    assert client.post(f"/scoring/backtests/{run.pk}/cancel/").status_code == 302
    backtest_drain()
    assert "It was cancelled" in client.get(f"/scoring/backtests/{run.pk}/").content.decode()


def test_a_bar_too_high_is_refused_at_its_field(draft: ScoringModel, login: Any) -> None:
    answer = login("marketer").post(f"/scoring/models/{draft.pk}/backtests/", {"bar": 500, "days": 60})
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.content.decode()


@pytest.mark.parametrize("role", ["rep", "anonymous"])
def test_others_do_not_get_in(draft: ScoringModel, login: Any, role: str) -> None:
    world()
    run = tried(draft)
    client = login(role)
    for path in (f"models/{draft.pk}/backtests/", f"backtests/{run.pk}/", f"backtests/{run.pk}/progress/"):
        assert client.get(f"/scoring/{path}").status_code in (302, 403)
    assert client.post(f"/scoring/models/{draft.pk}/backtests/", {"bar": 1, "days": 60}).status_code in (302, 403)
    assert BacktestRun.objects.count() == 1


def test_a_manager_sees_the_names_of_own_leads_only(draft: ScoringModel, login: Any, people: Any) -> None:
    leads = world()
    run = tried(draft)
    other = people("other_rep")
    leads["missed"].standing.owner = other
    leads["missed"].standing.save()
    page = login("manager").get(f"/scoring/backtests/{run.pk}/").content.decode()
    assert leads["missed"].email not in page
    assert "2 won leads" in page


def test_the_page_asks_little(draft: ScoringModel, login: Any, django_assert_max_num_queries: Any) -> None:
    world()
    run = tried(draft)
    client = login("marketer")
    with django_assert_max_num_queries(14):
        client.get(f"/scoring/backtests/{run.pk}/")
