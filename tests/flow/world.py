"""Who sends captures and keeps the list of the accepted ones, and how that list is held against the database."""

import re
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from celery import Celery
from django.conf import settings
from django.db.models import Count, Q

from config import flow
from core.clock import db_now
from core.invariants import collect
from core.leases import LEASE_SECONDS
from core.models import Leased, OutboxMessage
from deals.models import Deal
from handoff.models import Assignment, Handoff
from insights.models import RollupState
from insights.services import rollup_drain
from leads.models import InboxItem, Lead, Standing
from team.models import Notice, Team, User
from team.services import token_create
from tests.machinery.stack import Process, Stack
from tests.personas import PASSWORD, persona

ALWAYS = {str(day): [["00:00", "24:00"]] for day in range(7)}
AT_WORK: dict[str, Any] = {"capacity_open": 1000, "capacity_day": 1000, "working_hours": ALWAYS}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def reps(how_many: int) -> list[User]:
    """Reps of one team who are always at work."""
    team, _ = Team.objects.get_or_create(name="East")
    fields = {"is_rep": True, "team": team, **AT_WORK}
    made = [User(email=f"rep{n}@test.example", name=f"Rep {n}", **fields) for n in range(how_many)]
    return list(User.objects.bulk_create(made))


class Client:
    """Another system that sends captures. ``accepted`` is what it was promised: e-mail of each key answered 2xx."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.accepted, self.refused = stack, dict[str, str](), list[str]()
        self.user = persona("marketer")
        _, secret = token_create(user=self.user, name="site", scopes=["leads:write"])
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {secret}"

    def capture(self, key: str, *, email: str = "", kind: str = "demo_requested", **body: Any) -> None:
        """Send it until it is answered, as a careful sender does; always with the same key."""
        email = email or f"{key}@{key}.example"
        sent = {
            "key": key,
            "lead": {"email": email, "last_name": key, **body.pop("lead", {})},
            "activities": [{"kind": kind}],
            **body,
        }
        url = f"{self.stack.url}/api/v1/captures/"
        for _ in range(40):
            try:
                answer = self.session.post(url, json=sent, timeout=20)
            except requests.ConnectionError:
                self.stack.wait_until(lambda: self.stack.answers(f"{self.stack.url}/healthz/"))
                continue
            if answer.ok:
                self.accepted[key] = email
            else:
                self.refused.append(f"{key}: {answer.status_code}")
            return
        raise AssertionError(f"{key} was never answered")

    def captures(self, name: str, how_many: int) -> None:
        for number in range(how_many):
            self.capture(f"{name.replace('.', '-')}-{number}")


class Person:
    """Somebody signed in at the real server, through its pages."""

    def __init__(self, stack: Stack, role: str, **fields: Any) -> None:
        self.user = persona(role)
        User.objects.filter(pk=self.user.pk).update(**fields)
        self.stack = stack
        self.session = requests.Session()
        self.session.headers["User-Agent"] = BROWSER
        self.post("/login/", username=self.user.email, password=PASSWORD)

    def get(self, path: str, **params: Any) -> str:
        answer = self.session.get(self.stack.url + path, params=params)
        assert answer.status_code in (200, 204), f"{path}: {answer.status_code}\n{self.stack.last_words(40)}"
        return answer.text

    def post(self, path: str, **form: Any) -> None:
        """As a page's form does; it must be taken."""
        if "csrftoken" not in self.session.cookies:
            self.session.get(self.stack.url + path)
        form["csrfmiddlewaretoken"] = self.session.cookies["csrftoken"]
        answer = self.session.post(self.stack.url + path, data=form, allow_redirects=False)
        assert answer.status_code == 302, f"{path}: {answer.status_code}\n{_said(answer.text)}"


def _said(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))[-1500:]


# --- what came of it ------------------------------------------------------------------------------


def drained() -> bool:
    """Nothing is on its way any more. Asked in the order of the way, so that nothing slips past."""
    return not (
        InboxItem.objects.filter(state=Leased.State.PENDING).exists()
        or Standing.objects.filter(score_due_at__isnull=False).exists()
        or Handoff.objects.filter(state=Handoff.State.WAITING).exists()
        or OutboxMessage.objects.filter(state=Leased.State.PENDING).exists()
    )


def mails() -> Counter[str]:
    """How often each Message-ID was sent."""
    folder = Path(settings.VAR_DIR) / "mail"
    texts = [path.read_text(errors="replace") for path in folder.glob("*")] if folder.exists() else []
    return Counter(found for text in texts for found in re.findall(r"^Message-ID: <([^@>]+)@", text, re.MULTILINE))


def mails_forget() -> None:
    for path in (Path(settings.VAR_DIR) / "mail").glob("*"):
        path.unlink()


def faults(client: Client, *, cycles: int = 1) -> list[str]:
    """Everything that is not as promised: doctor's findings, and the client's list against the database.

    Each accepted capture is in the inbox once and done; each person is one lead, and has per cycle one handoff, one
    active assignment, one deal, one notice and one e-mail intent that was done.
    """
    found = [f"refused: {one}" for one in client.refused]
    found += _captures_wrong(client)
    found += [line for email in sorted(set(client.accepted.values())) for line in _person_wrong(email, cycles)]
    return found + doctor()


def doctor() -> list[str]:
    """What the invariants say. A house that has just begun may still be making its first sums, or be about to: they
    are waited for, because until then nobody can say whether they are right."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        rollup_drain(seconds=5)  # does nothing while a worker is at it
        if RollupState.objects.filter(rebuilding=False).exists():
            break
        time.sleep(0.1)
    now = db_now()
    rooms = collect(flow.INVARIANTS, now, timedelta(seconds=1))
    return [f"{one.check}: {one.message}" for _, findings in rooms for one in findings if one.serious]


def _captures_wrong(client: Client) -> list[str]:
    rows = InboxItem.objects.filter(source=f"api:{client.user.pk}")
    times, done = (
        Counter(rows.values_list("key", flat=True)),
        set(rows.filter(state="done").values_list("key", flat=True)),
    )
    return [
        *(f"capture {key} is in the inbox {times[key]} times" for key in client.accepted if times[key] != 1),
        *(f"capture {key} is not done" for key in client.accepted if key not in done),
    ]


def _person_wrong(email: str, cycles: int) -> list[str]:
    leads = list(Lead.objects.filter(email_key=email))
    if len(leads) != 1:
        return [f"{email} is {len(leads)} leads"]
    lead, out = leads[0], []
    handoffs = Handoff.objects.filter(lead=lead)
    counts = {
        "handoffs": handoffs.count(),
        "cycles": handoffs.values("cycle").distinct().count(),
        "deals": Deal.objects.filter(lead=lead).count(),
    }
    out += [f"{email} has {n} {what}, not {cycles}" for what, n in counts.items() if n != cycles]
    for one in handoffs.annotate(active=Count("assignments", filter=Q(assignments__ended_at=None))):
        if one.active != 1:
            out.append(f"{email}: {one.active} active assignments of handoff {one.pk}")
        for turn in Assignment.objects.filter(handoff=one).values_list("turn", flat=True):
            key = f"handoff:{one.pk}:{turn}"
            told = Notice.objects.filter(key=key).count()
            mail = OutboxMessage.objects.filter(topic="handoff.mail", key=key)
            sent = mails()[key.replace(":", "-")]
            if told != 1:
                out.append(f"{email}: {told} notices {key}")
            if [row.state for row in mail] != ["done"]:
                out.append(f"{email}: e-mail intents {key}: {[row.state for row in mail]}")
            if not sent:
                out.append(f"{email}: no e-mail {key}")
    return out


def mailed_again() -> int:
    """How many e-mails went out a second time."""
    return sum(times - 1 for times in mails().values())


# --- moving time and messages ---------------------------------------------------------------------


def time_passes(*, held_since: float = 0) -> None:
    """The leases of the dead run out, those that were taken ``held_since`` seconds ago or earlier. Only for when
    nobody who lives can have held one so long."""
    now = db_now()
    for model in (InboxItem, OutboxMessage):
        taken = now + timedelta(seconds=LEASE_SECONDS - held_since)
        held = model.objects.filter(state=Leased.State.PENDING, lease_until__lte=taken)
        held.update(lease_until=now - timedelta(seconds=1))


def send(stack: Stack, *tasks: str) -> None:
    with Celery(broker=stack.environment["REDIS_URL"], set_as_current=False) as app:
        for task in tasks:
            app.send_task(task)


def rest(stack: Stack, worker: Process, *, on: bool) -> None:
    """Have a worker take no more tasks (``on``), or again."""
    name = f"{worker.name}@test"
    with Celery(broker=stack.environment["REDIS_URL"], set_as_current=False) as app:
        act = app.control.cancel_consumer if on else app.control.add_consumer
        answer = act("celery", destination=[name], reply=True, timeout=20, limit=1)
    assert answer and "ok" in answer[0][name], answer
