"""Leads, by the hundred thousand: every rule here, every write through ``core.bulk``."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from core import bulk, outbox
from core.ids import uuids_ordered
from funnels.bulk import journeys_start
from funnels.models import Transition
from funnels.selectors import stage_get
from intake.errors import RowProblem
from intake.kinds.base import CREATED, UNCHANGED, UPDATED, Context, Field, Item, Kind, near, repeated
from intake.kinds.companies import companies_bring
from intake.kinds.users import owner_finder
from intake.rules import key_fold, not_ahead
from leads.models import Lead, Standing
from leads.rules import LEAD_FIELDS, TOUCH_FIELDS, company_domain
from leads.services import leads_mark
from leads.services.people import sources_copy

COMPANY = {"company": "name", "company_domain": "domain", "industry": "industry", "employees": "employees"}
COMPANIES_KEPT = 200_000  # ids of companies in memory
# what the row calls it -> the column of a new lead, of its standing
PLAIN = {
    **{name: name for name in ("email", "external_id", *LEAD_FIELDS, "source", "campaign")},
    "company_id": "company",
}
STANDING = {"owner_id": "owner", "source": "source"}
NULLABLE = {"external_id", "company_id", "owner_id"}
WRITTEN = [
    *("email", "email_key", "external_id", *LEAD_FIELDS, "company", "source", "campaign"),
    *("first_touch", "last_touch", "consent_email", "consent_at", "custom"),
]


class Leads(Kind):
    name, label, roles, custom = "leads", "Leads", ("marketer", "manager"), True
    chunk = 5000  # written by COPY
    remembers = True
    help = "Each row needs an e-mail or an external id. Columns of your own become custom fields."
    fields = (
        Field(
            "email",
            "E-mail",
            "email",
            254,
            ("email address", "mail", "e mail", "work email", "contact email"),
            repeats=False,
        ),
        Field(
            "external_id",
            "External id",
            limit=100,
            names=("prospect id", "lead id", "contact id", "record id", "lead number", "id"),
            content="unique",
            repeats=False,
        ),
        Field("first_name", "First name", limit=80, names=("firstname", "given name", "forename")),
        Field("last_name", "Last name", limit=80, names=("lastname", "surname", "family name")),
        Field("full_name", "Full name", limit=160, names=("name", "contact name", "lead name", "contact")),
        Field("phone", "Phone", limit=40, names=("phone number", "telephone", "mobile", "tel"), repeats=False),
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
        if values.get("company_domain"):
            values["company_domain"] = company_domain(values["company_domain"])
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
        self._companies()
        owners = owner_finder() if any("owner" in item.values for item in self.items) else {}
        for item in self.items:
            try:
                self._take(item, owners)
            except RowProblem as problem:
                item.problem = problem
        if not self.context.dry:
            self._insert()
            self._update()
            outbox.poke("leads.marked")

    def _take(self, item: Item, owners: dict[str, Any]) -> None:
        values = item.values
        if values.get("owner"):
            owner = owners.get(key_fold(values["owner"]))
            if owner is None:
                close = near(values["owner"], {user.name for user in owners.values()})
                raise RowProblem(f"Nobody here is {values['owner']!r}.{close} Import users first.", "owner")
            values["owner_id"] = owner.pk
        if values.get("created_at"):
            values["created_at"] = not_ahead(values["created_at"], self.now)
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
        for lead in (by_email, by_id):
            if lead is not None and lead.import_run == self.context.run:
                raise repeated(lead.import_line or 0)
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

    def _companies(self) -> None:
        """Every row learns its company's id; missing companies are made."""
        known: dict[str, int] = self.context.cache.setdefault("companies", {})
        if (
            len(known) > COMPANIES_KEPT and not self.context.dry
        ):  # a dry run could not find again what it did not make
            known.clear()
        named = [(key, item.values) for item in self.items if (key := _company_key(item.values))]
        missing: dict[str, dict[str, Any]] = {}
        for key, values in named:
            if key not in known:
                given = {ours: values[name] for name, ours in COMPANY.items() if values.get(name)}
                missing.setdefault(key, {}).update(given)
        if missing:
            known |= companies_bring(missing, self.context)
        for key, values in named:
            values["company_id"] = known[key]

    def _insert(self) -> None:
        if not self.fresh:
            return
        ids = bulk.ids_allocate(Lead, len(self.fresh))
        values = [item.values for item in self.fresh]
        present = set[str]().union(*values)
        starts = [one.get("created_at") or self.now for one in values]
        columns: dict[str, Iterable[Any]] = {**self._columns(values, present, starts)}
        same: dict[str, Any] = {"updated_at": self.now, "import_run": self.context.run}
        stage = stage_get("marketing", "awareness")
        standing: dict[str, Iterable[Any]] = {"lead": ids}
        alike = {"stage": stage.pk, "seq": 1, "score_due_at": self.now}
        if "created_at" in present:
            columns["created_at"] = standing["stage_since"] = starts
        else:
            same["created_at"] = alike["stage_since"] = self.now
        standing |= {ours: _cells(values, name) for name, ours in STANDING.items() if name in present}
        lines = [item.line for item in self.fresh]
        columns = {"id": ids, "token": uuids_ordered(len(ids)), "import_line": lines, **columns}
        bulk.rows_insert(Lead, list(columns), zip(*columns.values(), strict=True), same=same)
        bulk.rows_insert(Standing, list(standing), zip(*standing.values(), strict=True), same=alike)
        begun = zip(ids, starts, strict=True)
        journeys_start(begun, kind=Transition.Kind.LEAD, stage=stage, cause="imported", score=0)

    @staticmethod
    def _columns(
        values: Sequence[dict[str, Any]], present: set[str], starts: Sequence[datetime]
    ) -> dict[str, list[Any]]:
        """The columns of new leads that the file speaks of; all others hold their defaults."""
        columns = {ours: _cells(values, name) for name, ours in PLAIN.items() if name in present}
        if "email" in present:
            columns["email_key"] = [one.get("email") for one in values]
        if touched := [name for name in TOUCH_FIELDS if name in present]:
            columns["first_touch"] = columns["last_touch"] = _touches(values, touched, starts)
        if "consent_email" in present:
            agreed = [bool(one.get("consent_email")) for one in values]
            moments = [at if yes else None for at, yes in zip(starts, agreed, strict=True)]
            columns |= {"consent_email": agreed, "consent_at": moments}
        if "custom" in present:
            columns["custom"] = [json.dumps(one.get("custom") or {}) for one in values]
        return columns

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


def _cells(values: Sequence[dict[str, Any]], name: str) -> list[Any]:
    if name in NULLABLE:
        return [one.get(name) or None for one in values]
    return [one.get(name, "") for one in values]


def _touch(values: dict[str, Any], at: datetime) -> dict[str, str]:
    touch = {name: values[name] for name in TOUCH_FIELDS if values.get(name)}
    return {**touch, "at": at.isoformat()} if touch else {}


def _touches(values: Sequence[dict[str, Any]], touched: Sequence[str], starts: Sequence[datetime]) -> list[str]:
    """Each row's touch as JSON, made once for all that are alike."""
    made: dict[tuple[Any, ...], str] = {}
    texts = []
    for one, at in zip(values, starts, strict=True):
        key = (at, *map(one.get, touched))
        text = made.get(key)
        if text is None:
            text = made[key] = json.dumps(_touch(one, at))
        texts.append(text)
    return texts
