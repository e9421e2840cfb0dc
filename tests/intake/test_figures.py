"""The figures that an imported history must show, asked of the database."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from django.db.models import Avg, F, OuterRef, Subquery, Sum

from deals.models import Deal, Product
from funnels.models import Stage, Transition
from intake.models import ImportRun
from leads.models import Company, CustomField, Lead, Standing
from team.models import User
from tests.intake.conftest import counts


@pytest.fixture
def sales(bring: Callable[..., ImportRun], sample: Callable[[str], Path]) -> Callable[[], list[ImportRun]]:
    kinds = {"users": "teams", "products": "products", "companies": "accounts", "deals": "pipeline"}
    return lambda: [bring(kind, sample(f"sales_{name}.csv")) for kind, name in kinds.items()]


def test_the_sales_history_shows_its_figures(sales: Callable[[], list[ImportRun]]) -> None:
    runs = sales()
    assert [counts(run) for run in runs] == [(35, 0, 0, 0), (7, 0, 0, 0), (85, 0, 0, 0), (8800, 0, 0, 0)]
    won = Deal.objects.filter(stage__kind=Stage.Kind.WON)
    lost = Deal.objects.filter(stage__kind=Stage.Kind.LOST)
    assert (Deal.objects.count(), won.count(), lost.count()) == (8800, 4238, 2473)
    assert round(100 * won.count() / (won.count() + lost.count()), 2) == 63.15
    totals = won.aggregate(Sum("amount"), Avg("amount"))
    assert totals["amount__sum"] == 10_005_534
    assert round(Decimal(totals["amount__avg"]), 2) == Decimal("2360.91")
    days = [(closed - opened).days for opened, closed in won.values_list("created_at", "closed_at")]
    assert round(sum(days) / len(days), 2) == 51.78
    assert median(days) == 57
    assert Deal.objects.filter(accepted_at__isnull=True).count() == 0
    assert Deal.objects.filter(company__isnull=True).count() == 1425
    assert Deal.objects.filter(products__name="GTX Pro").count() == 1480
    assert Deal.objects.filter(products__isnull=True).count() == 0
    assert User.objects.filter(is_rep=True).count() == 35
    assert User.objects.filter(is_manager=True).count() == 6
    assert not any(user.has_usable_password() for user in User.objects.all())
    assert (Product.objects.count(), Company.objects.count()) == (7, 85)
    assert Company.objects.get(name="Bluth Company").country == "United States"
    assert "at the import" in str(runs[3].notes)


def test_the_sales_history_is_in_the_ledger_at_its_dates(sales: Callable[[], list[ImportRun]]) -> None:
    sales()
    rows = Transition.objects.filter(kind=Transition.Kind.DEAL)
    last = rows.filter(traveller_id=OuterRef("pk")).order_by("-seq")
    deals = Deal.objects.annotate(
        last_stage=Subquery(last.values("to_stage")[:1]), at=Subquery(last.values("at")[:1])
    )
    assert not deals.exclude(last_stage=F("stage"), at=F("stage_since")).exists()
    first = rows.filter(seq=1, from_stage__isnull=True)
    assert first.count() == 8800
    assert rows.filter(to_stage__kind="won", at=F("at")).count() == 4238
    deal = Deal.objects.get(external_id="1C1I7A6R")
    chain = list(rows.filter(traveller_id=deal.pk).order_by("seq"))
    assert [f"{row.to_stage.key} {row.at:%Y-%m-%d}" for row in chain] == [
        "qualification 2016-10-20",
        "won 2017-03-01",
    ]
    assert chain[1].seconds == 132 * 86400


def _everything() -> Any:
    links = Deal.products.through.objects.count()
    return list(Deal.objects.order_by("pk").values()), Transition.objects.count(), links


def test_importing_the_sales_history_again_changes_nothing(sales: Callable[[], list[ImportRun]]) -> None:
    sales()
    before = (
        list(Deal.objects.order_by("pk").values()),
        Transition.objects.count(),
        Deal.products.through.objects.count(),
    )
    assert [counts(run) for run in sales()] == [(0, 0, 35, 0), (0, 0, 7, 0), (0, 0, 85, 0), (0, 0, 8800, 0)]
    after = (
        list(Deal.objects.order_by("pk").values()),
        Transition.objects.count(),
        Deal.products.through.objects.count(),
    )
    assert before == after


def test_leads_without_e_mail_import_whole(bring: Callable[..., ImportRun], sample: Callable[[str], Path]) -> None:
    path = sample("lead_scoring_leads.csv")
    assert counts(bring("leads", path)) == (6520, 0, 0, 0)
    assert Lead.objects.count() == Standing.objects.count() == 6520
    assert Lead.objects.filter(custom__converted=True).count() == 2522
    assert Lead.objects.filter(custom__converted=False).count() == 6520 - 2522
    assert Transition.objects.filter(kind=Transition.Kind.LEAD, seq=1).count() == 6520
    assert Standing.objects.filter(score_due_at__isnull=True).count() == 0
    types: dict[str, Any] = dict(CustomField.objects.values_list("key", "type"))
    assert (types["converted"], types["total_visits"], types["last_activity"]) == ("bool", "number", "text")
    assert Lead.objects.filter(city="Select").count() == 0
    lead = Lead.objects.get(external_id="2a272436-5132-4136-86fa-dcc88c88f482")
    assert lead.source == "Organic Search"
    assert lead.custom["page_views_per_visit"] == 2.5
    before = list(Lead.objects.order_by("pk").values())
    assert counts(bring("leads", path)) == (0, 0, 6520, 0)
    assert list(Lead.objects.order_by("pk").values()) == before
