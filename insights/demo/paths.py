"""How one person of the demo goes through both funnels. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle
from random import Random
from typing import Any

from insights.demo import words
from insights.demo.plan import Deed, Pass, Person, Sale, Step, office

FIRST_DEEDS = {
    "Webinar": ("webinar_attended", {"webinar": "Winter readiness"}),
    "Checklist": ("asset_downloaded", {"asset": "Field audit checklist"}),
}


class Paths:
    """Walks people from their first touch to where they are ``now``; reps take turns in their team."""

    def __init__(self, dice: Random, now: datetime) -> None:
        self.dice, self.now = dice, now
        teams = {team for *_, role, team, _ in words.PEOPLE if role == "rep"}
        self.turn: dict[str, Iterator[str]] = {
            team: cycle([name for name, _, role, other, _ in words.PEOPLE if role == "rep" and other == team])
            for team in sorted(teams)
        }

    def walk(self, one: Person) -> None:
        """The whole path so far."""
        one.step("marketing", "awareness", one.created_at, "captured")
        kind, properties = FIRST_DEEDS.get(one.source, ("form_submitted", {"form": "Newsletter"}))
        one.deeds.append(Deed(kind, one.created_at, properties))
        self._visits(one, one.created_at, self.dice.randint(0, 3), days=4)
        if self._enter(one, "interest", 0.42 + 0.5 * one.quality, days=5):
            self._nurture(one)

    def _after(self, at: datetime, days: float) -> datetime:
        return office(at + timedelta(days=self.dice.expovariate(1 / days), minutes=self.dice.randint(1, 600)))

    def _enter(self, one: Person, stage: str, chance: float, days: float) -> bool:
        at = self._after(one.steps[-1].at, days)
        if self.dice.random() > chance or at > self.now - timedelta(days=2):
            return False
        score = {"interest": self.dice.randint(12, 30), "evaluation": self.dice.randint(36, 55)}[stage]
        one.step("marketing", stage, at, "scored", score=score)
        return True

    def _visits(self, one: Person, since: datetime, count: int, days: float) -> None:
        for _ in range(count):
            at = since + timedelta(days=self.dice.random() * days, minutes=self.dice.randint(1, 60))
            if at < self.now:
                one.deeds.append(Deed("page_viewed", at, {"path": self.dice.choice(words.PAGES)}))

    def _mail(self, one: Person, at: datetime) -> None:
        sent = office(at + timedelta(days=self.dice.random() * 6))
        subject = self.dice.choice(
            ["Your checklist, and what others do with it", "Three dispatch mistakes", "A case"]
        )
        marks = [("email_sent", 0.0, 1.0), ("email_opened", 3.0, 0.55), ("email_clicked", 3.2, 0.3)]
        for kind, hours, chance in marks:
            when = sent + timedelta(hours=hours)
            if when < self.now and self.dice.random() < chance:
                one.deeds.append(Deed(kind, when, {"subject": subject}))

    def _nurture(self, one: Person) -> None:
        since = one.steps[-1].at
        self._visits(one, since, self.dice.randint(1, 4), days=8)
        self._mail(one, since)
        if self.dice.random() < 0.4:
            at = office(since + timedelta(days=2))
            if at < self.now:
                one.deeds.append(Deed("asset_downloaded", at, {"asset": self.dice.choice(words.ASSETS)}))
        if not self._enter(one, "evaluation", 0.2 + 0.62 * one.quality, days=7):
            self._give_up(one)
            return
        since = one.steps[-1].at
        if self.dice.random() < 0.3:
            one.deeds.append(Deed("webinar_attended", since, {"webinar": self.dice.choice(words.WEBINARS)}))
        at = self._after(since, 6)
        if self.dice.random() > 0.28 + 0.62 * one.quality or at > self.now - timedelta(days=2):
            self._visits(one, since, 2, days=5)
            return
        for hours in range(self.dice.randint(1, 3)):
            one.deeds.append(
                Deed("pricing_viewed", max(since, at - timedelta(hours=5 * hours)), {"path": "/pricing"})
            )
        self._pass(one, at)

    def _give_up(self, one: Person) -> None:
        at = self._after(one.steps[-1].at, 15)
        if one.persona == "Student" or (self.dice.random() < 0.09 and at < self.now):
            at = min(at, self.now - timedelta(hours=1))
            one.step("marketing", "disqualified", at, "disqualified", by="maya", score=5)

    def _pass(self, one: Person, at: datetime) -> None:
        """Over the bar: handed off, answered, decided."""
        score = self.dice.randint(60, 88)
        instant = self.dice.random() < 0.3
        if instant:
            one.deeds.append(Deed("demo_requested", at, {"form": "Book a demo"}))
        one.step("marketing", "handed_off", at, "mql", score=score)
        assigned = at + timedelta(seconds=self.dice.randint(2, 14))
        handed = Pass(
            cycle=one.steps[-1].cycle,
            opened_at=at,
            assigned_at=assigned,
            due_at=assigned + timedelta(minutes=15 if instant else 240),
            rep=next(self.turn[one.firm.team]),
            state="accepted",
            score=score,
            why="Asked for a demo" if instant else f"Score {score} passed the bar of 60",
            instant=instant,
        )
        one.passes.append(handed)
        one.owner = handed.rep
        self._answer(one, handed)
        if self.dice.random() < 0.46 - 0.46 * one.quality:
            self._reject(one, handed)
        else:
            self._sell(one, handed)

    def _answer(self, one: Person, handed: Pass) -> None:
        minutes = self.dice.lognormvariate(2.0 if handed.instant else 3.6, 1.1)
        answered = min(handed.assigned_at + timedelta(minutes=minutes), self.now - timedelta(hours=3))
        handed.responded_at = max(answered, handed.assigned_at + timedelta(seconds=50))
        kind = self.dice.choices(["call", "email"], weights=[7, 3])[0]
        said: dict[str, Any] = {"subject": "Hello"}
        if kind == "call":
            said = {"outcome": self.dice.choice(["Reached", "Left a message"])}
            said["minutes"] = 4 + one.number % 17 if said["outcome"] == "Reached" else 1
        one.deeds.append(Deed(kind, handed.responded_at, said, by=handed.rep))
        handed.decided_at = min(
            handed.responded_at + timedelta(minutes=self.dice.expovariate(1 / 240) + 2), self.now - timedelta(hours=1)
        )

    def _reject(self, one: Person, handed: Pass) -> None:
        assert handed.decided_at
        handed.state = "rejected"
        again = self.dice.random() < 0.68
        handed.reason = "recycle" if again else "disqualify"
        at = handed.decided_at
        start = Step("sales", "qualification", handed.assigned_at, "handoff", cycle=handed.cycle)
        end = Step("sales", "lost", at, "rejected", cycle=handed.cycle, by=handed.rep)
        one.sales.append(Sale(handed.cycle, [start, end], handed.rep, closed_at=at, lost="rejected_by_sales"))
        if not again:
            one.step("marketing", "disqualified", at, "disqualified", by=handed.rep, score=handed.score)
            one.owner = ""
            return
        one.step("marketing", "interest", at, "recycled", by=handed.rep, score=handed.score, cycle=handed.cycle + 1)
        one.owner = ""
        later = office(at + timedelta(days=self.dice.randint(18, 70)))
        if handed.cycle == 1 and self.dice.random() < 0.35 and later < self.now - timedelta(days=6):
            self._visits(one, later, 2, days=1)
            one.step("marketing", "evaluation", later, "scored", score=45)
            self._pass(one, office(later + timedelta(days=2, hours=self.dice.randint(0, 9))))

    def _sell(self, one: Person, handed: Pass) -> None:
        assert handed.decided_at
        start = Step("sales", "qualification", handed.assigned_at, "handoff", cycle=handed.cycle)
        sale = Sale(handed.cycle, [start], handed.rep, accepted_at=handed.decided_at)
        sale.last_touch_at = handed.responded_at
        one.sales.append(sale)
        chances = [("demo", 0.6 + 0.3 * one.quality, 5.0), ("proposal", 0.5 + 0.32 * one.quality, 8.0)]
        at = handed.decided_at
        for stage, chance, days in chances:
            at = self._after(at, days)
            if self.dice.random() > chance:
                self._lose(one, sale, at + timedelta(days=self.dice.randint(3, 20)))
                return
            if at > self.now - timedelta(hours=4):
                self._next(sale)
                return
            self._advance(one, sale, stage, at)
        at = self._after(at, 15)
        if self.dice.random() > 0.35 + 0.4 * one.quality:
            self._lose(one, sale, at + timedelta(days=self.dice.randint(2, 25)))
        elif at < self.now - timedelta(hours=4):
            self._win(one, sale, at)
        else:
            self._next(sale)

    def _advance(self, one: Person, sale: Sale, stage: str, at: datetime) -> None:
        sale.steps.append(Step("sales", stage, at, "moved", cycle=sale.cycle, by=sale.rep))
        met = "meeting" if stage == "demo" else "email"
        words_ = {"subject": "Demo on their own case"} if stage == "demo" else {"subject": "Offer sent"}
        one.deeds.append(Deed(met, at, words_, by=sale.rep))
        sale.last_touch_at = at
        if sale.amount is None:
            plan = 2 if one.firm.employees > 250 else 1 if one.firm.employees > 40 else 0
            sale.products = [plan] + [extra for extra in (3, 4) if self.dice.random() < 0.4]
            price = sum(words.PRODUCTS[index][3] for index in sale.products)
            sale.amount = int(price * self.dice.choice([1, 1, 1, 0.9, 1.2]))

    def _lose(self, one: Person, sale: Sale, at: datetime) -> None:
        at = office(at)
        if at > self.now - timedelta(hours=4):
            self._next(sale)
            return
        if sale.amount is None:
            sale.lost = self.dice.choice(["unresponsive", "timing", "poor_fit"])
        else:
            sale.lost = self.dice.choices(["price", "timing", "competition", "unresponsive"], weights=[5, 3, 3, 3])[0]
        sale.steps.append(Step("sales", "lost", at, "lost", cycle=sale.cycle, by=sale.rep))
        sale.closed_at = at

    def _win(self, one: Person, sale: Sale, at: datetime) -> None:
        sale.steps.append(Step("sales", "won", at, "won", cycle=sale.cycle, by=sale.rep))
        sale.closed_at = at
        one.firm.owner = sale.rep
        one.step("customer", "onboarded", at, "won", by=sale.rep)
        for stage, days, chance in [("retained", 55, 0.93), ("advocate", 90, 0.3)]:
            at = self._after(at, days)
            if at > self.now:
                return
            if self.dice.random() > chance:
                if stage == "retained":
                    one.step("customer", "churned", at, "churned", by="helena")
                return
            one.step("customer", stage, at, "moved", by=sale.rep)

    def _next(self, sale: Sale) -> None:
        """An open deal has a next step: some today, some overdue, most in the days to come."""
        days = self.dice.choices([-2, 0, 1, 3, 6], weights=[1, 4, 4, 4, 3])[0]
        sale.next_step = self.dice.choice(words.NEXT_STEPS)
        hour = self.dice.randint(9, 17)
        sale.next_step_at = (self.now + timedelta(days=days)).replace(hour=hour, minute=30 * self.dice.randint(0, 1))
