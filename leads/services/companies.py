"""The companies that captures name."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q

from core.prepared import Prepared
from leads.models import Company

_of_domain = Prepared(lambda domain: Company.objects.filter(domain=domain).order_by())


def companies_meet(wanted: Sequence[dict[str, Any]]) -> dict[str, Company]:
    """Companies by domain and by lower-case name; missing ones are created."""
    keyed = {company_key(one): one for one in wanted if one.get("domain") or one.get("name")}
    if not keyed:
        return {}
    found = _company_lookup(keyed.values())
    missing = [one for key, one in keyed.items() if key not in found]
    if missing:
        Company.objects.bulk_create(
            [Company(**{"name": one.get("domain", ""), "domain": None, **one}) for one in missing],
            ignore_conflicts=True,
        )
        found = _company_lookup(keyed.values())
    _company_fill(keyed, found)
    return found


def company_key(one: dict[str, Any]) -> str:
    return one.get("domain") or "name:" + one["name"].lower()


def _company_lookup(wanted: Any) -> dict[str, Company]:
    domains = [one["domain"] for one in wanted if one.get("domain")]
    names = [one["name"] for one in wanted if not one.get("domain")]
    if len(domains) == 1 and not names:
        return _keyed(_of_domain.rows(domains[0]))
    rows = Company.objects.filter(Q(domain__in=domains) | Q(domain__isnull=True, name__in=names)).order_by("-pk")
    return _keyed(rows)


def _keyed(rows: Iterable[Company]) -> dict[str, Company]:
    return {(row.domain or "name:" + row.name.lower()): row for row in rows}


def _company_fill(keyed: dict[str, dict[str, Any]], found: dict[str, Company]) -> None:
    changed = []
    for key, fields in keyed.items():
        company = found.get(key)
        if company is None:
            continue
        if fields.get("name") and company.name == company.domain:
            company.name = fields["name"]
            changed.append(company)
        for name in ("industry", "country", "city", "employees"):
            if fields.get(name) and not getattr(company, name):
                setattr(company, name, fields[name])
                changed.append(company)
    if changed:
        unique = list({one.pk: one for one in changed}.values())
        Company.objects.bulk_update(unique, ["name", "industry", "country", "city", "employees"])
