"""The two long jobs, run by the scripts that also stand alone: bench/rescore.py and bench/handoff.py."""

import json
import os
import re
import subprocess
import sys

from bench.house import ROOT, load_now
from bench.results import note


def _script(*words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True, check=True
    )
    print(done.stdout, flush=True)
    return done.stdout


def rescore() -> None:
    for line in _script("bench.rescore", "--rounds", "1").splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            note(f"rescore: {row.pop('what')}", row)


# "handed over, batches of 500   10,000 in   4.20 s   2,381/s (180 us each here, 240 us in PostgreSQL)"
_LINE = re.compile(
    r"(over the bar|handed over(?: while others pass the bar)?).*?([\d,]+) in +([\d.]+) s +[\d,]+/s \((\d+)\D+(\d+)"
)


def handoffs() -> None:
    said = _script("bench.handoff", "--leads", "20000", "--reps", "50", "--batch", "500")
    for line in said.splitlines():
        if found := _LINE.match(line):
            seconds, count = float(found[3]), int(found[2].replace(",", ""))
            row = {"per_s": round(count / seconds), "seconds": seconds, "count": count, "load": load_now()}
            note(f"handoffs: {found[1]}", row | {"python_us": int(found[4]), "postgres_us": int(found[5])})
