"""Leads, by the hundred thousand: every rule here, every write through ``core.bulk``."""

import json
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from core import bulk, outbox
from funnels.bulk import journeys_start
from funnels.models import Transition
from funnels.selectors import stage_get
from intake.errors import RowProblem
from intake.kinds.base import CREATED, UNCHANGED, UPDATED, Context, Field, Item, Kind, near
from intake.kinds.companies import CompanyBook
from intake.kinds.users import owner_finder
from intake.rules import key_fold, not_ahead
from leads.models import Company, Lead, Standing
from leads.rules import LEAD_FIELDS, TOUCH_FIELDS, company_domain
from leads.services import leads_mark
from leads.services.people import sources_copy

COMPANY = {"company": "name", "company_domain": "domain", "industry": "industry", "employees": "employees"}
WRITTEN = [
    *("email", "email_key", "external_id", *LEAD_FIELDS, "company", "source", "campaign"),
    *("first_touch", "last_touch", "consent_email", "consent_at", "custom"),
]


class Leads(Kind):
    name, label, roles, custom = "leads", "Leads", ("marketer", "manager"), True
    chunk = 5000  # written by COPY
    help = "Each row needs an e-mail or an external id. Columns of your own become custom fields."
    fields = (
        Field("email", "E-mail", "email", 254, ("email address", "mail", "e mail", "work email", "contact email")),
        Field(
            "external_id",
            "External id",
            limit=100,
            names=("prospect id", "lead id", "contact id", "record id", "lead number", "id"),
            content="unique",
        ),
        Field("first_name", "First name", limit=80, names=("firstname", "given name", "forename")),
        Field("last_name", "Last name", limit=80, names=("lastname", "surname", "family name")),
        Field("full_name", "Full name", limit=160, names=("name", "contact name", "lead name", "contact")),
        Field("phone", "Phone", limit=40, names=("phone number", "telephone", "mobile", "tel")),
        Field("job_title", "Job title", limit=120, names=("title", "position", "job", "role")),
        Field("persona", "Persona", limit=60),
        Field("language", "Language", limit=12, names=("lang", "locale")),
        Field("country", "Country", limit=80, names=("nation",)),
        Field("city", "City", limit=80, names=("town",)),
        Field("company", "Company", limit=160, names=("account", "organisation", "organization", "employer")),
        Field("company_domain", "Company domain", limit=160, names=("website", "domain", "company website")),
        Field("industry", "Industry", limit=80, names=("sector",)),
        Field("employees", "Employees", "whole", names=("number of employees", "headcount", "company size")),
        Field("source", "First source", limit=60, names=("lead source", "utm source", "original source", "channel")),
        Field("medium", "Medium", limit=60, names=("utm medium",)),
        Field("campaign", "Campaign", limit=100, names=("utm campaign", "campaign name")),
        Field("landing_page", "Landing page", limit=300, names=("landing url", "first page")),
        Field("referrer", "Referrer", limit=300, names=("referer",)),
        Field("consent_email", "May be e-mailed", "bool", names=("consent", "opt in", "email opt in", "subscribed")),
        Field("created_at", "Known since", "date", names=("created", "create date", "date added", "signup date")),
        Field("owner", "Owner", limit=254, names=("lead owner", "sales rep", "assigned to")),
    )

    def mapping_problem(self, targets: set[str]) -> str:
        known = targets & {"email", "external_id"}
        return "" if known else "Say which column is the e-mail, or an id that stays the same (External id)."

    def keys(self, values: dict[str, Any]) -> list[str]:
        email, external = values.get("email"), values.get("external_id")
        if not email and not external:
            raise RowProblem("A lead needs an e-mail or an external id.", "email")
        return [key for key in (email, "id:" + external if external else None) if key]

    def write(self, items: Sequence[Item], context: Context) -> None:
        _Batch(items, context).run()


class _Batch:
    def __init__(self, items: Sequence[Item], context: Context) -> None:
        self.items, self.context, self.now = items, context, context.now
        emails = [item.values["email"] for item in items if item.values.get("email")]
        ids = [item.values["external_id"] for item in items if item.values.get("external_id")]
        self.by_email: dict[str, Lead] = {}
        self.by_id: dict[str, Lead] = {}
        for lead in bulk.where_in(Lead.objects.all(), "email_key", emails) if emails else ():
            self.by_email[lead.email_key or ""] = lead
        for lead in bulk.where_in(Lead.objects.all(), "external_id", ids) if ids else ():
            self.by_id[lead.external_id or ""] = lead
        self.fresh: list[Item] = []
        self.changed: list[Lead] = []

    def run(self) -> None:
        companies = self._companies()
        owners = owner_finder() if any("owner" in item.values for item in self.items) else {}
        for item in self.items:
            try:
                self._take(item, companies, owners)
            except RowProblem as problem:
                item.problem = problem
        if not self.context.dry:
            self._insert()
            self._update()
            outbox.poke("leads.marked")

    def _take(self, item: Item, companies: dict[str, int], owners: dict[str, Any]) -> None:
        values = item.values
        if values.get("owner"):
            owner = owners.get(key_fold(values["owner"]))
            if owner is None:
                close = near(values["owner"], {user.name for user in owners.values()})
                raise RowProblem(f"Nobody here is {values['owner']!r}.{close} Import users first.", "owner")
            values["owner_id"] = owner.pk
        if values.get("created_at"):
            values["created_at"] = not_ahead(values["created_at"], self.now)
        if companies:
            values["company_id"] = companies.get(_company_key(values))
        lead = self._known(values)
        if lead is None:
            self.fresh.append(item)
            item.outcome = CREATED
        elif self._fill(lead, values):
            self.changed.append(lead)
            item.outcome = UPDATED
        else:
            item.outcome = UNCHANGED

    def _known(self, values: dict[str, Any]) -> Lead | None:
        by_email = self.by_email.get(values.get("email") or "")
        by_id = self.by_id.get(values.get("external_id") or "")
        if by_email is not None and by_id is not None and by_email.pk != by_id.pk:
            raise RowProblem("The e-mail and the external id belong to two different leads; merge them.", "email")
        if by_email is not None and by_id is None and values.get("external_id") and by_email.external_id:
            raise RowProblem(f"This e-mail is known under the external id {by_email.external_id!r}.", "external_id")
        return by_email or by_id

    def _fill(self, lead: Lead, values: dict[str, Any]) -> bool:
        wanted = {name: values[name] for name in (*LEAD_FIELDS, "external_id", "company_id") if values.get(name)}
        if values.get("email"):
            wanted |= {"email": values["email"], "email_key": values["email"]}
            if lead.email_key == values["email"]:
                del wanted["email"]  # as the person writes it
        if "consent_email" in values and lead.consent_email != values["consent_email"]:
            wanted |= {"consent_email": values["consent_email"], "consent_at": self.now}
        if values.get("custom"):
            wanted["custom"] = {**lead.custom, **values["custom"]}
        if not lead.first_touch and (touch := _touch(values, lead.created_at)):
            wanted |= {"first_touch": touch, "last_touch": lead.last_touch or touch}
            wanted |= {"source": touch.get("source", ""), "campaign": touch.get("campaign", "")}
        changed = {name: value for name, value in wanted.items() if getattr(lead, name) != value}
        for name, value in changed.items():
            setattr(lead, name, value)
        return bool(changed)

    def _companies(self) -> dict[str, int]:
        """The companies that the rows name, by ``_company_key``; missing ones are made."""
        wanted: dict[str, dict[str, Any]] = {}
        for item in self.items:
            if item.values.get("company_domain"):
                item.values["company_domain"] = company_domain(item.values["company_domain"])
            if key := _company_key(item.values):
                given = {ours: item.values[name] for name, ours in COMPANY.items() if item.values.get(name)}
                wanted.setdefault(key, {}).update(given)
        known: dict[str, int] = self.context.cache.setdefault("companies", {})
        missing = {key: one for key, one in wanted.items() if key not in known}
        if not missing:
            return known
        book = CompanyBook(list(missing.values()))
        made = {}
        for key, one in missing.items():
            found = book.find(one)
            if found is None:
                found = Company(**{"name": one.get("domain", ""), "currency": self.context.currency, **one})
                book.add(found)
                made[key] = found
            known[key] = found.pk
        self.context.notes["companies made"] += len(made)
        if not self.context.dry:
            Company.objects.bulk_create(made.values(), batch_size=1000)
        known |= {key: company.pk or 0 for key, company in made.items()}
        return known

    def _insert(self) -> None:
        if not self.fresh:
            return
        ids = bulk.ids_allocate(Lead, len(self.fresh))
        starts = [item.values.get("created_at") or self.now for item in self.fresh]
        names = ["id", "token", *WRITTEN, "created_at", "updated_at"]
        rows = list(map(self._row, ids, _tokens(len(ids)), (item.values for item in self.fresh), starts))
        bulk.rows_insert(Lead, names, rows)
        stage = stage_get("marketing", "awareness")
        names = ["lead", "stage", "stage_since", "seq", "owner", "source", "score_due_at", "created_at"]
        bulk.rows_insert(
            Standing,
            names,
            [
                (pk, stage.pk, at, 1, item.values.get("owner_id"), item.values.get("source", ""), self.now, at)
                for pk, at, item in zip(ids, starts, self.fresh, strict=True)
            ],
        )
        journeys_start(
            zip(ids, starts, strict=True), kind=Transition.Kind.LEAD, stage=stage, cause="imported", score=0
        )

    def _row(self, pk: int, token: str, values: dict[str, Any], at: datetime) -> tuple[Any, ...]:
        get = values.get
        email = get("email")
        touch = _touch(values, at)
        touched = json.dumps(touch) if touch else "{}"
        custom = get("custom")
        consent = get("consent_email") or False
        return (
            pk,
            token,
            email or "",
            email,
            get("external_id") or None,
            *[get(name, "") for name in LEAD_FIELDS],
            get("company_id"),
            get("source", ""),
            get("campaign", ""),
            touched,
            touched,
            consent,
            at if consent else None,
            json.dumps(custom) if custom else "{}",
            at,
            self.now,
        )

    def _update(self) -> None:
        if not self.changed:
            return
        rows = []
        for lead in self.changed:
            cells = [lead.company_id if name == "company" else getattr(lead, name) for name in WRITTEN]
            rows.append((lead.pk, *[json.dumps(c) if isinstance(c, dict) else c for c in cells], self.now))
        bulk.rows_update(Lead, [*WRITTEN, "updated_at"], rows)
        sources_copy(lead.pk for lead in self.changed)
        leads_mark([lead.pk for lead in self.changed], now=self.now)


def _company_key(values: dict[str, Any]) -> str:
    return values.get("company_domain") or ("name:" + values["company"].lower() if values.get("company") else "")


def _touch(values: dict[str, Any], at: datetime) -> dict[str, str]:
    touch = {name: values[name] for name in TOUCH_FIELDS if values.get(name)}
    return {**touch, "at": at.isoformat()} if touch else {}


def _tokens(count: int) -> Iterator[str]:
    """Random version 4 UUIDs as hex, many for one call to the system."""
    text = os.urandom(16 * count).hex()
    for place in range(0, len(text), 32):
        yield f"{text[place : place + 12]}4{text[place + 13 : place + 16]}a{text[place + 17 : place + 32]}"
