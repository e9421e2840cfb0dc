# ruff: noqa: E501 - SQL reads better in one line
"""Pages over HTTP, beside two floors measured in the same run: the page's own statements run bare, and a few
hand-written statements that read what the page shows."""

import time
from typing import Any

from bench.house import Client, load_now, memory, spread, web
from bench.results import note

ROUNDS, WARM = 200, 15
RECENT = "(extract(epoch FROM now())::int / 86400 - 90)"
ROW = (
    "SELECT s.*, l.*, c.name, g.name, u.name FROM ({picked}) p JOIN leads_standing s USING (lead_id) JOIN leads_lead l "
    "ON l.id = s.lead_id LEFT JOIN leads_company c ON c.id = l.company_id JOIN funnels_stage g ON g.id = s.stage_id "
    "LEFT JOIN team_user u ON u.id = s.owner_id ORDER BY s.score DESC, s.lead_id DESC"
)
TOP = "SELECT lead_id FROM leads_standing WHERE {where} ORDER BY score DESC, lead_id DESC LIMIT 51"
LEAD = "SELECT s.*, l.* FROM leads_standing s JOIN leads_lead l ON l.id = s.lead_id"


def _pages(ids: dict[str, Any]) -> list[tuple[str, str, str, list[str]]]:
    """name, who, address, hand-written floor"""
    rep, stage, lead = ids["rep"], ids["interest"], ids["lead"]
    listed = {
        "leads list, stage, best first": (f"stage={stage}", f"stage_id = {stage}"),
        "leads list, owner, best first": (f"owner={rep + 3}", f"owner_id = {rep + 3}"),
        "leads list, owner and stage": (
            f"owner={rep + 3}&stage={ids['handed_off']}",
            f"owner_id = {rep + 3} AND stage_id = {ids['handed_off']}",
        ),
    }
    pages = [
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
                f"SELECT * FROM leads_activity WHERE lead_id = {lead} ORDER BY at DESC LIMIT 8",
            ],
        ),
        (
            "queue, the poll every 2 s",
            "rep0",
            "/queue/list/?v={version}",
            [f"SELECT * FROM handoff_handoff WHERE rep_id = {rep} AND state = 'assigned' ORDER BY due_at LIMIT 50"],
        ),
    ]
    for name, (query, where) in listed.items():
        pages.append((name, "head", f"/leads/?{query}", [ROW.format(picked=TOP.format(where=where))]))
    names = "SELECT id AS lead_id FROM leads_lead WHERE upper(last_name) LIKE 'LAST777%%' ORDER BY id LIMIT 51"
    pages += [
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
        (
            "funnel dashboard",
            "head",
            "/funnel/",
            [
                f"SELECT rank, fate, sum(n) FROM insights_daycount WHERE axis = {axis} AND day >= {RECENT} GROUP BY 1, 2"
                for axis in (0, 1)
            ]
            + [f"SELECT rank, bin, sum(n) FROM insights_dayspan WHERE day >= {RECENT} GROUP BY 1, 2"],
        ),
        (
            "sales dashboard",
            "head",
            "/sales/",
            [
                "SELECT stage_id, count(*), sum(amount), percentile_cont(0.5) WITHIN GROUP (ORDER BY closed_at - "
                "created_at) FROM deals_deal WHERE closed_at > now() - interval '90 days' GROUP BY 1",
                "SELECT stage_id, count(*), sum(amount) FROM deals_deal WHERE closed_at IS NULL GROUP BY 1",
            ],
        ),
        (
            "marketing dashboard",
            "marketer",
            "/marketing/",
            [
                f"SELECT source, rank, sum(n) FROM insights_daycount WHERE axis = 0 AND day >= {RECENT} GROUP BY 1, 2",
                "SELECT source, count(*), sum(amount) FROM deals_deal WHERE closed_at > now() - interval '90 days' GROUP BY 1",
            ],
        ),
        ("static page (profile)", "head", "/profile/", ["SELECT 1"]),
    ]
    return pages


def _ids() -> dict[str, Any]:
    from funnels.models import Stage
    from handoff.models import Handoff
    from team.models import User

    ids: dict[str, Any] = dict(Stage.objects.values_list("key", "pk"))
    ids["rep"] = User.objects.get(email="rep0@bench.example").pk
    ids["open"] = ",".join(
        str(pk) for pk in Stage.objects.filter(funnel__kind="sales", kind="open").values_list("pk", flat=True)
    )
    # a lead with a whole story: handed over, accepted, its deal won
    ids["lead"] = (
        Handoff.objects.filter(state="accepted", closed_at__isnull=False, pk__gte=500).order_by("pk")[0].lead_id
    )
    return ids


def _own_statements(client: Any, path: str) -> tuple[list[str], int, int]:
    """The statements that the page runs, as they went to the database; its status and size."""
    from django.db import connection, reset_queries
    from django.test.utils import CaptureQueriesContext

    client.get(path)
    reset_queries()
    with CaptureQueriesContext(connection) as held:
        reply = client.get(path)
    return [one["sql"] for one in held.captured_queries], reply.status_code, len(reply.content)


def _bare(cursor: Any, statements: list[str]) -> float:
    begun = time.perf_counter()
    for one in statements:
        cursor.execute(one)
        if cursor.description:
            cursor.fetchall()
    return time.perf_counter() - begun


def run() -> None:
    import re

    import psycopg2
    from django.db import connection
    from django.test import Client as InProcess

    from team.models import User

    bare = psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})
    bare.autocommit = True
    cursor = bare.cursor()
    cursor.execute("CHECKPOINT; SET TIME ZONE 'UTC'")
    clients = {}
    for user in User.objects.filter(email__in=[f"{name}@bench.example" for name in ("rep0", "head", "marketer")]):
        one = InProcess()
        one.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        clients[user.email.partition("@")[0]] = one
    with web() as process:
        idle = memory(process)
        for name, who, path, floor in _pages(_ids()):
            session = f"sessionid={clients[who].cookies['sessionid'].value}"
            http = Client(session)
            if "{version}" in path:
                found = re.search(rb'data-queue-version="(\w+)"', http.get("/queue/")[1])
                path = path.format(version=found.group(1).decode() if found else "")
            own, status, size = _own_statements(clients[who], path)
            for _ in range(WARM):
                got, body = http.get(path)
                _bare(cursor, own)
            assert got == status and got < 300, (name, got, status, body[:300])
            times: dict[str, list[float]] = {"page": [], "own": [], "floor": []}
            for _ in range(ROUNDS):
                begun = time.perf_counter()
                http.get(path)
                times["page"].append(time.perf_counter() - begun)
                times["own"].append(_bare(cursor, own))
                times["floor"].append(_bare(cursor, floor))
            row = {key: spread(found) for key, found in times.items()}
            row |= {"queries": len(own), "bytes": size, "load": load_now()}
            row["ratio_own"] = round(row["page"]["p50"] / max(row["own"]["p50"], 0.01), 1)
            note(f"page: {name}", row)
            print(f"{name:<32} {row}", flush=True)
        note("memory: web", {"idle": idle, "loaded": memory(process), "load": load_now()})
        print("web memory", idle, memory(process), flush=True)
    bare.close()
