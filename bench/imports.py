# ruff: noqa: E501 - SQL reads better in one line
"""Importing a CSV of leads into the million, beside a bare COPY of the same rows into an indexed table."""

import csv
import io
import os
import re
import resource
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from bench.house import ROOT, load_now
from bench.results import note

HEADER = ["email", "first name", "last name", "phone", "job title", "company", "country", "source"]


def _row(tag: str, number: int) -> list[str]:
    return [
        f"m{number}-{tag}@c{number % 50000}.import.example",
        f"First{number % 5000}",
        f"Last{number % 20011}",
        f"+49 30 {number}",
        ("Developer", "Head of Sales", "Buyer", "Analyst")[number % 4],
        f"Company {number % 50000}",
        ("Germany", "France", "India")[number % 3],
        ("google", "event", "partner")[number % 3],
    ]


def _write(path: Path, rows: int) -> None:
    tag = uuid.uuid4().hex[:6]
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        out.writerows(_row(tag, number) for number in range(rows))


def _floor(path: Path) -> float:
    """Rows a second of COPY into a table with the key and the indexes of leads_lead."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bench_floor")
        cursor.execute("CREATE TABLE bench_floor (LIKE leads_lead INCLUDING ALL EXCLUDING CONSTRAINTS)")
        cursor.execute("INSERT INTO bench_floor SELECT * FROM leads_lead")
        cursor.execute("SELECT max(id) FROM bench_floor")
        top, text = cursor.fetchone()[0], io.StringIO()
        for number, row in enumerate(csv.reader(path.open()), start=0):
            if number:
                text.write(
                    "\t".join(
                        [
                            *(str(top + number), str(uuid.uuid4()), row[0], row[0], row[1], row[2], row[3], row[4]),
                            *("", "", row[6], "", row[7], "", "{}", "{}", "f", "{}", "2026-01-01", "2026-01-01"),
                        ]
                    )
                    + "\n"
                )
        count = number
        text.seek(0)
        cursor.execute("CHECKPOINT")
        begun = time.perf_counter()
        cursor.copy_expert(
            "COPY bench_floor (id, token, email, email_key, first_name, last_name, phone, job_title, persona, language, "
            "country, city, source, campaign, first_touch, last_touch, consent_email, custom, created_at, updated_at) "
            "FROM STDIN",
            text,
        )
        seconds = time.perf_counter() - begun
        cursor.execute("DROP TABLE bench_floor")
    return count / seconds


def _server_cpu() -> float:
    """Seconds of CPU of all backends that have ended, autovacuum's among them; 0 when the server is elsewhere."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        (folder,) = cursor.fetchone()
    try:
        pid = (Path(folder) / "postmaster.pid").read_text().split()[0]
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _import(path: Path, rows: int) -> dict[str, Any]:
    server, own = _server_cpu(), resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "manage.py", "import_csv", "leads", str(path), "--yes"],
        cwd=ROOT,
        text=True,
        capture_output=True,
    )
    seconds = time.perf_counter() - begun
    print(done.stdout[-400:], done.stderr[-1000:], flush=True)
    found = re.search(r"([\d.]+) s, ([\d,]+) rows/s", done.stdout)
    assert done.returncode == 0 and found and f"created {rows}," in done.stdout, "the import failed"
    time.sleep(0.5)  # until the backend has ended and its time is counted
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = used.ru_utime + used.ru_stime - own.ru_utime - own.ru_stime
    return {
        "rows_per_s": int(found[2].replace(",", "")),
        "whole_command_s": round(seconds, 1),
        "own_cpu_us_a_row": round(spent / rows * 1e6, 1),
        "server_cpu_us_a_row": round((_server_cpu() - server) / rows * 1e6, 1),
        "peak_mib": round(used.ru_maxrss / 1024),
        "load": load_now(),
    }


def run() -> None:
    from django.conf import settings
    from django.db import connection

    for rows in map(int, os.environ.get("BATON_BENCH_IMPORT", "10000,100000,1000000").split(",")):
        path = Path(settings.VAR_DIR) / f"bench-{rows}.csv"
        _write(path, rows)
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        row = _import(path, rows)
        note(f"import: {rows:,} rows", row)
        print(rows, row, flush=True)
        path.unlink()
    # last, because what this process once held counts into the peak of the commands that it starts
    path = Path(settings.VAR_DIR) / "bench-floor.csv"
    _write(path, 100_000)
    floor = {"rows_per_s": round(_floor(path)), "load": load_now()}
    note("import: floor, COPY", floor)
    print("floor", floor, flush=True)
    path.unlink()
