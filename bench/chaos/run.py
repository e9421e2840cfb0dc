"""``python -m bench chaos``: start, send, kill, wait, judge. Exit code 1 when anything is not as promised."""

import json
import os
import random
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from typing import Any

from bench.chaos import ledger
from bench.chaos.house import ROOT, House
from bench.chaos.nemesis import Nemesis, plan
from bench.chaos.place import Place
from bench.chaos.report import table
from core.processes import die_with_parent

DRAIN_SECONDS = 60  # what is promised
PATIENCE = 240  # how long we look on before we give up


def run_all(options: Namespace) -> int:
    """Each seed in a process and a house of its own, because Django can be set up for one database only."""
    if options.seeds == 1:
        return run_one(options)
    broken = 0
    for seed in range(options.seed, options.seed + options.seeds):
        words = [word for word in sys.argv[2:] if not word.startswith(("--seed=", "--seeds="))]
        for name in ("--seed", "--seeds"):
            if name in words:
                place = words.index(name)
                del words[place : place + 2]
        command = [sys.executable, "-m", "bench", "chaos", *words, "--seed", str(seed)]
        broken += subprocess.run(command, cwd=ROOT).returncode != 0
    print(f"\n{options.seeds} seeds, {broken} broken", flush=True)
    return int(broken > 0)


def run_one(options: Namespace) -> int:
    place = Place(port=options.port, skew=options.skew)
    house, row = House(place, own_broker=options.broker_down > 0), None
    try:
        place.postgres_start()
        os.environ.clear()
        os.environ.update(house.environment)
        os.environ.pop("BATON_CHAOS_SKEW", None)
        house.start()
        row = Run(options, place, house).all()
    finally:
        house.stop()
        place.close(keep=options.keep or row is None or bool(row["findings"]))
    where = Path(options.report or _default(options.seed))
    where.parent.mkdir(parents=True, exist_ok=True)
    where.write_text(json.dumps(row, indent=1))
    print(f"{table(row)}\nReport: {where}", flush=True)
    return int(bool(row["findings"]))


def _default(seed: int) -> Path:
    from bench.cluster import folder

    return folder() / f"chaos-{seed}.json"


class Run:
    def __init__(self, options: Namespace, place: Place, house: House) -> None:
        import django

        django.setup()
        from bench.chaos.world import FORM, make_world

        self.options, self.place, self.house = options, place, house
        self.world, self.folder = make_world(), place.folder
        config = {"url": house.url, "token": self.world.token, "form": FORM, "rate": options.rate}
        config |= {"seed": options.seed, "captures": options.captures}
        (self.folder / "client.json").write_text(json.dumps(config))
        faults = plan(options.seed, captures=options.captures, kills=options.kills, restarts=options.pg_restarts)
        self.nemesis = Nemesis(house, faults, self.folder, random.Random(options.seed))
        self.down: dict[str, float] = {}

    def all(self) -> dict[str, Any]:
        began = time.monotonic()
        sent = self._send()
        took = time.monotonic() - began
        self.nemesis.finish(sent)
        drained = self._drain()
        return self._judge(took, drained)

    # --- the fire --------------------------------------------------------------------------------
    def _send(self) -> int:
        """Until the last capture is accepted; returns how many were."""
        words = [sys.executable, "-m", "bench.chaos.client", str(self.folder / "client.json")]
        said = (self.folder / "client.log").open("wb")
        client = subprocess.Popen(words, cwd=ROOT, stdout=said, stderr=said, preexec_fn=die_with_parent())
        shown = 0.0
        while client.poll() is None:
            accepted = self._accepted()
            self._broker_goes(accepted)
            self.nemesis.step(accepted)
            if time.monotonic() - shown > 15:
                shown = time.monotonic()
                print(f"  {accepted:,} accepted, faults: {self.nemesis.counts}", flush=True)
            time.sleep(0.05)
        if client.returncode:
            raise SystemExit(f"The client failed:\n{(self.folder / 'client.log').read_text()}")
        self._broker_returns(at_once=False)
        return self._accepted()

    def _accepted(self) -> int:
        try:
            return int((self.folder / "progress").read_text() or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def _broker_goes(self, accepted: int) -> None:
        """After a fifth of the captures the broker is gone; it comes back when its time is over."""
        if not self.options.broker_down:
            return
        if "gone" not in self.down and accepted > self.options.captures / 5:
            self.house.broker_stop()
            self.down = {"gone": time.time(), "accepted before": accepted}
        self._broker_returns(at_once=True)

    def _broker_returns(self, *, at_once: bool) -> None:
        """When its time is over; not ``at_once``: that is waited for."""
        if "gone" not in self.down or "back" in self.down:
            return
        left = self.down["gone"] + self.options.broker_down - time.time()
        if left > 0 and at_once:
            return
        time.sleep(max(0, left))
        self.house.broker_start()
        self.down |= {"back": time.time(), "accepted meanwhile": self._accepted() - self.down["accepted before"]}
        self.nemesis.last_at = time.time()

    # --- and after it ----------------------------------------------------------------------------
    def _drain(self) -> float:
        """When nothing was on its way any more; infinite when that never came."""
        from django.db import connection

        from bench.chaos.world import drained

        connection.close()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            self.house.broker_watch()
            if drained():
                return time.time()
            time.sleep(0.1)
        return float("inf")

    def _judge(self, took: float, drained: float) -> dict[str, Any]:
        from bench.chaos.check import Case, check
        from bench.chaos.world import waiting

        promises = ledger.read(self.folder / "ledger.jsonl")
        killed = self.nemesis.processes_killed
        # each process of a worker had at most one letter in hand, and so had each when the database went
        excused = killed["worker"] + 2 * self.nemesis.counts.get("postgres", 0)
        verdict = check(Case(promises, self.world.source, self.place.var / "mail", excused, self.world.reps))
        last = max(self.nemesis.last_at, max((one.at for one in promises.values()), default=0.0))
        slow = drained - last
        findings = list(verdict.findings)
        if slow > DRAIN_SECONDS:
            findings.append(f"drained {slow:.0f} s after the last fault and capture: {waiting()}")
        missing = self.nemesis.faults
        if missing:
            findings.append(f"{len(missing)} faults were never done")
        answers = [status for one in promises.values() for status in one.answers]
        return {
            "seed": self.options.seed,
            "faults": self.nemesis.counts,
            "processes killed": dict(killed),
            "broker gone": {name: round(value) for name, value in self._down().items()},
            "skew": self.options.skew,
            "captures": len(promises),
            "2xx": sum(one.accepted for one in promises.values()),
            "retried": sum(one.retried for one in promises.values()),
            "answers": {str(status): answers.count(status) for status in sorted(set(answers))},
            "seconds of captures": round(took, 1),
            "seconds to drain": round(slow, 1),
            **verdict.numbers,
            "findings": findings,
            "log": self.nemesis.done,
        }

    def _down(self) -> dict[str, float]:
        if not self.down:
            return {}
        return {"seconds": self.down["back"] - self.down["gone"], "accepted": self.down["accepted meanwhile"]}
