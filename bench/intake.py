# ruff: noqa: E501 - SQL reads better in one line
"""Intake over HTTP with 1 and 4 clients, while a Celery worker turns captures into leads on the same cores."""

import json
import threading
import time
import uuid
from typing import Any

from bench.fill import TOKEN
from bench.house import Client, broker, cpu, load_now, memory, spread, web, worker
from bench.results import note

SECONDS = 8.0


def _capture(number: str) -> bytes:
    lead = {"email": f"i{number}@intake.example", "first_name": "Ina", "last_name": "Take", "job_title": "Buyer"}
    done = [{"kind": "form_submitted", "properties": {"form": "contact"}}]
    return json.dumps({"lead": lead, "touch": {"source": "google"}, "activities": done}).encode()


def _lead(number: str) -> bytes:
    lead = {"email": f"l{number}@intake.example", "first_name": "Ina", "last_name": "Take", "job_title": "Buyer"}
    return json.dumps(lead | {"company": {"name": "Intake", "domain": "intake.example"}}).encode()


def _client(path: str, body: Any, tag: str, end: float, times: list[float], wrong: list[Any]) -> None:
    client, number = Client("", TOKEN), 0
    while time.monotonic() < end:
        number += 1
        sent = body(f"{tag}-{number}")
        begun = time.perf_counter()
        status, reply = client.post(path, sent)
        times.append(time.perf_counter() - begun)
        if status not in (201, 202):
            wrong.append((status, reply[:300]))


def _burst(path: str, body: Any, clients: int) -> dict[str, Any]:
    times: list[float] = []
    wrong: list[Any] = []
    begun = time.monotonic()
    threads = [
        threading.Thread(target=_client, args=(path, body, uuid.uuid4().hex[:8], begun + SECONDS, times, wrong))
        for _ in range(clients)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    seconds = time.monotonic() - begun
    assert not wrong, wrong[:3]
    return {"per_s": round(len(times) / seconds, 1), **spread(times), "requests": len(times), "load": load_now()}


def _settled() -> float:
    """Seconds until the inbox and the scoring marks are empty."""
    from leads.models import InboxItem, Standing

    begun = time.monotonic()
    while InboxItem.objects.filter(state="pending").exists() or Standing.objects.exclude(score_due_at=None).exists():
        if time.monotonic() - begun > 300:
            break
        time.sleep(0.2)
    return round(time.monotonic() - begun, 1)


def _floor() -> dict[str, float]:
    """One INSERT with its commit into the same inbox, and the four of a lead: bare psycopg2."""
    import psycopg2
    from django.db import connection

    bare = psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})
    cursor, times = bare.cursor(), []
    for _ in range(500):
        begun = time.perf_counter()
        cursor.execute(
            "INSERT INTO leads_inboxitem (source, key, body, state, attempts, created_at, due_at, last_error, done_at) "
            "VALUES ('bench', %s, '{}', 'done', 0, now(), now(), '', now())",
            [uuid.uuid4().hex],
        )
        bare.commit()
        times.append(time.perf_counter() - begun)
    bare.close()
    return spread(times)


def run() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    floor = _floor()
    note("intake: floor, one INSERT and commit", floor)
    print("floor", floor, flush=True)
    with broker(), web() as site, worker() as celery:
        idle = memory(celery)
        for name, path, body in (("capture", "/api/v1/captures/", _capture), ("lead", "/api/v1/leads/", _lead)):
            _burst_warm(path, body)
            for clients in (1, 4):
                with connection.cursor() as cursor:
                    cursor.execute("CHECKPOINT")
                web_before, celery_before = cpu(site), cpu(celery)
                row = _burst(path, body, clients)
                row["web_cpu_ms"] = round((cpu(site) - web_before) * 1000 / row["requests"], 2)
                row["then_settled_s"] = _settled()
                row["celery_cpu_ms"] = round((cpu(celery) - celery_before) * 1000 / row["requests"], 2)
                note(f"intake: {name}, {clients} client{'s' if clients > 1 else ''}", row)
                print(name, clients, row, flush=True)
        note("memory: celery", {"idle": idle, "loaded": memory(celery), "load": load_now()})
        note("memory: web after intake", {"loaded": memory(site)})
        print("celery", idle, memory(celery), "web", memory(site), flush=True)


def _burst_warm(path: str, body: Any) -> None:
    client = Client("", TOKEN)
    for number in range(30):
        status, reply = client.post(path, body(f"w{uuid.uuid4().hex[:8]}-{number}"))
        assert status in (201, 202), (status, reply[:500])
