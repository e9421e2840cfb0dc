"""How soon a lead's new activity is in its score, on the running house: idle, and while 500 events a second come in.

From before the request that tells the activity until another connection reads the new score. Beside it, in the same
run, the floor: one INSERT of an activity and one UPDATE of a standing, each committed, bare psycopg2, and the read.
"""

import json
import threading
import time
import uuid
from typing import Any

from bench.fill import TOKEN
from bench.house import Client, broker, load_now, web, worker
from bench.results import note

ROUNDS = 60
EVENTS_A_SECOND = 500
SENDERS, BATCH = 4, 25
WARM_SECONDS = 4.0
QUIET_SECONDS = (
    0.7  # between two of the idle ones: the second within half a second would wait for its end (core.outbox)
)


def _token() -> None:
    """The company of ``bench fill`` has it; another database gets it here."""
    from team.auth import token_digest
    from team.models import ApiToken, User

    if not ApiToken.objects.filter(digest=token_digest(TOKEN)).exists():
        admin = User.objects.create(email="latency@bench.example", name="Latency", is_admin=True)
        fields = {"prefix": "bench", "digest": token_digest(TOKEN), "scopes": list(ApiToken.SCOPES)}
        ApiToken.objects.create(user=admin, name="latency", **fields)


def _leads(client: Client, count: int) -> list[int]:
    """New ones, scored once."""
    tag, found = uuid.uuid4().hex[:8], []
    for number in range(count):
        status, reply = client.post("/api/v1/leads/", json.dumps({"email": f"{tag}-{number}@lat.example"}).encode())
        assert status == 201, reply[:300]
        found.append(json.loads(reply)["id"])
    return found


def _settled() -> None:
    from leads.models import Standing

    end = time.monotonic() + 120
    while Standing.objects.exclude(score_due_at=None).exists() and time.monotonic() < end:
        time.sleep(0.1)


def _body(lead: int) -> bytes:
    return json.dumps({"lead": lead, "kind": "pricing_viewed"}).encode()


def _once(client: Client, cursor: Any, lead: int) -> float:
    cursor.execute("SELECT scored_at FROM leads_standing WHERE lead_id = %s", [lead])
    (before,) = cursor.fetchone()
    begun = time.perf_counter()
    status, reply = client.post("/api/v1/activities/", _body(lead))
    assert status == 201, reply[:300]
    while time.perf_counter() - begun < 60:
        cursor.execute("SELECT scored_at, engagement FROM leads_standing WHERE lead_id = %s", [lead])
        scored, engagement = cursor.fetchone()
        if scored != before and engagement > 0:
            return time.perf_counter() - begun
        time.sleep(0.002)
    raise SystemExit(f"lead {lead} was not scored in a minute")


def _floor(cursor: Any, leads: list[int]) -> list[float]:
    """``cursor`` commits by itself."""
    times = []
    for lead in leads:
        begun = time.perf_counter()
        cursor.execute(
            "INSERT INTO leads_activity (lead_id, kind, at, properties, bot, recorded_at) "
            "VALUES (%s, 'page_viewed', now(), '{}', 0, now())",
            [lead],
        )
        cursor.execute("UPDATE leads_standing SET score = score WHERE lead_id = %s", [lead])
        cursor.execute("SELECT score FROM leads_standing WHERE lead_id = %s", [lead])
        cursor.fetchone()
        times.append(time.perf_counter() - begun)
    return times


def _said(times: list[float]) -> dict[str, float]:
    rows = sorted(times)
    places = {"p50": len(rows) // 2, "p95": min(len(rows) - 1, int(len(rows) * 0.95)), "max": -1}
    return {name: round(rows[place] * 1000, 1) for name, place in places.items()}


class Rush:
    """So many events a second, in batches, from several senders, of many leads."""

    def __init__(self, leads: list[int]) -> None:
        self.leads, self.sent, self.stop = leads, 0, threading.Event()
        self.threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]
        self.wrong: list[bytes] = []

    def _send(self, number: int) -> None:
        client, pause = Client("", TOKEN), BATCH * SENDERS / EVENTS_A_SECOND
        due = time.monotonic() + pause * number / SENDERS
        while not self.stop.is_set():
            due += pause
            start = (self.sent + number * 17) % len(self.leads)
            some = (self.leads * 2)[start : start + BATCH]
            rows = [{"lead": one, "kind": "page_viewed", "properties": {"url": "/docs"}} for one in some]
            status, reply = client.post("/api/v1/activities/batch/", json.dumps({"activities": rows}).encode())
            if status != 200 or json.loads(reply)["accepted"] != len(rows):
                self.wrong.append(reply[:300])
            self.sent += len(rows)
            time.sleep(max(0.0, due - time.monotonic()))

    def __enter__(self) -> "Rush":
        self.begun = time.monotonic()
        for one in self.threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for one in self.threads:
            one.join()
        self.a_second = round(self.sent / (time.monotonic() - self.begun))


def run() -> None:
    import psycopg2
    from django.db import connection

    _token()
    bare = psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})
    bare.autocommit = True
    cursor = bare.cursor()
    with broker(), web(), worker():
        client = Client("", TOKEN)
        crowd, mine = _leads(client, 300), _leads(client, 2 * ROUNDS)
        _settled()
        client = Client("", TOKEN)  # the server has closed a connection that said nothing for five seconds
        idle = [_once(client, cursor, lead) for lead in mine[:ROUNDS] if not time.sleep(QUIET_SECONDS)]
        _note("latency: activity to score, idle", idle, floor=_said(_floor(cursor, mine[:ROUNDS])))
        _settled()
        with Rush(crowd) as rush:
            time.sleep(WARM_SECONDS)
            client = Client("", TOKEN)
            busy = [_once(client, cursor, lead) for lead in mine[ROUNDS:]]
            floor = _said(_floor(cursor, mine[ROUNDS:]))
        assert not rush.wrong, rush.wrong[:3]
        _note("latency: activity to score, in a rush", busy, events_per_s=rush.a_second, floor=floor)
        _settled()
    bare.close()


def _note(name: str, times: list[float], **more: Any) -> None:
    row = {**_said(times), **more, "rounds": len(times), "load": load_now()}
    note(name, row)
    print(name, row, flush=True)
