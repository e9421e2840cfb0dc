# ruff: noqa: E501 - SQL reads better in one line
"""Which pages are measured, as whom, and the few statements that read what each shows."""

from datetime import UTC, datetime
from typing import Any

from insights.rules.blocks import blocks_between
from insights.rules.path import day_number
from insights.rules.periods import period_of

Row = tuple[str, str, str, list[str]]
ROW = (
    "SELECT s.*, l.*, c.name, g.name, u.name FROM ({picked}) p JOIN leads_standing s USING (lead_id) JOIN leads_lead l "
    "ON l.id = s.lead_id LEFT JOIN leads_company c ON c.id = l.company_id JOIN funnels_stage g ON g.id = s.stage_id "
    "LEFT JOIN team_user u ON u.id = s.owner_id ORDER BY s.score DESC, s.lead_id DESC"
)
TOP = "SELECT lead_id FROM leads_standing WHERE {where} ORDER BY score DESC, lead_id DESC LIMIT 51"
LEAD = "SELECT s.*, l.* FROM leads_standing s JOIN leads_lead l ON l.id = s.lead_id"


def pages(ids: dict[str, Any]) -> list[Row]:
    """Name, who, address, hand-written floor. ``ids``: stages by key, the measured rep, a lead, open sales stages."""
    return [*_queue(ids), *_people(ids), *_boards(ids)]


def _queue(ids: dict[str, Any]) -> list[Row]:
    rep, lead = ids["rep"], ids["lead"]
    return [
        (
            "queue, 50 rows",
            "rep0",
            "/queue/",
            [
                f"SELECT h.*, s.*, l.*, c.* FROM handoff_handoff h JOIN leads_lead l ON l.id = h.lead_id JOIN "
                f"leads_standing s ON s.lead_id = l.id LEFT JOIN leads_company c ON c.id = l.company_id WHERE h.rep_id = "
                f"{rep} AND h.state = 'assigned' ORDER BY h.due_at LIMIT 50",
                f"SELECT t.*, d.* FROM deals_task t LEFT JOIN deals_deal d ON d.id = t.deal_id WHERE t.owner_id = {rep} "
                "AND t.done_at IS NULL AND t.due_at < now() + interval '1 day' ORDER BY t.due_at LIMIT 50",
                f"SELECT d.*, l.* FROM deals_deal d LEFT JOIN leads_lead l ON l.id = d.lead_id WHERE d.owner_id = {rep} "
                f"AND d.stage_id IN ({ids['open']}) AND d.stage_since < now() - interval '14 days' "
                "ORDER BY d.stage_since LIMIT 50",
            ],
        ),
        (
            "queue, the poll every 2 s",
            "rep0",
            "/queue/list/?v={version}",
            [f"SELECT * FROM handoff_handoff WHERE rep_id = {rep} AND state = 'assigned' ORDER BY due_at LIMIT 50"],
        ),
        (
            "queue, the panel of one lead",
            "rep0",
            f"/queue/{ids['key']}/",
            [
                f"{LEAD} WHERE l.id = {lead}",
                f"SELECT * FROM leads_activity WHERE lead_id = {lead} ORDER BY at DESC LIMIT 9",
                f"SELECT * FROM funnels_transition WHERE kind = 1 AND traveller_id = {lead}",
                f"SELECT * FROM deals_deal WHERE lead_id = {lead}",
            ],
        ),
    ]


def _people(ids: dict[str, Any]) -> list[Row]:
    rep, stage, lead = ids["rep"], ids["interest"], ids["lead"]
    listed = {
        "leads list, stage, best first": (f"stage={stage}", f"stage_id = {stage}"),
        "leads list, owner, best first": (f"owner={rep + 3}", f"owner_id = {rep + 3}"),
        "leads list, owner and stage": (
            f"owner={rep + 3}&stage={ids['handed_off']}",
            f"owner_id = {rep + 3} AND stage_id = {ids['handed_off']}",
        ),
    }
    rows: list[Row] = []
    for name, (query, where) in listed.items():
        rows.append((name, "head", f"/leads/?{query}", [ROW.format(picked=TOP.format(where=where))]))
    names = "SELECT id AS lead_id FROM leads_lead WHERE upper(last_name) LIKE 'LAST777%%' ORDER BY id LIMIT 51"
    return [
        *rows,
        ("leads search, last name", "head", "/leads/?q=last777", [ROW.format(picked=names)]),
        ("ctrl-K", "head", "/search/?q=last777", [ROW.format(picked=names)]),
        (
            "lead page",
            "head",
            f"/leads/{lead}/",
            [
                f"{LEAD} WHERE l.id = {lead}",
                f"SELECT * FROM leads_activity WHERE lead_id = {lead} ORDER BY at DESC LIMIT 31",
                f"SELECT * FROM funnels_transition WHERE kind = 1 AND traveller_id = {lead}",
                f"SELECT * FROM deals_deal WHERE lead_id = {lead}",
            ],
        ),
    ]


def _boards(ids: dict[str, Any]) -> list[Row]:
    return [
        (
            "deals board, a manager's",
            "head",
            "/board/",
            [
                f"SELECT d.*, c.name FROM deals_deal d LEFT JOIN leads_company c ON c.id = d.company_id WHERE "
                f"d.stage_id = {one} ORDER BY d.stage_since DESC LIMIT 20"
                for one in ids["open"].split(",")
            ]
            + ["SELECT stage_id, count(*), sum(amount) FROM deals_deal WHERE closed_at IS NULL GROUP BY 1"],
        ),
        *_dashboards(),
        ("static page (profile)", "head", "/profile/", ["SELECT 1"]),
    ]


def _dashboards() -> list[Row]:
    """The default page: this quarter. The floor reads the kept sums of its blocks, and what is open now."""
    today = datetime.now(UTC)
    period = period_of("quarter", today.date())
    blocks = ", ".join(map(str, blocks_between(day_number(period.start), day_number(today))))
    where = f"block IN ({blocks}) AND owner = -1"
    people = f"SELECT source, rank, fate, sum(n) FROM insights_daycount WHERE axis = 0 AND {where} GROUP BY 1, 2, 3"
    closed = f"SELECT won, reason, sum(n), sum(value) FROM insights_dealcount WHERE {where} GROUP BY 1, 2"
    verdicts = f"SELECT accepted, reason, campaign, sum(n) FROM insights_verdictcount WHERE {where} GROUP BY 1, 2, 3"
    spans = f"SELECT rank, n, seconds, bins FROM insights_dayspan WHERE kind = {{}} AND cut = {{}} AND block IN ({blocks})"
    opened = "SELECT axis, stage, at, n, bare, value FROM insights_opencount WHERE axis < 2"
    scores = "SELECT band, sum(n) FROM insights_scorecount GROUP BY 1"
    floors = {
        "funnel": ("head", [people, closed, verdicts, opened, *(spans.format(kind, 0) for kind in range(3))]),
        "sales": ("head", [closed, opened, spans.format(1, 0), spans.format(2, 2)]),
        "marketing": ("marketer", [people, closed, verdicts, scores]),
    }
    weeks = "SELECT * FROM insights_contractweek ORDER BY 1 DESC LIMIT 26"
    waiting = (
        "SELECT * FROM handoff_handoff WHERE responded_at IS NULL AND due_at IS NOT NULL ORDER BY due_at LIMIT 20"
    )
    found = [(f"{name} dashboard", who, f"/{name}/", floor) for name, (who, floor) in floors.items()]
    return [*found, ("contract", "head", "/contract/", [weeks, waiting])]
