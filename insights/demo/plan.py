"""The year of the demo company, as plain data. Pure: no database, and the same seed gives the same year."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from insights.demo import words


@dataclass
class Step:
    """One row of a ledger to be."""

    funnel: str
    stage: str
    at: datetime
    cause: str
    cycle: int = 1
    by: str = ""
    score: int = 0


@dataclass
class Deed:
    kind: str
    at: datetime
    properties: dict[str, Any] = field(default_factory=dict)
    by: str = ""


@dataclass
class Pass:
    """One crossing of the MQL bar."""

    cycle: int
    opened_at: datetime
    assigned_at: datetime
    due_at: datetime
    rep: str
    state: str
    score: int
    why: str
    instant: bool = False
    responded_at: datetime | None = None
    decided_at: datetime | None = None
    reason: str = ""


@dataclass
class Sale:
    cycle: int
    steps: list[Step]
    rep: str
    accepted_at: datetime | None = None
    closed_at: datetime | None = None
    products: list[int] = field(default_factory=list)
    amount: int | None = None
    lost: str = ""
    next_step: str = ""
    next_step_at: datetime | None = None
    last_touch_at: datetime | None = None


@dataclass
class Firm:
    name: str
    domain: str
    industry: str
    fit: float
    employees: int
    country: str
    city: str
    team: str
    created_at: datetime
    owner: str = ""


@dataclass
class Person:
    number: int
    first: str
    last: str
    title: str
    persona: str
    quality: float
    firm: Firm
    source: str
    campaign: str
    medium: str
    landing: str
    created_at: datetime
    steps: list[Step] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    passes: list[Pass] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)
    owner: str = ""

    @property
    def email(self) -> str:
        return f"{self.first}.{self.last}.{self.number}@{self.firm.domain}".lower()

    def step(self, funnel: str, stage: str, at: datetime, cause: str, **more: Any) -> None:
        """The next step, never before the one before it."""
        at = max(at, self.steps[-1].at) if self.steps else at
        cycle = self.steps[-1].cycle if self.steps else 1
        self.steps.append(Step(funnel, stage, at, cause, **{"cycle": cycle, **more}))


def office(at: datetime) -> datetime:
    """The same moment, or the next one on a working day between 8 and 18 o'clock (UTC)."""
    if at.hour >= 18:
        at = (at + timedelta(days=1)).replace(hour=8, minute=at.minute)
    if at.hour < 8:
        at = at.replace(hour=8)
    while at.weekday() > 4:
        at += timedelta(days=1)
    return at


def firms_make(dice: Random, *, count: int, now: datetime) -> list[Firm]:
    """Companies of the market, each with its own name and domain."""
    pairs = [(first, second) for first in words.COMPANY_FIRST for second in words.COMPANY_SECOND]
    dice.shuffle(pairs)
    firms = []
    for first, second in pairs[:count]:
        industry, fit = dice.choice(words.INDUSTRIES)
        country, cities, team = dice.choices(words.PLACES, weights=[9, 3, 5, 5, 3, 2, 2])[0]
        employees = max(3, int(dice.lognormvariate(3.4, 1.1)))
        domain = f"{first}-{second.replace(' ', '')}.example".lower()
        size = 1.0 if 12 <= employees <= 600 else 0.5
        firms.append(
            Firm(
                name=f"{first} {second}",
                domain=domain,
                industry=industry,
                fit=fit * size,
                employees=employees,
                country=country,
                city=dice.choice(cities),
                team=team,
                created_at=now - timedelta(days=400),
            )
        )
    return firms


def person_make(dice: Random, number: int, firm: Firm, created_at: datetime, source: str = "") -> Person:
    """Somebody from a firm who came by a source; ``quality`` (0..1) drives how far they will go."""
    names = list(words.SOURCES)
    source = source or dice.choices(names, weights=[words.SOURCES[name][0] for name in names])[0]
    _, worth, medium, landing, campaigns = words.SOURCES[source]
    title, persona, fit = dice.choices(words.TITLES, weights=[12, 4, 3, 10, 5, 3, 9, 8, 7, 3])[0]
    quality = 0.5 * worth + 0.28 * fit + 0.22 * firm.fit + dice.gauss(0, 0.08)
    return Person(
        number=number,
        first=dice.choice(words.FIRST_NAMES),
        last=dice.choice(words.LAST_NAMES),
        title=title,
        persona=persona,
        quality=min(1.0, max(0.0, quality)),
        firm=firm,
        source=source,
        campaign=dice.choice(campaigns),
        medium=medium,
        landing=landing,
        created_at=created_at,
    )
