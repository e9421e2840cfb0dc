"""Companies, and which belongs to which."""

from collections.abc import Iterable, Sequence
from typing import Any

from core import bulk
from intake.errors import RowProblem
from intake.kinds.base import CREATED, UNCHANGED, UPDATED, Context, Field, Item, Kind, differing, near
from intake.kinds.users import owner_finder
from intake.rules import key_fold
from leads.models import Company
from leads.rules import company_domain


class Companies(Kind):
    name, label, roles = "companies", "Companies", ("marketer", "manager")
    help = "A name or a domain is needed. A parent that is not there yet is made."
    fields = (
        Field(
            "name", "Name", limit=160, names=("account", "company", "company name", "account name", "organisation")
        ),
        Field("domain", "Domain", limit=160, names=("website", "web site", "url", "company domain", "homepage")),
        Field("external_id", "External id", limit=100, names=("id", "account id", "company id")),
        Field("industry", "Industry", limit=80, names=("sector", "branch", "vertical")),
        Field("employees", "Employees", "whole", names=("number of employees", "headcount", "size", "staff")),
        Field("revenue", "Revenue a year", "money", names=("annual revenue", "turnover", "sales")),
        Field("country", "Country", limit=80, names=("office location", "location", "headquarters", "nation")),
        Field("city", "City", limit=80, names=("town",)),
        Field("founded", "Founded", "year", names=("year established", "year founded", "established", "since")),
        Field("parent", "Part of", limit=160, names=("subsidiary of", "parent company", "parent account", "group")),
        Field("owner", "Owner", limit=254, names=("account owner", "account manager", "sales agent")),
    )

    def mapping_problem(self, targets: set[str]) -> str:
        return "" if targets & {"name", "domain"} else "Say which column is the company's name or domain."

    def keys(self, values: dict[str, Any]) -> list[str]:
        if values.get("domain"):
            values["domain"] = company_domain(values["domain"])
        for name in ("external_id", "domain", "name"):
            if values.get(name):
                return [f"{name}:{values[name].lower()}"]
        raise RowProblem("A company needs a name or a domain.", "name")

    def write(self, items: Sequence[Item], context: Context) -> None:
        book = CompanyBook(companies_named([item.values for item in items]))
        owners = owner_finder() if any(item.values.get("owner") for item in items) else {}
        parents: list[tuple[Item, Company, str]] = []
        for item in items:
            try:
                row = self._take(item, book, owners, context)
            except RowProblem as problem:
                item.problem = problem
                continue
            if item.values.get("parent"):
                parents.append((item, row, item.values["parent"]))
        for item, row, parent in parents:
            self._parent(item, row, parent, book, context)

    def _take(self, item: Item, book: "CompanyBook", owners: dict[str, Any], context: Context) -> Company:
        values = {name: value for name, value in item.values.items() if name not in ("parent", "owner")}
        if item.values.get("owner"):
            owner = owners.get(key_fold(item.values["owner"]))
            if owner is None:
                close = near(item.values["owner"], {user.name for user in owners.values()})
                raise RowProblem(f"Nobody here is {item.values['owner']!r}.{close}", "owner")
            values["owner"] = owner
        parent = item.values.get("parent", "").lower()
        if parent and parent == values.get("name", "").lower():
            raise RowProblem("A company is not part of itself.", "parent")
        row = book.find(values)
        if row is None:
            row = Company(**{"name": values.get("domain", ""), "currency": context.currency, **values})
            item.outcome = CREATED
        else:
            changed = differing(row, values)
            for name, value in changed.items():
                setattr(row, name, value)
            item.outcome = UPDATED if changed else UNCHANGED
        if item.outcome != UNCHANGED and not context.dry:
            row.save()
        book.add(row)
        return row

    @staticmethod
    def _parent(item: Item, row: Company, name: str, book: "CompanyBook", context: Context) -> None:
        parent = book.find({"name": name})
        if parent is None:
            parent = Company(name=name, currency=context.currency)
            if not context.dry:
                parent.save()
            book.add(parent)
            context.notes["parent companies made"] += 1
        if not context.dry and row.parent_id != parent.pk:
            row.parent = parent
            row.save(update_fields=["parent"])
            item.outcome = UPDATED if item.outcome == UNCHANGED else item.outcome


def companies_named(wanted: Sequence[dict[str, Any]], *, few: bool = False) -> list[Company]:
    """The companies that rows may speak of, by external id, domain or name in any case; the newest first. ``few``: no
    more of them than those three."""
    among = Company.objects.only("name", "domain", "external_id") if few else Company.objects.all()
    names = {one[key] for one in wanted for key in ("name", "parent") if one.get(key)}
    domains = {one["domain"] for one in wanted if one.get("domain")}
    ids = {one["external_id"] for one in wanted if one.get("external_id")}
    found = {
        row.pk: row
        for rows in (
            bulk.where_like(among, "name", list(names)) if names else (),
            bulk.where_in(among, "domain", list(domains)) if domains else (),
            bulk.where_in(among, "external_id", list(ids)) if ids else (),
        )
        for row in rows
    }
    return [found[key] for key in sorted(found, reverse=True)]


def companies_bring(wanted: dict[str, dict[str, Any]], context: Context) -> dict[str, int]:
    """key -> id of companies by their facts; those not known are made (in a dry run their id is 0)."""
    book = CompanyBook(companies_named(list(wanted.values()), few=True))
    places: dict[str, Company] = {}
    made: list[Company] = []
    for key, one in wanted.items():
        found = book.find(one)
        if found is None:
            found = Company(**{"name": one.get("domain", ""), **one})
            book.add(found)
            made.append(found)
        places[key] = found
    context.notes["companies made"] += len(made)
    if not context.dry:
        for row, pk in zip(made, bulk.ids_allocate(Company, len(made)), strict=True):
            row.pk = pk
        names = ["id", "name", "domain", "industry", "employees"]
        rows = [(row.pk, row.name, row.domain, row.industry, row.employees) for row in made]
        bulk.rows_insert(Company, names, rows, same={"currency": context.currency})
    return {key: row.pk or 0 for key, row in places.items()}


class CompanyBook:
    """Companies, found by external id, domain or name in any case. Give them newest first: the oldest namesake
    wins."""

    def __init__(self, rows: Iterable[Company]) -> None:
        self.ids: dict[str, Company] = {}
        self.domains: dict[str, Company] = {}
        self.names: dict[str, Company] = {}
        for row in rows:
            self.add(row)

    def add(self, row: Company) -> None:
        self.names[row.name.lower()] = row
        if row.domain:
            self.domains[row.domain] = row
        if row.external_id:
            self.ids[row.external_id] = row

    def find(self, values: dict[str, Any]) -> Company | None:
        """Raises RowProblem when two different companies answer to the row."""
        by_id = self.ids.get(values.get("external_id") or "")
        by_domain = self.domains.get(values.get("domain") or "")
        if by_id and by_domain and by_id is not by_domain:
            raise RowProblem("The external id and the domain belong to two different companies.", "domain")
        if by_id or by_domain:
            return by_id or by_domain
        named = self.names.get((values.get("name") or "").lower())
        if named is not None and _other(named, values):
            return None
        return named


def _other(row: Company, values: dict[str, Any]) -> bool:
    """A namesake: same name, but another domain or external id."""
    for name in ("domain", "external_id"):
        if values.get(name) and getattr(row, name) and getattr(row, name) != values[name]:
            return True
    return False
