"""Leads as table rows, a chunk at a time."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet

from core.keyset import keyset_page
from leads.models import CustomField, Lead, Standing

CHUNK = 2000
COLUMNS = [
    *("id", "email", "first_name", "last_name", "phone", "job_title", "persona", "language", "country", "city"),
    *("company", "company_domain", "industry", "employees", "funnel", "stage", "stage_since", "owner", "score"),
    *("grade", "fit", "engagement", "reason", "source", "campaign", "tags", "may_be_emailed", "external_id"),
    *("created", "last_activity"),
]


def export_rows(rows: QuerySet[Standing], *, sort: str, custom: Sequence[CustomField]) -> Iterator[list[Any]]:
    """A header, then every lead in the list's order. Two queries a chunk."""
    yield [*COLUMNS, *(f"custom.{field.key}" for field in custom)]
    wide: Any = Standing.objects.all()
    cursor = ""
    while True:
        page = keyset_page(rows, wide=wide.with_lead(), sort=sort, cursor=cursor, size=CHUNK)
        tags = _tags([row.pk for row in page.rows])
        for row in page.rows:
            yield _row(row, tags.get(row.pk, []), custom)
        if not page.next:
            return
        cursor = page.next


def _tags(lead_ids: list[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    links = Lead.tags.through.objects.filter(lead__in=lead_ids).order_by("tag__name")
    for lead_id, name in links.values_list("lead_id", "tag__name"):
        found.setdefault(lead_id, []).append(name)
    return found


def _row(row: Standing, tags: list[str], custom: Sequence[CustomField]) -> list[Any]:
    lead: Lead = row.lead
    company: Any = lead.company
    return [
        *(lead.pk, lead.email, lead.first_name, lead.last_name, lead.phone, lead.job_title, lead.persona),
        *(lead.language, lead.country, lead.city),
        *((company.name, company.domain, company.industry, company.employees) if company else ("", "", "", "")),
        *(row.stage.funnel.name, row.stage.name, row.stage_since, row.owner, row.score, row.grade, row.fit),
        *(row.engagement, row.reason, lead.source, lead.campaign, "; ".join(tags), lead.consent_email),
        *(lead.external_id, lead.created_at, row.last_activity_at),
        *(lead.custom.get(field.key) for field in custom),
    ]
