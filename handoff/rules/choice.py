"""Who of a pool gets the next lead. Pure.

Turns go by weight, as in earliest-eligible-virtual-deadline-first queueing: each rep has a pointer that moves on by
``UNIT / weight`` with every lead. Whoever's pointer is not ahead of the pool's weighted mean has a claim; of these
the one whose next pointer would be lowest gets the lead. So everybody is within one lead of their weighted share, and
equals are within one of each other, at any moment.

Whoever was ``away`` (off, full, not at work) comes back with a claim to one lead at most: there is no flood to catch
up, and those who are at work for a part of the day only are not passed over every time. Who is new starts without a
claim. Leads that only some of the pool can have (their language, their country) have a ``cursor`` of their own, where
the last of those stood: serving the few does not move the others on.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush, heapreplace

from handoff.rules.candidates import SHOWN, SKIPPED_SHOWN, UNIT, Candidate, Choice, View
from handoff.rules.needs import NOTHING, Need
from handoff.rules.shares import Record, shares


class Pool:
    """The reps of one rule while a batch is given out. Who can have a lead is asked once for each kind of lead, and
    anew after ``look``; whose turn it is stands in heaps, so that a lead costs the same in a pool of ten and of a
    thousand."""

    def __init__(
        self,
        reps: Sequence[Candidate],
        *,
        pointers: Mapping[int, int],
        counted: Mapping[int, int] | None = None,
        away: Collection[int] = (),
        cursors: Mapping[str, int] | None = None,
        weights: Mapping[int, int] | None = None,
        strategy: str = "round_robin",
        records: Mapping[int, Record] | None = None,
        floor: int = 20,
        hold_off_hours: bool = False,
        how: str = "",
        gone: Iterable[int] = (),
    ) -> None:
        """``counted``: by which weight each pointer was moved last, 0 for somebody who was not of the pool then.
        ``away``: who could not have any when the last was given out.
        ``weights``: shares in this pool, else each rep's own. ``records`` and ``floor`` (percent) are for the best
        performer. ``gone``: people named for this pool who take no leads any more. ``how``: said of whoever gets one
        instead of the strategy."""
        self.reps = reps
        self.by_id = {one.id: one for one in reps}
        self.pointers, self.cursors = dict(pointers), dict(cursors or {})
        own = {one.id: one.weight if weights is None else weights.get(one.id, 0) for one in reps}
        self.own = own
        self.records = records or {}
        self.weights = shares(own, self.records, floor) if strategy == "best_performer" else own
        self.strategy, self.hold_off_hours, self.how = strategy, hold_off_hours, how
        self.gone = [(one, "gone") for one in gone]
        self.moved: set[int] = set()
        self.away, self._were_away = set(away), frozenset(away)
        self._views: dict[str, View] = {}
        self._recount(counted or {})

    def _recount(self, counted: Mapping[int, int]) -> None:
        """Somebody's weight is another one now: by how many leads they are ahead or behind stays as it was, and so
        does the mean. Who was no member when they were served starts like anybody new."""
        weights = self.weights
        for rep in self.by_id:
            if counted.get(rep) == 0:
                self.pointers.pop(rep, None)
        was = {rep: counted.get(rep, weights[rep]) for rep in self.pointers if weights.get(rep)}
        there = [rep for rep in was if rep not in self.away]
        if not there or all(weights[rep] == before for rep, before in was.items()):
            return
        mean = sum(was[rep] * self.pointers[rep] for rep in there) // sum(was[rep] for rep in there)
        known = set(there)
        for rep, before in was.items():
            if rep in known:
                self._move(rep, max(0, mean - (mean - self.pointers[rep]) * before // weights[rep]))
            else:
                self._move(rep, max(self.pointers[rep], mean - UNIT // weights[rep]))
        self.cursors[""] = min(self.pointers[rep] for rep in there)

    def look(self) -> None:
        """Somebody of the pool became able or unable."""
        self._note_cursors()
        self._views = {}

    def choose(
        self,
        *,
        preferred: Sequence[tuple[Candidate, str]] = (),
        excluded: Collection[int] = (),
        need: Need = NOTHING,
    ) -> Choice:
        """Choose one of the pool who meets ``need``; ``preferred`` (rep, why) come first when they can take it,
        working hours or not, whatever it needs. Gives nothing out: see ``serve``."""
        out = Choice()
        for rep, why in preferred:
            reason = "had_it" if rep.id in excluded else "no_share" if rep.weight <= 0 else rep.unable()
            if not reason:
                out.rep, out.how = rep.id, why
                out.pointer = self._start(rep.id) + UNIT // max(1, self.weights.get(rep.id, rep.weight))
                return out
            out.skipped.append((rep.id, reason))
        view = self._seen(excluded, need)
        known = {rep for rep, _ in out.skipped}
        out.skipped += [one for one in view.skipped if one[0] not in known] if known else view.skipped
        out.more, out.off_hours = view.more, view.off_hours
        if view.able:
            self._take(out, view)
        return out

    def _take(self, out: Choice, view: View) -> None:
        best = self._least_loaded(view) if self.strategy == "least_loaded" else self._next(view)
        out.rep, out.how = best, view.how
        out.pointer = self.pointers[best] + view.steps[best]
        shown = [best, *(rep for rep in view.shown if rep != best)]
        if self.strategy == "least_loaded":
            reps = [self.by_id[rep] for rep in shown]
            out.loads = [(one.id, one.open, one.capacity_open) for one in reps]
        else:
            out.pointers = [(rep, self.pointers[rep] + view.steps[rep]) for rep in shown]
        out.records, out.others = view.records, len(view.able) - len(view.shown)
        view.served = True

    def serve(self, choice: Choice) -> None:
        """The chosen one has the lead: their pointer moves on."""
        assert choice.rep is not None
        self._move(choice.rep, choice.pointer)  # also of an owner who is not of the pool: others see that it moved

    def _move(self, rep: int, pointer: int) -> None:
        step = pointer - self.pointers.get(rep, 0)
        self.pointers[rep] = pointer
        self.moved.add(rep)
        for view in self._views.values():
            weight = view.weights.get(rep)
            if weight:
                view.mass += weight * step

    def changed(self) -> set[int]:
        """Whose turn or presence is not as it was."""
        return self.moved | (self.away ^ self._were_away) & self.pointers.keys()

    def cursors_now(self) -> dict[str, int]:
        """Where the last of each kind of pool stands, to be kept for the next batch."""
        self._note_cursors()
        return self.cursors

    def _start(self, rep: int) -> int:
        return max(self.pointers.get(rep, 0), self.cursors.get("", 0) if rep in self.by_id else 0)

    def _note_cursors(self) -> None:
        for view in self._views.values():
            if view.served and view.key is not None:
                last = min(self.pointers[rep] for rep in view.able)
                self.cursors[view.key] = max(self.cursors.get(view.key, 0), last)

    def _next(self, view: View) -> int:
        """Whose turn it is. Pointers only grow: an entry that lags behind is brought up when it comes to the top."""
        pointers, later, ready = self.pointers, view.later, view.ready
        while True:
            while later and (later[0][0] * view.total <= view.mass or not ready):
                start, rep = heappop(later)
                now = pointers[rep]
                if now != start:
                    heappush(later, (now, rep))
                else:
                    heappush(ready, (now + view.steps[rep], rep, now))
            _, rep, start = ready[0]
            if pointers[rep] == start:
                return rep
            heappop(ready)
            heappush(later, (pointers[rep], rep))

    def _least_loaded(self, view: View) -> int:
        while True:
            rep = view.loads[0][2]
            now = self._load(rep)
            if now == view.loads[0]:
                return rep
            heapreplace(view.loads, now)

    def lighter(self, rep: int) -> None:
        """A rep who can have leads has fewer open than before."""
        for view in self._views.values():
            if view.loads and rep in view.weights:
                heappush(view.loads, self._load(rep))

    def _load(self, rep: int) -> tuple[float, int, int]:
        one = self.by_id[rep]
        return one.open / max(1, one.capacity_open), self.pointers[rep], rep

    def _record(self, rep: int) -> tuple[int, int, int, int]:
        """(rep, share of the whole pool in percent, won, decided)."""
        won, lost = self.records.get(rep, (0, 0))
        return rep, round(100 * self.weights[rep] / sum(self.weights.values())), won, won + lost

    def _seen(self, excluded: Collection[int], need: Need) -> View:
        if excluded:
            return self._survey(excluded, need, None)
        if need.key not in self._views:
            if need.key and "" not in self._views:
                # everybody joins the pool as a whole first: who is not asked for yet waits with a claim
                self._views[""] = self._survey((), Need(skills=need.skills), "")
            self._views[need.key] = self._survey((), need, need.key)
        return self._views[need.key]

    def _reason(self, one: Candidate, excluded: Collection[int], need: Need) -> str:
        if one.id in excluded:
            return "had_it"
        if self.own[one.id] <= 0:
            return "no_share"
        return need.unmet(one.languages, one.countries, one.skills) or one.unable()

    def _survey(self, excluded: Collection[int], need: Need, key: str | None) -> View:
        reasons = [(one, self._reason(one, excluded, need)) for one in self.reps]
        able = [one for one, reason in reasons if not reason]
        skipped = [*self.gone, *((one.id, reason) for one, reason in reasons if reason)]
        ready = [one for one in able if one.working]
        how, off_hours = self.how or self.strategy, False
        if not ready:
            off_hours, how = bool(able), self.how or "off_hours"
            ready = [] if self.hold_off_hours else able
        if ready is not able:
            skipped += [(one.id, "off_hours") for one in able if not one.working]
        more: dict[str, int] = {}
        for _, reason in skipped[SKIPPED_SHOWN:]:
            code = reason.partition(":")[0]
            more[code] = more.get(code, 0) + 1
        out = View(key, skipped[:SKIPPED_SHOWN], more, [one.id for one in ready], how=how, off_hours=off_hours)
        if ready:
            self._line_up(out)
            if key == "":
                self.away = self.pointers.keys() - set(out.able)
        return out

    def _line_up(self, view: View) -> None:
        view.weights = {rep: self.weights[rep] for rep in view.able}
        view.steps = {rep: UNIT // weight for rep, weight in view.weights.items()}
        view.total = sum(view.weights.values())
        self._join(view)
        view.mass = sum(weight * self.pointers[rep] for rep, weight in view.weights.items())
        view.shown = view.able[:SHOWN]
        if self.strategy == "best_performer":
            view.records = [self._record(rep) for rep in view.shown]
        view.later = [(self.pointers[rep], rep) for rep in view.able]
        heapify(view.later)
        if self.strategy == "least_loaded":
            view.loads = [self._load(rep) for rep in view.able]
            heapify(view.loads)

    def _join(self, view: View) -> None:
        """Whoever was not there when the last lead was given out starts where those stand who were: at their mean,
        or at the next turn of the last of them, should some be far ahead (by leads of their own). Who comes back, one
        lead before that at most; of several the one who has waited longest first."""
        edge = self.cursors.get(view.key or "", 0)
        known = [rep for rep in view.able if rep in self.pointers]
        back = [rep for rep in known if (self.pointers[rep] < edge if view.key else rep in self.away)]
        there, at = sorted(set(known).difference(back)), edge
        if there:
            weight = sum(view.weights[rep] for rep in there)
            mean = sum(view.weights[rep] * self.pointers[rep] for rep in there) // weight
            at = min(mean, min(self.pointers[rep] + view.steps[rep] for rep in there))
        for place, rep in enumerate(sorted(back, key=lambda one: (self.pointers[one], one))):
            self._move(rep, max(self.pointers[rep], at - view.steps[rep] + place))
        for rep in view.able:
            if rep not in self.pointers:
                self._move(rep, at)
