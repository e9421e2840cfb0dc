"""Pages over HTTP, beside two floors measured in the same run: the page's own statements run bare, and a few
hand-written statements that read what the page shows."""

import os
import re
import time
from typing import Any

from bench.house import Client, cpu, load_now, memory, spread, web
from bench.page_list import pages
from bench.results import note

ROUNDS, WARM = int(os.environ.get("BATON_BENCH_ROUNDS", "200")), 15


def _ids() -> dict[str, Any]:
    from funnels.models import Stage
    from handoff.models import Handoff
    from team.models import User

    ids: dict[str, Any] = dict(Stage.objects.values_list("key", "pk"))
    ids["rep"] = User.objects.get(email="rep0@bench.example").pk
    ids["open"] = ",".join(
        str(pk) for pk in Stage.objects.filter(funnel__kind="sales", kind="open").values_list("pk", flat=True)
    )
    asked = Handoff.objects.filter(rep=ids["rep"], state="assigned").order_by("pk")[0]
    ids["key"] = f"handoff-{asked.pk}"
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
    import psycopg2
    from django.db import connection
    from django.test import Client as InProcess

    from insights.services import rollup_drain, weeks_drain
    from team.models import User

    rollup_drain(seconds=600)  # what a worker keeps current
    weeks_drain(seconds=600)
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
        only = os.environ.get("BATON_BENCH_ONLY", "")  # part of a page's name
        for name, who, path, floor in pages(_ids()):
            if only not in name:
                continue
            row = _measure(process, clients[who], path, floor, cursor)
            note(f"page: {name}", row)
            print(f"{name:<32} {row}", flush=True)
        note("memory: web", {"idle": idle, "loaded": memory(process), "load": load_now()})
        print("web memory", idle, memory(process), flush=True)
    bare.close()


def _measure(process: Any, client: Any, path: str, floor: list[str], cursor: Any) -> dict[str, Any]:
    http = Client(f"sessionid={client.cookies['sessionid'].value}")
    if "{version}" in path:
        found = re.search(rb'data-queue-version="(\w+)"', http.get("/queue/")[1])
        path = path.format(version=found.group(1).decode() if found else "")
    own, status, size = _own_statements(client, path)
    for _ in range(WARM):
        got, body = http.get(path)
        _bare(cursor, own)
    assert got == status and got < 300, (path, got, status, body[:300])
    spent = cpu(process)
    times: dict[str, list[float]] = {"page": [], "own": [], "floor": []}
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        http.get(path)
        times["page"].append(time.perf_counter() - begun)
        times["own"].append(_bare(cursor, own))
        times["floor"].append(_bare(cursor, floor))
    row: dict[str, Any] = {key: spread(found) for key, found in times.items()}
    row |= {"queries": len(own), "bytes": size, "load": load_now()}
    row["web_cpu_ms"] = round((cpu(process) - spent) / ROUNDS * 1000, 1)
    row["ratio_own"] = round(row["page"]["p50"] / max(row["own"]["p50"], 0.01), 1)
    return row
