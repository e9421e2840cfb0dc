"""How fast everybody's score is made anew, beside bare SQL over the same rows, on the database of DATABASE_URL.

    DATABASE_URL=... python bench/rescore.py [--jobs 2] [--rounds 2]

It changes scores (and, on a fresh fill, moves stages and opens handoffs): only for a database made for measuring.

floor    one bare UPDATE a chunk: three kinds of activity, a float decay, no caps, no fit, no grade, no stages
rescore  the real pass, right after the floor has put other scores everywhere: nearly every row is written
again    the real pass once more: everything is computed, nothing has to be written
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

FLOOR = """
UPDATE leads_standing s SET score = v.score, engagement = v.score, scored_at = now() FROM (
  SELECT lead_id, 1 + least(99, sum(CASE kind WHEN 'pricing_viewed' THEN 12 WHEN 'page_viewed' THEN 2 ELSE 1 END
    * power(0.5, extract(epoch FROM now() - at)::float8 / 2592000)))::int AS score
  FROM leads_activity WHERE lead_id BETWEEN %s AND %s AND bot = 0 GROUP BY lead_id) v
WHERE s.lead_id = v.lead_id"""


def _django() -> Any:
    import logging

    import django

    django.setup()
    logging.disable(logging.WARNING)
    from django.db import connection

    return connection


def _cpu(connection: Any) -> float:
    """CPU seconds of this process and of its database backend, where that runs on this machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        path = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    ticks = path.read_text().rpartition(")")[2].split()[11:13] if path.exists() else [0, 0]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK") + time.process_time()


def _floor(ranges: list[tuple[int, int]]) -> tuple[list[float], float]:
    connection = _django()
    times, spent = [], _cpu(connection)
    with connection.cursor() as cursor:
        cursor.execute("SET jit = off; SET max_parallel_workers_per_gather = 0")
        for first, last in ranges:
            begun = time.perf_counter()
            cursor.execute(FLOOR, [first, last])
            times.append(time.perf_counter() - begun)
    return times, _cpu(connection) - spent


def _real(_: Any) -> tuple[list[float], float]:
    connection = _django()
    from scoring.services.rescore import chunk_next

    times, spent = [], _cpu(connection)
    while True:
        begun = time.perf_counter()
        if chunk_next() is None:
            return times, _cpu(connection) - spent
        times.append(time.perf_counter() - begun)


def _timed(pool: Any, work: Any, parts: list[Any]) -> tuple[float, list[float], float]:
    begun = time.perf_counter()
    found = pool.map(work, parts, chunksize=1)
    seconds = time.perf_counter() - begun
    return seconds, sorted(one for times, _ in found for one in times), sum(cpu for _, cpu in found)


def _report(name: str, leads: int, seconds: float, times: list[float], cpu: float, **more: Any) -> float:
    rate = leads / seconds
    row = {
        "what": name,
        "leads_per_s": round(rate),
        "seconds": round(seconds, 1),
        "load": round(os.getloadavg()[0], 1),
    }
    row |= {"cpu_s": round(cpu, 1), "leads_per_cpu_s": round(leads / cpu)}
    row |= {"tx_p50_s": round(times[len(times) // 2], 3), "tx_max_s": round(times[-1], 3)} | more
    print(json.dumps(row), flush=True)
    return rate


def _round(connection: Any, pool: Any, jobs: int) -> None:
    from scoring.models import RescoreChunk
    from scoring.selectors import active_model
    from scoring.services.rescore import _ranges, rescore_start

    found = _ranges()
    leads = sum(count for _, _, count in found)
    ranges = [(first, last) for first, last, _ in found]
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
    floor = _report("floor", leads, *_timed(pool, _floor, [ranges[start::jobs] for start in range(jobs)]))
    model = active_model()
    assert model is not None
    for name in ("rescore", "again"):
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        begun = time.perf_counter()
        made = rescore_start(model=model, cause="asked")
        start = time.perf_counter() - begun  # a transaction too: everybody is cut into chunks
        seconds, times, cpu = _timed(pool, _real, [None] * jobs)
        written = sum(RescoreChunk.objects.filter(rescore=made).values_list("changed", flat=True))
        more = {"start_s": round(start, 3), "chunks": len(times), "written": written}
        rate = _report(name, leads, start + seconds, times, cpu, **more)
        print(f"  {name} / floor = {rate / floor:.2f}", flush=True)


def _warm(_: int) -> None:
    with _django().cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.1)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    connection = _django()
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        pool.map(_warm, range(options.jobs * 4))
        for _ in range(options.rounds):
            _round(connection, pool, options.jobs)


if __name__ == "__main__":
    main()
