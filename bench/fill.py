# ruff: noqa: E501 - SQL reads better in one line
"""``python -m bench fill``: a company of a million leads, by COPY, into a fresh database."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench.fill_sql import COPIES, MEASURED, PLAN
from bench.results import load, note

TEAMS, REPS = 6, 60
TOKEN = "bench-token-0123456789"


@contextmanager
def step(what: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    print(f"  {what:<44} {time.perf_counter() - begun:8.1f} s  load {os.getloadavg()[0]:.1f}", flush=True)


def _connect() -> Any:
    import psycopg2
    from django.db import connection

    made = psycopg2.connect(**connection.get_connection_params() | {"cursor_factory": None})
    made.autocommit = True
    made.cursor().execute("SET synchronous_commit = off; SET jit = off; SET TIME ZONE 'UTC'")
    return made


def _copy(source: Any, target: Any, table: str, columns: str, queries: list[str]) -> None:
    """COPY (query) TO STDOUT on one connection straight into COPY FROM STDIN on another."""
    read_end, write_end = os.pipe()
    failed: list[BaseException] = []

    def produce() -> None:
        try:
            with os.fdopen(write_end, "wb", 1 << 20) as out:
                for query in queries:
                    source.cursor().copy_expert(f"COPY ({query}) TO STDOUT", out)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=produce)
    thread.start()
    with os.fdopen(read_end, "rb", 1 << 20) as into:
        target.cursor().copy_expert(f"COPY {table} ({columns}) FROM STDIN", into, 1 << 17)
    thread.join()
    if failed:
        raise failed[0]


class Keys:
    """Indexes and constraints (but for primary keys) are dropped for the load and made again after it."""

    def __init__(self, cursor: Any, tables: list[str]) -> None:
        self.cursor = cursor
        cursor.execute(
            "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), contype FROM pg_constraint "
            "WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u')",
            [tables],
        )
        self.constraints = cursor.fetchall()
        cursor.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i WHERE NOT indisprimary "
            "AND indrelid = ANY(%s::regclass[]) AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
            [tables],
        )
        self.indexes = cursor.fetchall()

    def drop(self) -> None:
        for table, name, _, _ in self.constraints:
            self.cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        for name, _ in self.indexes:
            self.cursor.execute(f"DROP INDEX {name}")

    def make(self) -> None:
        for _, made in self.indexes:
            self.cursor.execute(made)
        for table, name, made, _ in sorted(self.constraints, key=lambda row: row[3], reverse=True):
            self.cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {made}')


def _people() -> int:
    """Sixty reps in six teams, a manager a team, a marketer and an admin; returns the first rep's id."""
    from team.auth import token_digest
    from team.models import ApiToken, Team, User

    always = {str(day): [["00:00", "24:00"]] for day in range(7)}
    teams = [Team.objects.create(name=f"Team {number + 1}") for number in range(TEAMS)]
    common: dict[str, Any] = {"working_hours": always, "capacity_open": 10**6, "capacity_day": 10**6}
    reps = [
        # the first one is measured: what is handed over later does not go there (weight 0)
        User(
            email=f"rep{n}@bench.example",
            name=f"Rep {n}",
            is_rep=True,
            team=teams[n % TEAMS],
            weight=min(n, 1),
            **common,
        )
        for n in range(REPS)
    ]
    made = [one.pk for one in User.objects.bulk_create(reps)]
    assert made == list(range(made[0], made[0] + REPS))
    for number, team in enumerate(teams):
        User.objects.create(
            email=f"manager{number}@bench.example", name=f"Manager {number}", is_manager=True, team=team
        )
    User.objects.create(email="head@bench.example", name="Head of sales", is_manager=True)
    User.objects.create(email="marketer@bench.example", name="Marketer", is_marketer=True)
    admin = User.objects.create(email="admin@bench.example", name="Admin", is_admin=True)
    ApiToken.objects.create(
        user=admin, name="bench", prefix="bench", digest=token_digest(TOKEN), scopes=list(ApiToken.SCOPES)
    )
    return made[0]


def _names(leads: int, first_rep: int) -> dict[str, Any]:
    from deals.models import LostReason
    from funnels.models import Stage
    from handoff.models import RejectReason, SlaPolicy

    names: dict[str, Any] = dict(Stage.objects.values_list("key", "pk"))
    names |= {"leads": leads, "firms": max(leads // 10, 1), "rep1": first_rep, "others": REPS - 1}
    names["sla"] = SlaPolicy.objects.order_by("-position").values_list("pk", flat=True)[0]
    names["reject"] = RejectReason.objects.get(code="timing").pk
    names["price"] = LostReason.objects.get(code="price").pk
    names["rejected"] = LostReason.objects.get(counts=False).pk
    return names


def _load(leads: int) -> None:
    with step("plan"):
        source, target = _connect(), _connect()
        names = _names(leads, _people())
        source.cursor().execute(PLAN.format(**names))
        source.cursor().execute(MEASURED.format(**names))
        source.cursor().execute("ANALYZE bench_plan")
    cursor = target.cursor()
    tables = list(dict.fromkeys(table for table, _, _ in COPIES))
    keys = Keys(cursor, tables)
    keys.drop()
    for table in tables:
        parts = [(columns, query.format(**names)) for name, columns, query in COPIES if name == table]
        with step(f"COPY {table}"):
            _copy(source, target, table, parts[0][0], [query for _, query in parts])
    with step("indexes and constraints"):
        cursor.execute("SET maintenance_work_mem = '1GB'; SET work_mem = '256MB'")
        keys.make()
        for table in tables:
            cursor.execute(
                "SELECT pg_get_serial_sequence(%s, a.attname) FROM pg_attribute a JOIN pg_index i ON "
                "i.indrelid = a.attrelid AND a.attnum = i.indkey[0] WHERE i.indisprimary AND a.attrelid = %s::regclass",
                [table, table],
            )
            if sequence := cursor.fetchone()[0]:
                cursor.execute(f"SELECT setval('{sequence}', (SELECT max(id) FROM {table}))")
        cursor.execute("DROP TABLE bench_plan")
    with step("VACUUM ANALYZE"):
        cursor.execute("VACUUM ANALYZE")


def counts() -> dict[str, int]:
    from django.db import connection

    tables = {name for name, _, _ in COPIES} | {
        "insights_journey",
        "insights_reached",
        "insights_daycount",
        "insights_dayspan",
    }
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(f"SELECT count(*) FROM {table}")
            found[table] = cursor.fetchone()[0]
    return found


def _settle() -> None:
    """What the running house would have done by now: scores, stages, handoffs of who passed the bar, rollups."""
    from core import outbox
    from handoff.services.assign import assign_drain
    from insights.services import rollup_drain, rollup_rebuild
    from scoring.services import scores_rescore

    outbox._send = lambda task: None  # nobody listens to a broker yet
    with step("scores of everybody"):
        scores_rescore()
    with step("handoffs of who is over the bar"):
        given = assign_drain(limit=500, seconds=1200)
    print(f"    {given:,} handed over")
    with step("rollups"):
        rollup_rebuild()
        rollup_drain()  # and the spread of scores


def fill(leads: int = 1_000_000) -> None:
    import django

    django.setup()
    import logging

    from django.core.management import call_command
    from django.db import connection

    logging.disable(logging.WARNING)
    begun = time.perf_counter()
    with step("migrate"):
        call_command("migrate", verbosity=0)
    from leads.models import Lead

    if Lead.objects.exists():
        raise SystemExit("The database has leads already: fill a fresh one (remove the private cluster's folder).")
    _load(leads)
    _settle()
    with step("VACUUM ANALYZE, CHECKPOINT"), connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    seconds = time.perf_counter() - begun
    found = counts()
    note("fill", {"seconds": round(seconds, 1), "rows": found, "load": round(os.getloadavg()[0], 1)})
    print(json.dumps(found, indent=1))
    print(f"filled in {seconds:.0f} s ({load('fill')['at']})")
