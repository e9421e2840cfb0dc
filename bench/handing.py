"""What ``bench/handoff.py`` measures, once Django is set up."""

import os
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from core import outbox
from core.processes import heap_settle
from funnels.models import Transition
from funnels.selectors import stage_get
from funnels.services import journey_start
from handoff.models import Handoff
from handoff.services.assign import assign_drain
from leads.models import Activity, Company, Lead, Standing
from scoring.services import score_drain
from team.models import Team, User

ALWAYS = {str(day): [["00:00", "24:00"]] for day in range(7)}


def _backend() -> float:
    """CPU seconds of our PostgreSQL backend, when it runs on this machine."""
    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not stat.exists():
        return 0.0
    return sum(map(int, stat.read_text().rpartition(")")[2].split()[11:13])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def timed(what: str, count: int) -> Iterator[None]:
    started, busy, behind = time.perf_counter(), time.process_time(), _backend()
    yield
    seconds, busy, behind = time.perf_counter() - started, time.process_time() - busy, _backend() - behind
    each = f"{busy / count * 1e6:.0f} us each here, {behind / count * 1e6:.0f} us in PostgreSQL"
    print(f"{what:<40} {count:>8,} in {seconds:7.2f} s {count / seconds:>8,.0f}/s ({each})", flush=True)


def _reps(reps: int, run: str) -> None:
    """A team with room for everybody, with shares of 1, 2 and 3. Those of earlier runs are out of the pool."""
    User.objects.filter(email__endswith="@bench.example").update(is_rep=False)
    team = Team.objects.create(name=f"Bench {run}")
    User.objects.bulk_create(
        [
            User(
                email=f"rep{index}-{run}@bench.example",
                name=f"Rep {index}",
                is_rep=True,
                team=team,
                weight=1 + index % 3,
                working_hours=ALWAYS,
                capacity_open=10**6,
                capacity_day=10**6,
            )
            for index in range(reps)
        ]
    )


def fill(leads: int, reps: int, run: str) -> list[int]:
    """Leads in Evaluation over the bar, each with a company and five activities; a team of reps with room."""
    _reps(reps, run)
    companies = Company.objects.bulk_create(
        [Company(name=f"Firm {index}", employees=index + 1) for index in range(leads // 4 + 1)]
    )
    stage, now = stage_get("marketing", "evaluation"), timezone.now()
    since = now - timedelta(days=3)
    made = Lead.objects.bulk_create(
        [
            Lead(
                email=f"lead{index}-{run}@bench.example",
                email_key=f"lead{index}-{run}@bench.example",
                first_name="Lea",
                last_name=f"Number {index}",
                job_title="Head of Operations",
                company=companies[index // 4],
                source="webinar",
                campaign="autumn",
            )
            for index in range(leads)
        ],
        batch_size=5000,
    )
    standings = [
        Standing(lead=one, stage=stage, stage_since=since, seq=1, score=60 + one.pk % 60, grade="A1") for one in made
    ]
    Standing.objects.bulk_create(standings, batch_size=5000)
    journey_start(standings, kind=Transition.Kind.LEAD, cause="captured")
    kinds = ["page_viewed", "pricing_viewed", "webinar_attended", "asset_downloaded", "email_clicked"]
    Activity.objects.bulk_create(
        [
            Activity(lead=one, kind=kind, at=now - timedelta(hours=index))
            for one in made
            for index, kind in enumerate(kinds)
        ],
        batch_size=5000,
    )
    return [one.pk for one in made]


def score(ids: list[int], at_once: int) -> None:
    """What the scorer says when it has written scores: the bar is judged, leads move, handoffs open."""
    for start in range(0, len(ids), at_once):
        with transaction.atomic():
            outbox.emit("leads.scored", "", lead_ids=ids[start : start + at_once])


def together(ids: list[int], batch: int, scored: int) -> None:
    """One process scores, the other hands over whatever is open, until all are with a rep."""
    connections.close_all()
    context = get_context("fork")
    ready = context.Event()
    other = context.Process(target=_hand_over, args=(ids[0], len(ids), batch, ready))
    other.start()
    ready.wait()
    with timed("handed over while others pass the bar", len(ids)):
        score(ids, scored)
        other.join()
    if other.exitcode:
        raise SystemExit("the process that hands over failed")


def _hand_over(first: int, count: int, batch: int, ready: Any) -> None:
    mine = Handoff.objects.filter(lead__gte=first)
    mine.exists()  # the connection is there
    ready.set()
    before = time.process_time()
    given = 0
    while given < count:
        given += assign_drain(limit=batch, seconds=3600)
        time.sleep(0.01)
    print(f"  the other process: {(time.process_time() - before) / count * 1e6:.0f} us each", flush=True)


def measure(options: Namespace) -> None:
    outbox._send = lambda task: None  # no broker is measured here
    call_command("migrate", verbosity=0)
    score_drain()  # who waited before us is done with
    assign_drain(seconds=3600)
    ids = fill(options.leads, options.reps, str(int(time.time())))
    reverse("handoff:list")  # a worker has its pages' addresses loaded long ago
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        if connection.vendor == "postgresql":
            cursor.execute("CHECKPOINT")
    heap_settle()  # as a worker does; what was filled here is no worker's heap
    half = ids[: len(ids) // 2]
    with timed("over the bar (judge, move, open)", len(half)):
        score(half, options.scored)
    with timed(f"handed over, batches of {options.batch}", len(half)):
        given = assign_drain(limit=options.batch, seconds=3600)
    assert given == len(half), f"only {given} of {len(half)}"
    together(ids[len(half) :], options.batch, options.scored)
    shares: dict[int, Counter[int]] = {}
    rows = Handoff.objects.filter(lead__in=ids, rep__email__endswith="@bench.example")
    for row in rows.values("rep", "rep__weight").annotate(count=Count("pk")).order_by():
        shares.setdefault(row["rep__weight"], Counter())[row["rep"]] = row["count"]
    for weight, counts in sorted(shares.items()):
        print(f"weight {weight}: {len(counts)} reps, {min(counts.values())} to {max(counts.values())} each")
