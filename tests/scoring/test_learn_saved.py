"""From outcomes in the database to an ordinary draft: the engine gives the very points that were learned."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from deals.models import Deal, LostReason
from funnels.models import Transition
from funnels.selectors import stage_get, stage_of_kind
from funnels.services import journey_start
from handoff.models import Handoff
from leads.models import Activity, Company, CustomField, Lead, Standing
from leads.services import capture_accept, inbox_drain
from scoring.learn.evaluate import cleaned
from scoring.learn.fit import card_learn
from scoring.learn.table import UNSEEN, Kind
from scoring.models import ScoringModel
from scoring.selectors import basis_of, score_explain, scores_compute
from scoring.selectors.outcomes import labelled_table, outcomes_table
from scoring.services import model_draft, rule_delete
from scoring.services.learning import model_learned

pytestmark = pytest.mark.django_db
THEN = timezone.now() - timedelta(days=30)


def people_with_outcomes(count: int = 600) -> list[Lead]:
    """Leads whose own field says who bought; seniority, minutes on the site and the company's size tell."""
    CustomField.objects.bulk_create(
        [
            CustomField(key="bought", label="Bought", type="bool"),
            CustomField(key="minutes", label="Minutes", type="number"),
            CustomField(key="plan", label="Plan", type="text"),
            CustomField(key="newsletter", label="Newsletter", type="bool"),
        ]
    )
    dice = random.Random(11)
    firms = Company.objects.bulk_create(
        [Company(name=f"Firm {i}", employees=10 * i or None, industry=("Retail", "")[i % 2]) for i in range(30)]
    )
    rows = []
    for i in range(count):
        minutes, plan = dice.choice((None, 1, 5, 12.5, 40)), dice.choice(("Basic", "pro", "Été", "", f"odd {i}"))
        firm = dice.choice([None, *firms])
        odds = (
            (minutes or 0) / 10 + 1.5 * (plan == "pro") + (firm.employees or 0) / 200 * bool(firm) - 2 if firm else -1
        )
        own: dict[str, Any] = {"bought": dice.random() < 1 / (1 + 2.718**-odds), "newsletter": dice.random() < 0.5}
        own |= {"minutes": minutes} if minutes is not None else {}
        own |= {"plan": plan} if plan else {}
        rows.append(
            Lead(
                email=f"p{i}@x.example",
                email_key=f"p{i}@x.example",
                company=firm,
                custom=own,
                source=dice.choice(("google", "fair", "")),
                phone="+1" if dice.random() < 0.5 else "",
                consent_email=dice.random() < 0.5,
            )
        )
    made = Lead.objects.bulk_create(rows)
    stage = stage_get("marketing", "awareness")
    standings = Standing.objects.bulk_create([Standing(lead=lead, stage=stage, seq=1) for lead in made])
    journey_start(standings, kind=Transition.Kind.LEAD, cause="captured")
    return made


def test_the_engine_gives_every_lead_the_points_that_were_learned() -> None:
    people_with_outcomes()
    table, _ = cleaned(labelled_table(label="custom.bought"))
    card = card_learn(table)
    model = model_learned(card=card, source="leads by their field bought")
    assert model.state == "draft" and model.fit_cap == 100
    basis = basis_of(model)
    assert basis is not None
    ids = list(Lead.objects.order_by("-id").values_list("pk", flat=True))
    scores = scores_compute(basis, ids, timezone.now())
    assert [scores[pk].score for pk in ids] == card.points_of(table)
    assert len({score.score for score in scores.values()}) > 10
    kinds = {one.fact: one.kind for one in card.traits}
    assert kinds["custom.minutes"] is Kind.NUMBER and kinds["custom.plan"] is Kind.CATEGORY
    for pk in ids[:5]:
        told = score_explain(Lead.objects.get(pk=pk), basis=basis)
        assert told is not None and sum(line.points for line in told.lines) == Decimal(told.score) == scores[pk].score


def test_learning_from_the_command_line_saves_a_draft_that_the_desk_shows(login: Any, capsys: Any) -> None:
    people_with_outcomes()
    call_command("score_learn", "--label", "bought", "--save", "--no-measure", "--exclude", "Plan")
    said = capsys.readouterr().out
    assert "Left out: Plan: excluded by name" in said and "Saved as the draft 'Learned v2'" in said
    model = ScoringModel.objects.get(state="draft")
    rule = model.rules.filter(name__startswith="Minutes").first()
    assert (
        rule is not None
        and rule.evidence["n"] >= 20
        and {"won", "rate", "weight", "low", "high"} <= set(rule.evidence)
    )
    assert not model.rules.filter(name__startswith="Plan").exists()
    page = login("marketer").get(f"/scoring/models/{model.pk}/").content.decode()
    assert "What it was learned from" in page and f"{rule.evidence['n']:,} leads" in page and "Converts" in page
    rule_delete(model_id=model.pk, rule_id=rule.pk, by=None)
    page = login("marketer").get(f"/scoring/models/{model.pk}/").content.decode()
    assert "changed by hand" in page
    copy = model_draft(source=model, by=None)
    assert all(one.evidence for one in copy.rules.all())


def test_too_few_outcomes_and_a_wrong_label_are_said(db: Any) -> None:
    with pytest.raises(CommandError, match="Too few closed outcomes"):
        call_command("score_learn", "--save")
    with pytest.raises(CommandError, match="No field 'nope'"):
        call_command("score_learn", "--label", "nope")
    assert not ScoringModel.objects.filter(state="draft").exists()


def handed_off(name: str, *, won: bool | None, **fields: Any) -> Lead:
    """A lead that sales got THEN; won, lost, or (None) rejected."""
    capture_accept(source="api", key=name, body={"lead": {"email": f"{name}@x.example", **fields}})
    inbox_drain()
    lead = Lead.objects.get(email_key=f"{name}@x.example")
    Lead.objects.filter(pk=lead.pk).update(updated_at=THEN - timedelta(days=1))
    state = Handoff.State.REJECTED if won is None else Handoff.State.ACCEPTED
    Handoff.objects.create(lead=lead, cycle=1, why="bar", score=60, state=state, opened_at=THEN)
    if won is not None:
        stage = stage_of_kind("sales", "won" if won else "lost")
        reason = None if won else LostReason.objects.filter(counts=True).first()
        Deal.objects.create(
            *(), name=name, lead=lead, lead_cycle=1, stage=stage, seq=1, closed_at=timezone.now(), lost_reason=reason
        )
    return lead


def values(table: Any, fact: str) -> list[Any]:
    return next(one.values for one in table.columns if one.fact == fact)


def test_facts_and_deeds_are_those_of_the_handoff() -> None:
    leads = [
        handed_off("a", won=True, country="France", persona="Buyer"),
        handed_off("b", won=False, country="Spain", persona="User"),
        handed_off("c", won=None, country="Italy"),
    ]
    for lead, days, late in (
        (leads[0], 2, 0),
        (leads[0], -3, 0),
        (leads[0], 200, 0),
        (leads[1], 1, 5),
        (leads[2], 4, 0),
    ):
        at = THEN - timedelta(days=days)
        Activity.objects.create(lead=lead, kind="pricing_viewed", at=at, recorded_at=at + timedelta(days=late))
    # sales writes down what it learned on the phone: that was not known when it got the lead
    leads[0].country, leads[0].persona = "Germany", "Champion"
    leads[0].save()
    table = outcomes_table()
    assert table.wins == [True, False, False]
    assert values(table, "lead.country") == [UNSEEN, "Spain", "Italy"]  # the capture came after THEN by the clock
    assert values(table, "did:pricing_viewed") == [
        1.0,
        0.0,
        1.0,
    ]
    assert not any(one.fact.startswith("standing.") for one in table.columns)


def test_what_a_capture_said_before_the_handoff_is_known_although_it_was_changed_later() -> None:
    lead = handed_off("a", won=True, country="France")
    handed_off("b", won=False, country="Spain")
    from leads.models import InboxItem

    InboxItem.objects.update(created_at=THEN - timedelta(days=2))
    lead.country = "Germany"
    lead.save()
    assert values(outcomes_table(), "lead.country") == ["France", "Spain"]


def test_an_open_deal_is_no_outcome_and_a_rejected_one_counts_once() -> None:
    lead = handed_off("a", won=None)
    gone = LostReason.objects.filter(counts=False).first()
    stage = stage_of_kind("sales", "lost")
    Deal.objects.create(
        name="a", lead=lead, lead_cycle=1, stage=stage, seq=1, closed_at=timezone.now(), lost_reason=gone
    )
    other = handed_off("b", won=True)
    Deal.objects.filter(lead=other).update(stage=stage_get("sales", "demo"), closed_at=None)
    assert outcomes_table().wins == [False]
