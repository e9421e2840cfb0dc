"""Who dies when. The plan follows from the seed and from how far the captures have come, so that every fault falls
while captures arrive, however slow the machine is."""

import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.chaos.house import House, One

KILLED = ["web", "worker", "beat", "broker"]
BEHIND = 4  # so many faults due at once: no new captures until they are done
EARLY = 0.2  # the share of kills that may hit a process while it starts; the others wait until it is well
YOUNGEST = (0.3, 3.0)  # seconds that it has lived then, at least


@dataclass(frozen=True)
class Fault:
    what: str  # web, worker, beat, broker, postgres
    how: str  # main: the process that the supervisor started; child: one of its own; or a mode of PostgreSQL
    when: int  # captures accepted
    early: float | None = None  # seconds after its start when it may die; None: not before it is well


def plan(seed: int, *, captures: int, kills: int, restarts: int) -> list[Fault]:
    """In the order of their time."""
    dice = random.Random(seed)
    bag = [(name, dice.choice(["main", "child"]) if name in ("web", "worker") else "main") for name in KILLED * kills]
    bag += [("postgres", "immediate" if number % 2 else "fast") for number in range(restarts)]
    dice.shuffle(bag)
    times = sorted(dice.uniform(0.02, 0.97) * captures for _ in bag)
    early = [dice.uniform(*YOUNGEST) if dice.random() < EARLY else None for _ in bag]
    return [Fault(*one, int(when), soon) for one, when, soon in zip(bag, times, early, strict=True)]


@dataclass
class Nemesis:
    house: House
    faults: list[Fault]
    folder: Path
    dice: random.Random
    done: list[dict[str, Any]] = field(default_factory=list)
    last_at: float = 0.0
    processes_killed: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(one["what"] for one in self.done))

    def step(self, accepted: int) -> None:
        """Do what is due and can be done; whoever is not up again yet dies later, and holds no other up."""
        self.house.broker_watch()
        due = [one for one in self.faults if one.when <= accepted]
        held = self.folder / "hold"
        if len(due) > BEHIND:
            held.touch()
        else:
            held.unlink(missing_ok=True)
        for one in due:
            if self._do(one):
                self.faults.remove(one)

    def _do(self, fault: Fault) -> bool:
        if fault.what == "postgres":
            took = self.house.place.postgres_restart(fault.how)
            self._note(fault, seconds=round(took, 2))
            return True
        victim = self._victim(fault)
        if victim is None or not self._ripe(fault, victim):
            return False
        # whoever dies with it: a worker that is killed takes its pool with it
        fallen = 1 + len(House.children(victim)) if fault.how == "main" else 1
        try:
            os.kill(victim.pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        self.processes_killed[fault.what] += fallen
        self._note(fault, pid=victim.pid, age=round(victim.age, 1))
        return True

    def _victim(self, fault: Fault) -> One | None:
        main = self.house.main(fault.what)
        if main is None or fault.how == "main":
            return main
        children = House.children(main)
        return self.dice.choice(children) if children else None

    def _ripe(self, fault: Fault, victim: One) -> bool:
        """Who dies again and again before it was ever well is started more and more seldom, and rightly."""
        if fault.early is not None:
            return victim.age > fault.early
        return victim.age > 1 and self.house.well(fault.what)

    def _note(self, fault: Fault, **more: Any) -> None:
        self.last_at = time.time()
        self.done.append({"what": fault.what, "how": fault.how, "at": self.last_at, **more})

    def finish(self, accepted: int) -> None:
        """What is still due when the last capture is in; at most two minutes."""
        end = time.monotonic() + 120
        while self.faults and time.monotonic() < end:
            self.step(max(accepted, self.faults[-1].when))
            time.sleep(0.1)
        (self.folder / "hold").unlink(missing_ok=True)
