# ruff: noqa: E501 - SQL reads better in one line
"""What ``python -m bench fill`` writes: one plan row a lead, and every other table as a SELECT over the plan.

All of it follows from the lead's number: the same fill twice is the same company. Times only go forward and never
beyond now, so that the ledger's chains hold. About 30 % of the leads were handed over; of these 13 % were rejected,
of the last two months' 40 % are still open, and of the others a third was won.
"""

# i: id and order of birth. d: how far (0 awareness, 1 interest, 2 evaluation, 3 handed off). o: what became of the
# deal. t1..t7: the moments. acts: how many activities, spread over the first 60 days.
PLAN = """
CREATE UNLOGGED TABLE bench_plan AS
WITH a AS (
  SELECT i::int AS i, now() AS now, {leads}::int AS n,
    now() - interval '360 days' * (1 - (i - 1)::float8 / {leads}) - interval '1 hour' AS born,
    (i::bigint * 2654435761 % 1000003)::float8 / 1000003 AS u, (i::bigint * 40503 % 99991)::float8 / 99991 AS w,
    (i::bigint * 7919 % 65537)::float8 / 65537 AS v
  FROM generate_series(1, {leads}) i),
b AS (SELECT *, now - born AS life,
  CASE WHEN u < 0.30 THEN 0 WHEN u < 0.50 THEN 1 WHEN u < 0.70 THEN 2 ELSE 3 END AS d FROM a),
c AS (SELECT *,
  CASE WHEN d < 3 THEN '' WHEN i > n * 0.996 THEN 'asked' WHEN w < 0.13 THEN 'rejected'
    WHEN i > n * 5 / 6 AND w < 0.53 THEN 'open' WHEN (i / 3) % 3 = 0 THEN 'won' ELSE 'lost' END AS o,
  born + least(life * 0.1, interval '10 days' * v) AS t1 FROM b),
e AS (SELECT *, t1 + least(life * 0.1, interval '8 days' * w) AS t2 FROM c),
f AS (SELECT *, t2 + least(life * 0.1, interval '6 days' * v) AS t3 FROM e),
g AS (SELECT *, t3 + least(life * 0.05, interval '3 hours' * w) AS t4 FROM f),
h AS (SELECT *, t4 + least(life * 0.1, interval '9 days' * v) AS t5 FROM g),
j AS (SELECT *, t5 + least(life * 0.1, interval '14 days' * w) AS t6 FROM h)
SELECT *, t6 + least(life * 0.1, interval '40 days' * v) AS t7, t6 + least(life * 0.2, interval '90 days' * v) AS t8,
  CASE WHEN o IN ('won', 'lost') THEN 3 WHEN o = 'open' THEN i % 3 ELSE 0 END AS far,
  CASE WHEN d = 3 THEN {rep1} + 1 + i % {others} END AS rep,
  CASE WHEN d = 3 THEN 19 ELSE 6 + (i % 7 = 0)::int END AS acts, least(life, interval '60 days') AS span
FROM j
"""
# The measured rep: exactly 20 handoffs on the clock, 15 deals gone quiet (and 15 tasks, below), and a past.
MEASURED = """
UPDATE bench_plan SET rep = {rep1} WHERE i IN (
  (SELECT i FROM bench_plan WHERE o = 'asked' ORDER BY i LIMIT 20) UNION ALL
  (SELECT i FROM bench_plan WHERE o = 'open' AND far = 2 AND t6 < now - interval '16 days' ORDER BY i LIMIT 15)
  UNION ALL (SELECT i FROM bench_plan WHERE o IN ('won', 'lost') ORDER BY i DESC LIMIT 400))
"""
AT = "born + span * ((k + (i::bigint * (k + 7) * 31 % 997)::float8 / 997) / acts)"
KINDS = [
    "page_viewed",
    "page_viewed",
    "email_sent",
    "email_opened",
    "page_viewed",
    "email_clicked",
    "page_viewed",
    "email_sent",
    "form_submitted",
    "page_viewed",
    "pricing_viewed",
    "email_opened",
    "page_viewed",
    "asset_downloaded",
    "email_sent",
    "email_opened",
    "webinar_attended",
    "page_viewed",
    "call",
]
SOURCES = "(ARRAY['google','linkedin','newsletter','event','direct','webinar','referral','partner'])"
TITLES = (
    "(ARRAY['Developer','Analyst','Engineer','Marketing Manager','Consultant','Student','Head of Sales','Assistant',"
    "'CEO','Buyer','Accountant','Project Manager','Designer','VP Marketing','Technician','Researcher'])"
)
LAND = "(ARRAY['Germany','France','United States','India','Brazil','Japan'])[1 + i % 6]"
ORDER = ["awareness", "interest", "evaluation", "handed_off"]

# table, columns, query. {name} is filled in from the database: ids of stages, of the first rep, of policies.
COPIES: list[tuple[str, str, str]] = [
    (
        "leads_company",
        "id, name, domain, industry, employees, revenue, currency, country, city, created_at",
        "SELECT i, 'Company ' || i, 'c' || i || '.example', (ARRAY['Software','Retail','Finance','Healthcare',"
        "'Manufacturing','Education'])[1 + i % 6], (ARRAY[3,12,45,80,9,900,4000,20,30,5])[1 + i % 10], 1000000, 'USD', "
        + LAND
        + ", '', now() - interval '1 year' FROM generate_series(1, {firms}) i",
    ),
    (
        "leads_lead",
        "id, token, email, email_key, first_name, last_name, phone, job_title, persona, language, country, city, "
        "company_id, source, campaign, first_touch, last_touch, consent_email, custom, created_at, updated_at",
        "SELECT i, gen_random_uuid(), 'p' || i || '@c' || 1 + i % {firms} || '.example', "
        "'p' || i || '@c' || 1 + i % {firms} || '.example', 'First' || i % 5000, 'Last' || i % 20011, "
        "CASE WHEN i % 3 = 0 THEN '+4930' || i ELSE '' END, "
        + TITLES
        + "[1 + i % 16], '', 'en', "
        + LAND
        + ", '', 1 + i % {firms}, "
        + SOURCES
        + "[1 + i % 8], CASE WHEN i % 5 = 0 THEN 'autumn' ELSE '' END, '{{}}', '{{}}', i % 2 = 0, '{{}}', born, born "
        "FROM bench_plan ORDER BY i",
    ),
    (
        "leads_standing",
        "lead_id, stage_id, stage_since, seq, cycle, owner_id, source, fit, engagement, score, grade, reason",
        "SELECT i, CASE WHEN o = 'rejected' THEN {interest} WHEN o = 'won' AND i % 2 = 0 THEN {retained} "
        "WHEN o = 'won' THEN {onboarded} ELSE (ARRAY[{awareness},{interest},{evaluation},{handed_off}])[d + 1] END, "
        "CASE WHEN o = 'rejected' THEN t4 WHEN o = 'won' AND i % 2 = 0 THEN t8 WHEN o = 'won' THEN t7 "
        "ELSE (ARRAY[born,t1,t2,t3])[d + 1] END, "
        "d + 1 + (o IN ('rejected', 'won'))::int + (o = 'won' AND i % 2 = 0)::int, 1 + (o = 'rejected')::int, "
        "CASE WHEN o <> 'rejected' THEN rep END, "
        + SOURCES
        + "[1 + i % 8], 0, 0, 0, '', '' FROM bench_plan ORDER BY i",
    ),
    (
        "leads_lastactive",
        "lead_id, at",
        f"SELECT i, {AT.replace('k', '(acts - 1)')} FROM bench_plan ORDER BY i",
    ),
    (
        "funnels_transition",
        "kind, traveller_id, seq, cycle, from_stage_id, to_stage_id, at, seconds, by_id, cause, note, score",
        "SELECT kind, i, seq, cycle, from_stage, to_stage, at, extract(epoch FROM at - since)::bigint, by_id, cause, "
        "'', score FROM ("
        "SELECT 1 kind, i, 1 seq, 1 cycle, NULL::int from_stage, {awareness} to_stage, born at, NULL::timestamptz since,"
        " NULL::bigint by_id, 'captured' cause, 0 score FROM bench_plan"
        " UNION ALL SELECT 1, i, 2, 1, {awareness}, {interest}, t1, born, NULL, 'scored', 20 FROM bench_plan WHERE d > 0"
        " UNION ALL SELECT 1, i, 3, 1, {interest}, {evaluation}, t2, t1, NULL, 'scored', 40 FROM bench_plan WHERE d > 1"
        " UNION ALL SELECT 1, i, 4, 1, {evaluation}, {handed_off}, t3, t2, NULL, 'mql', 60 FROM bench_plan WHERE d > 2"
        " UNION ALL SELECT 1, i, 5, 2, {handed_off}, {interest}, t4, t3, rep, 'recycled', 60 FROM bench_plan"
        " WHERE o = 'rejected'"
        " UNION ALL SELECT 1, i, 5, 1, {handed_off}, {onboarded}, t7, t3, rep, 'won', 60 FROM bench_plan WHERE o = 'won'"
        " UNION ALL SELECT 1, i, 6, 1, {onboarded}, {retained}, t8, t7, rep, 'manual', 60 FROM bench_plan"
        " WHERE o = 'won' AND i % 2 = 0"
        " UNION ALL SELECT 2, i, 1, 1, NULL, {qualification}, t3, NULL, NULL, 'handoff', NULL FROM bench_plan WHERE d = 3"
        " UNION ALL SELECT 2, i, 2, 1, {qualification}, {lost}, t4, t3, rep, 'rejected', NULL FROM bench_plan"
        " WHERE o = 'rejected'"
        " UNION ALL SELECT 2, i, 2, 1, {qualification}, {demo}, t5, t3, rep, 'board', NULL FROM bench_plan WHERE far > 0"
        " UNION ALL SELECT 2, i, 3, 1, {demo}, {proposal}, t6, t5, rep, 'board', NULL FROM bench_plan"
        " WHERE far = 2 OR o = 'won'"
        " UNION ALL SELECT 2, i, 4, 1, {proposal}, {won}, t7, t6, rep, 'won', NULL FROM bench_plan WHERE o = 'won'"
        " UNION ALL SELECT 2, i, 3, 1, {demo}, {lost}, t7, t5, rep, 'lost', NULL FROM bench_plan WHERE o = 'lost') x "
        "ORDER BY at",
    ),
    (
        "handoff_handoff",
        "id, lead_id, cycle, state, why, instant, score, grade, opened_at, next_try_at, waiting_why, turn, rep_id, "
        "sla_id, assigned_at, warn_at, due_at, reroutes, responded_at, decided_at, decided_by_id, reject_reason_id, "
        "reject_note, closed_at",
        "SELECT i, i, 1, CASE o WHEN 'asked' THEN 'assigned' WHEN 'rejected' THEN 'rejected' ELSE 'accepted' END, "
        "'Score 60 passed the bar of 60', false, 60, 'A1', t3, t3, '', 1, rep, {sla}, t3, "
        "CASE WHEN o = 'asked' THEN now + interval '5 days' ELSE t3 + interval '3 hours' END, "
        "CASE WHEN o = 'asked' THEN now + interval '7 days' + interval '1 minute' * (i % 600) "
        "ELSE t3 + interval '4 hours' END, 0, CASE WHEN o NOT IN ('asked', 'rejected') THEN t4 END, "
        "CASE WHEN o <> 'asked' THEN t4 END, CASE WHEN o <> 'asked' THEN rep END, "
        "CASE WHEN o = 'rejected' THEN {reject} END, '', CASE WHEN o IN ('won', 'lost') THEN t7 END "
        "FROM bench_plan WHERE d = 3 ORDER BY i",
    ),
    (
        "handoff_assignment",
        "handoff_id, rep_id, turn, how, at, ended_at, ended_why, mailed, explanation",
        "SELECT i, rep, 1, 'round_robin', t3, CASE WHEN o = 'rejected' THEN t4 END, "
        "CASE WHEN o = 'rejected' THEN 'Rejected' ELSE '' END, false, '{{}}' FROM bench_plan WHERE d = 3 ORDER BY i",
    ),
    (
        "team_notice",
        "user_id, key, kind, title, body, url, created_at, read_at",
        "SELECT rep, 'handoff:' || i || ':1', 'handoff', 'New lead', '', '/handoffs/' || i || '/', t3, "
        "CASE WHEN o <> 'asked' THEN t4 END FROM bench_plan WHERE d = 3 AND t3 > now - interval '60 days' ORDER BY i",
    ),
    (
        "deals_deal",
        "id, stage_id, stage_since, seq, cycle, name, lead_id, lead_cycle, company_id, owner_id, source, amount, "
        "currency, expected_close, budget, authority, need, timeline, next_step, last_touch_at, lost_reason_id, "
        "objection, created_at, accepted_at, closed_at",
        "SELECT i, CASE o WHEN 'won' THEN {won} WHEN 'lost' THEN {lost} WHEN 'rejected' THEN {lost} "
        "ELSE (ARRAY[{qualification},{demo},{proposal}])[far + 1] END, "
        "CASE WHEN o IN ('won', 'lost') THEN t7 WHEN o = 'rejected' THEN t4 ELSE (ARRAY[t3,t5,t6])[far + 1] END, "
        "CASE o WHEN 'won' THEN 4 WHEN 'lost' THEN 3 WHEN 'rejected' THEN 2 ELSE far + 1 END, 1, "
        "'Company ' || 1 + i % {firms} || ' · First' || i % 5000, i, 1, 1 + i % {firms}, rep, "
        + SOURCES
        + "[1 + i % 8], 500 + i % 9500, 'USD', (t3 + interval '45 days')::date, '', '', '', '', '', t4, "
        "CASE o WHEN 'lost' THEN {price} WHEN 'rejected' THEN {rejected} END, '', t3, "
        "CASE WHEN o NOT IN ('asked', 'rejected') THEN t4 END, "
        "CASE WHEN o IN ('won', 'lost') THEN t7 WHEN o = 'rejected' THEN t4 END FROM bench_plan WHERE d = 3 ORDER BY i",
    ),
    (
        "deals_task",
        "owner_id, lead_id, deal_id, title, due_at, done_at, created_at",
        "SELECT rep, i, i, 'Call back', CASE WHEN rep = {rep1} THEN now + interval '1 minute' ELSE t4 + interval "
        "'20 days' END, CASE WHEN o <> 'open' THEN t4 END, t4 FROM bench_plan WHERE d = 3 AND (rep <> {rep1} AND i % 3 = 0 "
        "OR rep = {rep1} AND o = 'open')",
    ),
]
for _k in range(19):
    COPIES.append(
        (
            "leads_activity",
            "lead_id, kind, at, recorded_at, properties, key, bot",
            f"SELECT i, CASE WHEN d < 3 THEN (ARRAY['page_viewed','email_sent','email_opened'])[1 + (i + {_k}) % 3] "
            f"ELSE '{KINDS[_k]}' END, at, at, '{{{{}}}}', 'f' || i || '-{_k}', "
            f"CASE WHEN (i + {_k}) % 25 = 0 THEN 2 ELSE 0 END FROM (SELECT i, d, {AT.replace('k', str(_k))} AS at "
            f"FROM bench_plan WHERE acts > {_k}) x",
        )
    )
