"""The fold as one SQL statement over a range of leads (PostgreSQL). Integer arithmetic throughout, so that it gives
the very numbers of ``scoring.rules``; tests hold the two together.

Every layer ends in OFFSET 0: without it the planner merges them, and works a sum out again wherever it is named.
"""

import json
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db.models import F

from leads.models import Activity, Lead
from scoring import rules
from scoring.rules import MICRO, SLOTS
from scoring.selectors.compute import Basis, fit_cases, utc_day

EPOCH = date(1970, 1, 1).toordinal()
Sql = tuple[str, list[Any]]


def scores_sql(basis: Basis, first_id: int, last_id: int, now: datetime) -> Sql:
    """SELECT lead_id, fit, engagement, score, grade, reason and old_fit, old_engagement, old_score of a range."""
    card = basis.card
    fit_sql, fit_params = _fit_sql(basis, first_id, last_id, now)
    deed_sql, deed_params = _deed_sql(card, first_id, last_id, now)
    wide, most = len(card.fit) + 1, card.engagement_cap * MICRO
    letter, digit = _grade("fit", card.fit_bounds, "ABCD"), _grade("engagement", card.engagement_bounds, "1234")
    reasons = [
        rules.reason(card, engaged, fitting)
        for engaged in [*range(len(card.engagement)), None]
        for fitting in [*range(len(card.fit)), None]
    ]
    taken = f", {_taken(card)} AS negative" if card.negative else ""
    score = "GREATEST(fit + engagement - negative, 0)" if taken else "fit + engagement"
    sql = f"""
    SELECT lead_id, fit, engagement, {score} AS score,
           {letter} || {digit} AS grade,
           (%s::text[])[deed_slot * {wide} + fit_slot + 1] AS reason, old_fit, old_engagement, old_score
    FROM (
      SELECT f.lead_id, old_fit, old_engagement, old_score, LEAST(GREATEST(f.total, 0), {card.fit_cap}) AS fit,
             {_slot("f.top", len(card.fit))} AS fit_slot,
             {_whole(_within("COALESCE(d.total, 0)", most))} AS engagement,
             {_slot("COALESCE(d.top, 0)", len(card.engagement))} AS deed_slot{taken}
      FROM ({fit_sql}) f LEFT JOIN ({deed_sql}) d ON d.lead_id = f.lead_id
      OFFSET 0) n OFFSET 0"""
    return sql, [reasons, *fit_params, *deed_params]


def _within(micro: str, most: int) -> str:
    return f"LEAST(GREATEST({micro}, 0), {most})"


def _whole(micro: str) -> str:
    """``rules.whole`` of what is not below 0."""
    return f"({micro} + {MICRO // 2}) / {MICRO}"


def _taken(card: rules.Card) -> str:
    """What the negative group takes: on facts and on deeds."""
    return _whole(_within(f"-(f.taken::bigint * {MICRO} + COALESCE(d.taken, 0))", card.negative_cap * MICRO))


def _slot(top: str, none: int) -> str:
    """The index of the strongest rule out of ``_top``; ``none`` when no rule gives anything."""
    return f"CASE WHEN {top} >= {SLOTS} THEN ({SLOTS - 1} - {top} %% {SLOTS})::int ELSE {none} END"


def _top(values: list[tuple[int, str]]) -> str:
    """The largest of (rule's index, value) with the index packed beside it; of equals the first wins."""
    packed = [f"{value} * {SLOTS} + {SLOTS - 1 - index}" for index, value in values]
    return f"GREATEST(0, {', '.join(packed)})" if packed else "0"


def _grade(name: str, bounds: tuple[int, ...], signs: str) -> str:
    steps = " ".join(f"WHEN {name} >= {bound} THEN '{sign}'" for bound, sign in zip(bounds, signs, strict=False))
    return f"CASE {steps} ELSE '{signs[len(bounds)]}' END"


def _fit_sql(basis: Basis, first_id: int, last_id: int, now: datetime) -> Sql:
    """Sum and strongest of the fit rules, and the sum of the negative ones about facts. The conditions come from the
    one compiler."""
    kept = None if basis.asks_for_time else json.dumps(basis.conditions)
    inner, params = _facts_kept(kept) if kept else _facts(basis.conditions, now)
    cases = {f"fit_{rule_id}" for rule_id in basis.conditions}
    asked = [(index, rule) for index, rule in enumerate(basis.card.fit) if f"fit_{rule.id}" in cases]
    points = [f"fit_{rule.id} * {rule.points}" for _, rule in asked]
    minus = [f"fit_{rule.id} * {rule.points}" for rule in basis.card.negative if f"fit_{rule.id}" in cases]
    taken = f", {' + '.join(minus) or '0'} AS taken" if basis.card.negative else ""
    top = _top([(index, f"fit_{rule.id} * {rule.points}") for index, rule in asked if rule.points > 0])
    total = " + ".join(points) or "0"
    sql = f"""SELECT pk AS lead_id, old_fit, old_engagement, old_score, {total} AS total, {top} AS top{taken}
        FROM ({inner} OFFSET 0) i OFFSET 0"""
    return sql, [*params, first_id, last_id, first_id, last_id]


def _facts(conditions: dict[int, dict[str, Any]], now: datetime) -> Sql:
    """SELECT pk, old_fit, old_engagement, old_score and 1 or 0 for each condition; the range's four parameters are
    still to come at the end."""
    cases = fit_cases(conditions, now)
    # the range on both sides of the join: the planner does not carry it over
    ours = {"pk__gte": 1, "pk__lte": 2, "standing__pk__gte": 1, "standing__pk__lte": 2}
    rows: Any = Lead.objects.filter(**ours).order_by()
    old = {f"old_{name}": F(f"standing__{name}") for name in ("fit", "engagement", "score")}
    rows = rows.annotate(**old, **cases)
    sql, params = rows.values("pk", *old, *cases).query.sql_with_params()
    assert params[-4:] == (1, 2, 1, 2), params
    return sql, list(params[:-4])


@lru_cache(maxsize=8)
def _facts_kept(conditions: str) -> Sql:
    """The same for conditions that do not ask for the time, kept: compiling them takes as long as 200 leads."""
    return _facts({int(rule): one for rule, one in json.loads(conditions).items()}, datetime.min)


@lru_cache(maxsize=256)
def _weights(rule: rules.Rule) -> str:
    return "{" + ",".join(map(str, rules.kept(rule))) + "}"


def _deed_sql(card: rules.Card, first_id: int, last_id: int, now: datetime) -> Sql:
    """Sum and strongest of the engagement rules, and the sum of the negative ones about deeds, in millionths."""
    ours, minus = len(card.engagement), len(card.on_deeds) - len(card.engagement)
    if not card.on_deeds:
        return "SELECT NULL::bigint AS lead_id, 0::bigint AS total, 0::bigint AS top, 0::bigint AS taken", []
    rows, params = _deed_rows(card, utc_day(now) - EPOCH)
    held = []
    for index, rule in enumerate(card.on_deeds):
        most = rule.cap * MICRO
        # weights are never negative, so a rule's sum has the sign of its points and meets only that cap
        capped = f"LEAST(r{index}, {most})" if rule.points > 0 else f"GREATEST(r{index}, {-most})"
        held.append(f"CASE WHEN r{index} IS NULL THEN 0 ELSE {capped} END AS h{index}")
    total = " + ".join(f"h{index}" for index in range(ours)) or "0"
    taken = " + ".join(f"h{ours + index}" for index in range(minus)) or "0"
    top = _top([(index, f"h{index}") for index, rule in enumerate(card.engagement) if rule.points > 0])
    sql = f"""SELECT lead_id, {total} AS total, {top} AS top{f", {taken} AS taken" if card.negative else ""} FROM (
      SELECT lead_id, {", ".join(held)} FROM ({rows} OFFSET 0) a OFFSET 0) b OFFSET 0"""
    return sql, [*params, first_id, last_id]


def _deed_rows(card: rules.Card, today: int) -> Sql:
    """SELECT lead_id and each rule's sum; the range's two parameters are still to come at the end.

    Deeds are counted by the day first only where a rule limits them by the day: that takes a second pass over them.
    """
    table, ours = Activity._meta.db_table, "WHERE lead_id BETWEEN %s AND %s AND bot = 0"
    age = f"GREATEST({today} - floor(date_part('epoch', at) / 86400)::int, 0) + 1"
    daily = any(rule.counts == rules.DAILY for rule in card.on_deeds)
    sums, params = [], []
    for index, rule in enumerate(card.on_deeds):
        worth, kept = "SUM", f"(%s::int[])[{'age' if daily else age}]"
        if rule.counts == rules.ONCE:
            worth = "MAX"
        elif daily:
            kept += f" * LEAST(times, {rule.a_day})" if rule.counts == rules.DAILY else " * times"
        sums.append(f"{worth}({kept}) FILTER (WHERE kind = %s)::bigint * {rule.points} AS r{index}")
        params += [_weights(rule), rule.kind]
    deeds = f"{table} {ours}"
    if daily:
        deeds = f"(SELECT lead_id, kind, {age} AS age, COUNT(*) AS times FROM {table} {ours} GROUP BY 1, 2, 3) d"
    return f"SELECT lead_id, {', '.join(sums)} FROM {deeds} GROUP BY lead_id", params
