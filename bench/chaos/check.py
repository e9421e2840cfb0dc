"""The sender's ledger and the house's own promises (``manage.py doctor``) held against the database. Each finding
names the invariant: I1 to I10 of docs/handoff/chaos.md. Reads only; works on whatever database Django speaks to."""

import re
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.db.models import Count, F, Q

from bench.chaos.ledger import Promise
from config import flow
from core.clock import db_now
from core.invariants import collect
from core.models import OutboxMessage
from deals.models import Deal
from funnels.models import Stage, Transition
from handoff.models import Assignment, Handoff
from insights.models import RollupState
from insights.services import rollup_drain
from leads.models import Activity, InboxItem, Lead
from team.models import Notice

SHOWN = 20


@dataclass
class Verdict:
    """``findings``: everything that is not as promised; empty is what we want. The rest is for the table."""

    findings: list[str] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """What is to be judged. ``mails``: the folder of sent e-mails. ``mails_again_most``: how many repeats the faults
    excuse. ``reps``: the equals among whom the leads were to be shared evenly."""

    promises: Mapping[str, Promise]
    source: str
    mails: Path
    mails_again_most: int = 0
    reps: Collection[int] = ()


def check(case: Case) -> Verdict:
    verdict = Verdict()
    for name, part in {
        "I1": _captures,
        "I2": _states,
        "I3": _handoffs,
        "I4": _told,
        "I5": _fair,
        "I6": _mails,
        "doctor": _doctor,
    }.items():
        found = list(part(case, verdict.numbers))
        verdict.findings += [f"{name}: {one}" for one in found[:SHOWN]]
        if len(found) > SHOWN:
            verdict.findings.append(f"{name}: ... and {len(found) - SHOWN:,} more")
    return verdict


# --- I1, I2: what was promised to a sender --------------------------------------------------------


def _inbox(case: Case) -> Counter[tuple[str, str, str]]:
    """(door, key, state) of each row that came in. A form's message says whose it is."""
    api = InboxItem.objects.filter(source=case.source).values_list("key", "state")
    told = InboxItem.objects.filter(source__startswith="form:").values_list("body", "state")
    rows = [("capture", key, state) for key, state in api]
    for body, state in told:
        rows.append(("form", body["activities"][0]["properties"].get("message", ""), state))
    return Counter(rows)


def _captures(case: Case, numbers: dict[str, int]) -> Iterator[str]:
    """Each key that was answered well is there, once; nobody is two leads; nothing is there that nobody sent."""
    times: Counter[tuple[str, str]] = Counter()
    for (door, key, _), count in _inbox(case).items():
        times[door, key] += count
    titled = Counter(Lead.objects.filter(job_title__in=_keys(case, "lead")).values_list("job_title", flat=True))
    for key, count in titled.items():
        times["lead", key] = count
    accepted = [one for one in case.promises.values() if one.accepted]
    lost = [one for one in accepted if times[one.door, one.key] == 0]
    double = {place: count for place, count in times.items() if count > 1}
    unknown = [key for door, key in times if key not in case.promises]
    numbers |= {"accepted": len(accepted), "lost": len(lost), "double": len(double)}
    yield from (f"{one.door} {one.key} of {one.email} was accepted and is not there" for one in lost)
    yield from (f"{door} {key} is there {count} times" for (door, key), count in double.items())
    yield from (f"{key} is there and nobody sent it" for key in unknown)
    for one in case.promises.values():
        if not one.accepted:
            yield f"{one.door} {one.key} was never accepted: {one.answers[-3:]}"
    twice = Lead.objects.exclude(email_key=None).values("email_key").annotate(n=Count("pk")).filter(n__gt=1)
    yield from (f"{row['email_key']} is {row['n']} leads" for row in twice)


def _keys(case: Case, door: str) -> list[str]:
    return [one.key for one in case.promises.values() if one.door == door]


def _states(case: Case, numbers: dict[str, int]) -> Iterator[str]:
    """Each row came to its end, and what it told is there: its person is a lead who did what was sent."""
    emails = set(Lead.objects.values_list("email_key", flat=True))
    states: Counter[str] = Counter()
    for (door, key, state), count in _inbox(case).items():
        states[state] += count
        if state != "done":
            yield f"{door} {key} is {state}"
    for one in case.promises.values():
        if one.accepted and one.email not in emails:
            yield f"{one.email} of {one.key} is no lead"
    sent = sum(one.accepted and one.door != "lead" for one in case.promises.values())
    recorded = Activity.objects.filter(key__isnull=False, lead__isnull=False).count()
    numbers |= {f"inbox {state}": count for state, count in states.items()} | {"activities": recorded}
    if recorded != sent:
        yield f"{sent} deeds were accepted, {recorded} are recorded"


# --- I3, I4: the handoff ---------------------------------------------------------------------------


def _handoffs(case: Case, numbers: dict[str, int]) -> Iterator[str]:
    """Passes over the bar = handoffs = active assignments = deals, one each, and all who asked for a demo."""
    moves = Transition.objects.filter(kind=Transition.Kind.LEAD, to_stage__kind=Stage.Kind.HANDED_OFF)
    passed = Counter(moves.values_list("traveller_id", "cycle"))
    active = Count("assignments", filter=Q(assignments__ended_at=None))
    rows = list(Handoff.objects.annotate(active=active).values_list("lead_id", "cycle", "active", "state"))
    opened = Counter((lead, cycle) for lead, cycle, _, _ in rows)
    deals = Counter(Deal.objects.exclude(lead_cycle=None).values_list("lead_id", "lead_cycle"))
    numbers |= {"passed the bar": len(passed), "handoffs": len(rows), "deals": deals.total()}
    numbers["assignments"] = sum(count for _, _, count, _ in rows)
    for place in passed | opened | deals:
        counts = passed[place], opened[place], deals[place]
        if counts != (1, 1, 1):
            yield "lead {} in cycle {}: {} times over the bar, {} handoffs, {} deals".format(*place, *counts)
    for lead, cycle, count, state in rows:
        if count != 1:
            yield f"lead {lead} in cycle {cycle} ({state}) has {count} active assignments"
    demos = {one.email for one in case.promises.values() if one.accepted and one.demo}
    numbers["asked for a demo"] = len(demos)
    have = set(Handoff.objects.values_list("lead__email_key", flat=True))
    yield from (f"{email} asked for a demo and was handed to nobody" for email in sorted(demos - have))


def _told(case: Case, numbers: dict[str, int]) -> Iterator[str]:
    """Each assignment has one line in its rep's bell and one e-mail intent, which was done."""
    bells = Counter(Notice.objects.filter(kind="handoff").values_list("user_id", "key"))
    intents: dict[str, list[str]] = {}
    for key, state in OutboxMessage.objects.filter(topic="handoff.mail").values_list("key", "state"):
        intents.setdefault(key, []).append(state)
    sent = mails_sent(case.mails)
    rows = Assignment.objects.values_list("handoff_id", "turn", "rep_id", "rep__notify_email")
    numbers["notices"] = bells.total()
    for handoff, turn, rep, mailed in rows:
        key = f"handoff:{handoff}:{turn}"
        if bells[rep, key] != 1:
            yield f"{key}: {bells[rep, key]} notices for rep {rep}"
        if mailed and intents.get(key) != ["done"]:
            yield f"{key}: e-mail intents {intents.get(key)}"
        if mailed and not sent[key.replace(":", "-")]:
            yield f"{key}: no e-mail went out"


def _fair(case: Case, numbers: dict[str, int]) -> Iterator[str]:
    """Equals got as many first turns as each other, or one more."""
    if not case.reps:
        return
    rows = Assignment.objects.filter(turn=1, rep__in=case.reps).order_by()
    shares = dict.fromkeys(case.reps, 0) | dict(rows.values("rep").annotate(n=Count("pk")).values_list("rep", "n"))
    least, most = min(shares.values()), max(shares.values())
    numbers |= {"fewest of a rep": least, "most of a rep": most}
    if most - least > 1:
        hows = dict(rows.values("how").annotate(n=Count("pk")).values_list("how", "n"))
        yield f"equals got {least} to {most} each: {shares}; chosen by {hows}"


def mails_sent(folder: Path) -> Counter[str]:
    """How often each Message-ID went out."""
    pattern = re.compile(r"^Message-ID: <([^@>]+)@", re.MULTILINE)
    texts = [path.read_text(errors="replace") for path in folder.glob("*")] if folder.exists() else []
    return Counter(found for text in texts for found in pattern.findall(text))


def _mails(case: Case, numbers: dict[str, int]) -> Iterator[str]:
    """A rep's e-mail goes out again only where its worker was killed between sending it and writing that down."""
    sent = mails_sent(case.mails)
    again = sum(count - 1 for count in sent.values())
    numbers |= {"mails": len(sent), "mails again": again}
    if again > case.mails_again_most:
        yield f"{again} e-mails went out again; the faults excuse {case.mails_again_most}"


# --- I2, I8, I9, I10 and everything else that the house promises -------------------------------------


def _doctor(case: Case, numbers: dict[str, int]) -> Iterator[str]:
    """Chains, rollups, scores, leases, clocks: as ``manage.py doctor --grace 1``, and no message was given up."""
    end = time.monotonic() + 60
    while time.monotonic() < end:  # the first sums may still be made: until then nobody can say if they are right
        rollup_drain(seconds=5)
        if RollupState.objects.filter(rebuilding=False).exists():
            break
        time.sleep(0.2)
    late = OutboxMessage.objects.filter(state="dead").count()
    if late:
        yield f"{late} messages were given up"
    for path, findings in collect(flow.INVARIANTS, db_now(), timedelta(seconds=1)):
        numbers["doctor's findings"] = numbers.get("doctor's findings", 0) + sum(one.serious for one in findings)
        yield from (f"{path.partition('.')[0]}: {one.check}: {one.message}" for one in findings if one.serious)
    ahead = Transition.objects.filter(at__gt=db_now() + timedelta(seconds=5)).count()
    if ahead:
        yield f"{ahead} moves of the ledger are dated in the future"
    yield from _dates()


def _dates() -> Iterator[str]:
    """Whatever a skewed clock would have dated: nothing is ahead of the database, nothing was done before it was
    there."""
    now = db_now() + timedelta(seconds=5)
    for model, name in ((InboxItem, "created_at"), (Lead, "created_at"), (Activity, "at"), (Activity, "recorded_at")):
        count = model.objects.filter(**{f"{name}__gt": now}).count()
        if count:
            yield f"{count} of {model._meta.verbose_name_plural} have a {name} in the future"
    early = InboxItem.objects.filter(done_at__lt=F("created_at") - timedelta(seconds=1)).count()
    if early:
        yield f"{early} inbox rows were done before they came"
    odd = Handoff.objects.filter(assigned_at__lt=F("opened_at") - timedelta(seconds=1)).count()
    if odd:
        yield f"{odd} handoffs were assigned before they were opened"
