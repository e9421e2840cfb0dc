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


def handoffs() -> None:
    said = _script("bench.handoff", "--leads", "20000", "--reps", "50", "--batch", "200")
    for line in said.splitlines():
        if found := re.match(r"(over the bar|handed over).*?([\d,]+) in +([\d.]+) s +([\d,]+)/s", line):
            seconds = float(found[3])
            count = int(found[2].replace(",", ""))
            note(
                f"handoffs: {found[1]}",
                {"per_s": round(count / seconds), "seconds": seconds, "count": count, "load": load_now()},
            )
