"""Writing the planned year: the same tables and the same ledger that the services write, in bulk."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import F

from core.places import countries_parse, languages_parse, words_parse
from deals.models import Deal, LostReason, Product
from funnels.models import Stage, Transition
from funnels.services import journey_chain
from insights.demo import words
from insights.demo.plan import Deed, Firm, Person, Sale, Step
from insights.demo.settle import settle
from leads.models import Activity, Company, LastActive, Lead, Standing
from scoring.services.write import scores_write
from team.models import Team, User

BATCH = 1000


class Writer:
    """Holds what the rows refer to: people by e-mail name, stages, products."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.users = people_make()
        self.stages = {(s.funnel.key, s.key): s for s in Stage.objects.select_related("funnel")}
        self.products = products_make()
        self.lost = {row.code: row for row in LostReason.objects.all()}
        self.companies: dict[str, Company] = {}

    def by(self, name: str) -> User | None:
        return self.users.get(name)

    def firms(self, firms: Sequence[Firm]) -> None:
        """Companies, with the rep who won them as owner."""
        rows = [
            Company(
                name=firm.name,
                domain=firm.domain,
                industry=firm.industry,
                employees=firm.employees,
                revenue=Decimal(firm.employees * 140_000),
                currency=settings.CURRENCY,
                country=firm.country,
                city=firm.city,
                owner=self.by(firm.owner),
                created_at=firm.created_at,
            )
            for firm in firms
        ]
        Company.objects.bulk_create(rows, batch_size=BATCH)
        self.companies = {row.domain: row for row in rows if row.domain}

    def people(self, people: Sequence[Person]) -> dict[int, Lead]:
        """Leads with standing, ledger and activities; returns the lead of each person's number."""
        leads = [self._lead(one) for one in people]
        Lead.objects.bulk_create(leads, batch_size=BATCH)
        # nobody was changed after they came: what is learned from the past may use what is known of them
        Lead.objects.filter(pk__in=[lead.pk for lead in leads]).update(updated_at=F("created_at"))
        made = {one.number: lead for one, lead in zip(people, leads, strict=True)}
        Standing.objects.bulk_create([self._standing(one, made[one.number]) for one in people], batch_size=BATCH)
        deeds = [self._activity(made[one.number], deed) for one in people for deed in one.deeds]
        Activity.objects.bulk_create(deeds, batch_size=BATCH)
        scores = settle(people, made, self.now)
        standings = [self._standing(one, made[one.number]) for one in people]
        Standing.objects.bulk_update(standings, ["stage", "stage_since", "seq"], batch_size=200)
        newest = [(made[one.number].pk, max(deed.at for deed in one.deeds)) for one in people if one.deeds]
        LastActive.objects.bulk_create([LastActive(pk=pk, at=at) for pk, at in newest], batch_size=BATCH)
        scores_write(scores, self.now)
        rows = [row for one in people for row in self.chain(Transition.Kind.LEAD, made[one.number].pk, one.steps)]
        Transition.objects.bulk_create(rows, batch_size=BATCH)
        return made

    def _lead(self, one: Person) -> Lead:
        touch = {"source": one.source, "medium": one.medium, "campaign": one.campaign, "landing_page": one.landing}
        last = max((deed.at for deed in one.deeds if not deed.by), default=one.created_at)
        return Lead(
            email=one.email,
            email_key=one.email,
            first_name=one.first,
            last_name=one.last,
            job_title=one.title,
            persona=one.persona,
            phone=f"+1 555 01{one.number % 100:02d}" if one.passes else "",
            country=one.firm.country,
            city=one.firm.city,
            company=self.companies[one.firm.domain],
            source=one.source,
            campaign=one.campaign,
            first_touch={**touch, "at": one.created_at.isoformat()},
            last_touch={**touch, "medium": "direct", "at": last.isoformat()},
            consent_email=one.number % 7 != 0,
            consent_at=one.created_at if one.number % 7 else None,
            created_at=one.created_at,
        )

    def _standing(self, one: Person, lead: Lead) -> Standing:
        last = one.steps[-1]
        return Standing(
            lead=lead,
            stage=self.stages[last.funnel, last.stage],
            stage_since=last.at,
            seq=len(one.steps),
            cycle=last.cycle,
            owner=self.by(one.owner),
            source=one.source,
            score_due_at=self.now,
        )

    def chain(self, kind: int, pk: int, steps: Sequence[Step]) -> list[Transition]:
        """Ledger rows of a known past, each with its own cause, cycle, person and score."""
        rows = journey_chain(kind, pk, [(self.stages[step.funnel, step.stage], step.at) for step in steps], cause="")
        for row, step in zip(rows, steps, strict=True):
            row.cause, row.by = step.cause, self.by(step.by)
            row.cycle = step.cycle if kind == Transition.Kind.LEAD else 1
            row.score = step.score if kind == Transition.Kind.LEAD else None
        return rows

    def _activity(self, lead: Lead, deed: Deed) -> Activity:
        return Activity(
            lead=lead,
            kind=deed.kind,
            at=deed.at,
            recorded_at=deed.at,
            properties=deed.properties,
            by=self.by(deed.by),
        )

    def sales(self, people: Sequence[Person], leads: dict[int, Lead]) -> dict[tuple[int, int], Deal]:
        """Deals with ledger and products, by (person's number, cycle)."""
        planned = [(one, sale) for one in people for sale in one.sales]
        deals = [self._deal(one, sale, leads[one.number]) for one, sale in planned]
        Deal.objects.bulk_create(deals, batch_size=BATCH)
        rows = [
            row
            for (_, sale), deal in zip(planned, deals, strict=True)
            for row in self.chain(Transition.Kind.DEAL, deal.pk, sale.steps)
        ]
        Transition.objects.bulk_create(rows, batch_size=BATCH)
        link: Any = Deal.products.through
        link.objects.bulk_create(
            [
                link(deal_id=deal.pk, product_id=self.products[index].pk)
                for (_, sale), deal in zip(planned, deals, strict=True)
                for index in sale.products
            ],
            batch_size=BATCH,
        )
        return {(one.number, sale.cycle): deal for (one, sale), deal in zip(planned, deals, strict=True)}

    def _deal(self, one: Person, sale: Sale, lead: Lead) -> Deal:
        last, pick = sale.steps[-1], one.number
        known = sale.amount is not None
        return Deal(
            name=f"{one.firm.name}: {self.products[sale.products[0]].name}" if sale.products else one.firm.name,
            lead=lead,
            lead_cycle=sale.cycle,
            company=lead.company,
            owner=self.by(sale.rep),
            source=one.source,
            amount=Decimal(sale.amount) if sale.amount is not None else None,
            currency=settings.CURRENCY,
            stage=self.stages[last.funnel, last.stage],
            stage_since=last.at,
            seq=len(sale.steps),
            cycle=1,
            expected_close=self._expected(sale),
            budget=words.BUDGETS[pick % 3] if known else "",
            authority=words.AUTHORITY[pick % 3] if known else "",
            need=words.NEEDS[pick % 4],
            timeline=words.TIMELINES[pick % 4] if known else "",
            next_step=sale.next_step,
            next_step_at=sale.next_step_at,
            last_touch_at=sale.last_touch_at,
            lost_reason=self.lost.get(sale.lost),
            objection=words.OBJECTIONS.get(sale.lost, ""),
            created_at=sale.steps[0].at,
            accepted_at=sale.accepted_at,
            closed_at=sale.closed_at,
        )

    def _expected(self, sale: Sale) -> Any:
        if sale.closed_at:
            return sale.closed_at.date()
        left = {"qualification": 55, "demo": 40, "proposal": 18}[sale.steps[-1].stage]
        return (self.now + timedelta(days=left + sale.steps[-1].at.day % 14 - 7)).date()


def people_make() -> dict[str, User]:
    """The demo company's people, by e-mail name. One password for all of them."""
    secret = make_password(words.PASSWORD)
    teams = {team: Team.objects.get_or_create(name=team)[0] for *_, team, _ in words.PEOPLE if team}
    users = {}
    for name, full, role, team, zone in words.PEOPLE:
        users[name], _ = User.objects.get_or_create(
            email=email_of(name),
            defaults={
                "name": full,
                "password": secret,
                "team": teams.get(team),
                "time_zone": zone,
                "country": words.HOLIDAYS[name][0],
                "region": words.HOLIDAYS[name][1],
                **_knows(name),
                f"is_{role}": True,
            },
        )
    return users


def _knows(name: str) -> dict[str, list[str]]:
    languages, countries, skills = words.KNOW.get(name, ("", "", ""))
    return {
        "languages": languages_parse(languages),
        "countries": countries_parse(countries),
        "skills": words_parse(skills),
    }


def email_of(name: str) -> str:
    return f"{name}@demo.baton.example"


def products_make() -> list[Product]:
    return [
        Product.objects.get_or_create(
            sku=sku, defaults={"name": name, "series": series, "price": price, "currency": settings.CURRENCY}
        )[0]
        for sku, name, series, price in words.PRODUCTS
    ]
