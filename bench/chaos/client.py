"""The senders, a process of their own: each capture goes out again with the same key until it is answered well.

    python -m bench.chaos.client CONFIG.json

What arrives: captures by API (most), filled forms, leads by API. Some people come more than once; a share asks for a
demo, which passes the MQL bar. While there is a file ``hold`` in the config's folder, nothing new is sent.
"""

import json
import random
import re
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from bench.chaos.ledger import ACCEPTED, Book

THREADS = 8
FORMS_AT_ONCE = 6
READS_SECONDS = 1.0  # a person's time between seeing a form and sending it
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
DOORS = {"capture": 0.70, "form": 0.15, "lead": 0.15}
KINDS = ["page_viewed", "pricing_viewed", "asset_downloaded", "webinar_attended", "email_clicked"]
DEMO_SHARE = 0.2


@dataclass(frozen=True)
class Capture:
    key: str
    door: str
    email: str
    kind: str

    @property
    def demo(self) -> bool:
        return self.kind == "demo_requested"


def captures(seed: int, how_many: int) -> list[Capture]:
    """What this seed sends, in its order."""
    dice, people = random.Random(seed), max(1, how_many // 2)
    made = []
    for number in range(how_many):
        door = dice.choices(list(DOORS), list(DOORS.values()))[0]
        key = f"c{seed}-{number}"
        email = f"{key}@lead.example" if door == "lead" else f"p{dice.randrange(people)}-{seed}@person.example"
        kind = "form_submitted" if door == "form" else dice.choice(KINDS)
        if door == "capture" and dice.random() < DEMO_SHARE / DOORS["capture"]:
            kind = "demo_requested"
        made.append(Capture(key, door, email, "lead" if door == "lead" else kind))
    return made


class Sender(threading.Thread):
    """One of several: takes the next capture, and does not let go of it before it is answered."""

    def __init__(self, work: "Work") -> None:
        super().__init__(daemon=True)
        self.work = work
        self.session = requests.Session()
        self.session.headers["User-Agent"] = BROWSER

    def run(self) -> None:
        while batch := self.work.take():
            forms = [one for one in batch if one.door == "form"]
            pages = {one.key: self.form_page(one) for one in forms}
            if forms:
                time.sleep(READS_SECONDS)
            for one in batch:
                self.until_accepted(one, pages.get(one.key, ""))

    def form_page(self, one: Capture) -> str:
        """The hidden key of the form's page, asked for until the page comes."""
        while True:
            answer = self.ask("GET", f"/f/{self.work.form}/", headers=_from(one))
            if answer is not None and (found := re.search(r'name="key" value="([^"]+)"', answer.text)):
                return found[1]
            time.sleep(0.3)

    def until_accepted(self, one: Capture, hidden: str) -> None:
        self.work.book.meant(one.key, one.door, one.email, one.demo)
        for turn in range(10_000):
            answer = getattr(self, f"send_{one.door}")(one, hidden)
            status = answer.status_code if answer is not None else 0
            self.work.book.answered(one.key, status)
            if status in ACCEPTED:
                self.work.done()
                return
            if 400 <= status < 500 and status not in (408, 409, 429):
                self.work.refused(one, answer)
                return
            time.sleep(min(2.0, 0.1 * 2 ** min(turn, 5)))

    def ask(self, method: str, path: str, **more: Any) -> requests.Response | None:
        try:
            return self.session.request(method, self.work.url + path, timeout=15, allow_redirects=False, **more)
        except requests.RequestException:
            return None

    def send_capture(self, one: Capture, _: str) -> requests.Response | None:
        body = {
            "key": one.key,
            "lead": {"email": one.email, "last_name": one.email.partition("@")[0]},
            "touch": {"source": "chaos"},
            "activities": [{"kind": one.kind}],
        }
        return self.ask("POST", "/api/v1/captures/", json=body, headers=self.work.bearer)

    def send_lead(self, one: Capture, _: str) -> requests.Response | None:
        body = {"email": one.email, "last_name": "Lead", "job_title": one.key, "company": {"name": one.key[-2:]}}
        headers = self.work.bearer | {"Idempotency-Key": one.key}
        return self.ask("POST", "/api/v1/leads/", json=body, headers=headers)

    def send_form(self, one: Capture, hidden: str) -> requests.Response | None:
        given = {"key": hidden, "email": one.email, "message": one.key, "utm_source": "chaos"}
        return self.ask("POST", f"/f/{self.work.form}/", data=given, headers=_from(one))


def _from(one: Capture) -> dict[str, str]:
    """An address of its own, as a proxy would tell it: nobody sends 30 forms a minute."""
    number = abs(hash(one.key)) % 2**24
    return {"X-Forwarded-For": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"}


class Work:
    """What is left to send, at the agreed pace, and how far it has come (for whoever kills)."""

    def __init__(self, config: dict[str, Any], folder: Path) -> None:
        self.url, self.form, self.rate = config["url"], config["form"], config["rate"]
        self.bearer = {"Authorization": f"Bearer {config['token']}"}
        self.book, self.folder = Book(folder / "ledger.jsonl"), folder
        self.left = list(reversed(captures(config["seed"], config["captures"])))
        self.lock, self.accepted, self.due = threading.Lock(), 0, time.monotonic()

    def take(self) -> list[Capture]:
        """The next one, or a few forms that are read side by side; [] at the end."""
        with self.lock:
            while (self.folder / "hold").exists():
                time.sleep(0.05)
            if not self.left:
                return []
            batch = [self.left.pop()]
            while batch[0].door == "form" and len(batch) < FORMS_AT_ONCE:
                place = next((n for n in range(len(self.left) - 1, -1, -1) if self.left[n].door == "form"), None)
                if place is None:
                    break
                batch.append(self.left.pop(place))
            self.due = max(self.due, time.monotonic() - 2) + len(batch) / self.rate
            wait = self.due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        return batch

    def done(self) -> None:
        with self.lock:
            self.accepted += 1

    def tell(self) -> None:
        """How far it has come; whoever reads it finds a whole number."""
        fresh = self.folder / "progress.new"
        fresh.write_text(str(self.accepted))
        fresh.replace(self.folder / "progress")

    def refused(self, one: Capture, answer: Any) -> None:
        with (self.folder / "refused.log").open("a") as file:
            file.write(f"{one.key} {one.door} {answer.status_code} {answer.text[:300]!r}\n")


def main() -> None:
    path = Path(sys.argv[1])
    work = Work(json.loads(path.read_text()), path.parent)
    senders = [Sender(work) for _ in range(THREADS)]
    for one in senders:
        one.start()
    while any(one.is_alive() for one in senders):
        work.tell()
        time.sleep(0.1)
    work.tell()


if __name__ == "__main__":
    main()
