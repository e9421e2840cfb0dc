"""Turning understood captures into leads, companies, visitors and activities, a batch at a time."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery

from funnels.models import Transition
from funnels.selectors import stage_get
from funnels.services import journey_start
from leads.models import Activity, Company, Lead, Standing, Visitor
from leads.rules import ActivityIn, CaptureIn
from leads.services.activities import activities_record, leads_mark, leads_rewritten


@dataclass
class Entry:
    """One capture on its way through the batch."""

    capture: CaptureIn
    namespace: str
    trusted: bool
    at: datetime
    lead: Lead | None = None


def captures_apply(entries: Sequence[Entry], *, now: datetime) -> None:
    """Upsert the leads of a batch, attach visitors, append activities, mark for scoring. Inside a transaction.

    A trusted capture (API, import) overwrites; one from the public only fills what is empty, so that nobody can
    rewrite somebody else's record by typing their e-mail into a form.
    """
    people = [one for one in entries if one.capture.names_somebody]
    companies = _companies([one.capture.company for one in people])
    _leads(people, companies, now)
    visitors = _visitors(entries, now)
    rows = [
        row
        for one in entries
        for index, activity in enumerate(one.capture.activities)
        if (row := _activity(one, index, activity, visitors)) is not None
    ]
    activities_record(rows, now=now)
    leads_mark([one.lead.pk for one in people if one.lead], now=now)


def _companies(wanted: Sequence[dict[str, Any]]) -> dict[str, Company]:
    """Companies by domain and by lower-case name; missing ones are created."""
    keyed = {_company_key(one): one for one in wanted if one.get("domain") or one.get("name")}
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


def _company_key(one: dict[str, Any]) -> str:
    return one.get("domain") or "name:" + one["name"].lower()


def _company_lookup(wanted: Any) -> dict[str, Company]:
    domains = [one["domain"] for one in wanted if one.get("domain")]
    names = [one["name"] for one in wanted if not one.get("domain")]
    rows = Company.objects.filter(Q(domain__in=domains) | Q(domain__isnull=True, name__in=names)).order_by("-pk")
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


def _lead_lookup(people: Sequence[Entry]) -> dict[str, Lead]:
    emails = [one.capture.email_key for one in people if one.capture.email_key]
    ids = [one.capture.external_id for one in people if one.capture.external_id]
    found: dict[str, Lead] = {}
    for lead in Lead.objects.filter(Q(email_key__in=emails) | Q(external_id__in=ids)):
        if lead.external_id:
            found["id:" + lead.external_id] = lead
        if lead.email_key:
            found[lead.email_key] = lead
    return found


def lead_known(*, email_key: str | None, external_id: str | None) -> Lead | None:
    """The lead of this e-mail, else of this external id."""
    wanted = Q()
    if email_key:
        wanted |= Q(email_key=email_key)
    if external_id:
        wanted |= Q(external_id=external_id)
    if not wanted:
        return None
    rows = {row.email_key: row for row in Lead.objects.filter(wanted)}
    return rows.get(email_key) if email_key in rows else next(iter(rows.values()), None)


def _find(found: dict[str, Lead], capture: CaptureIn) -> Lead | None:
    return found.get(capture.email_key or "") or found.get(f"id:{capture.external_id}" if capture.external_id else "")


def _leads(people: Sequence[Entry], companies: dict[str, Company], now: datetime) -> None:
    found = _lead_lookup(people)
    fresh: dict[str, Lead] = {}
    for one in people:
        if _find(found, one.capture) is None:
            key = one.capture.email_key or f"id:{one.capture.external_id}"
            if key not in fresh:
                fresh[key] = Lead(
                    email=one.capture.email,
                    email_key=one.capture.email_key,
                    external_id=one.capture.external_id if one.trusted else None,
                    created_at=one.at,
                )
                _fill(fresh[key], one, companies)  # so that it is written once, not inserted and then changed
    if fresh:
        # Two workers may meet the same new e-mail: the unique key decides, and both read the winner.
        Lead.objects.bulk_create(fresh.values(), ignore_conflicts=True, batch_size=1000)
        found = _lead_lookup(people)
    changed: dict[int, Lead] = {}
    for one in people:
        lead = _find(found, one.capture)
        one.lead = lead
        if lead is not None and _fill(lead, one, companies):
            changed[lead.pk] = lead
    if changed:
        Lead.objects.bulk_update(changed.values(), _FILLED, batch_size=500)
        sources_copy(changed)
    _standings([one.lead for one in people if one.lead], now)


_FILLED = [
    *("email", "email_key", "external_id", "first_name", "last_name", "phone", "job_title", "persona"),
    *("language", "country", "city", "company", "source", "campaign", "first_touch", "last_touch"),
    *("consent_email", "consent_at", "custom", "updated_at"),
]


def _fill(lead: Lead, one: Entry, companies: dict[str, Company]) -> bool:
    """Write the capture's facts onto the lead; True when anything changed."""
    before = {name: getattr(lead, name) for name in _FILLED if name != "company"} | {"company_id": lead.company_id}
    before["custom"] = dict(lead.custom)
    capture = one.capture
    for name, value in capture.fields.items():
        if one.trusted or not getattr(lead, name):
            setattr(lead, name, value)
    lead.custom = {**lead.custom, **capture.custom} if one.trusted else {**capture.custom, **lead.custom}
    if one.trusted:
        lead.email, lead.email_key = (lead.email or capture.email), (lead.email_key or capture.email_key)
        lead.external_id = lead.external_id or capture.external_id
    company = companies.get(_company_key(capture.company)) if capture.company else None
    if company and (one.trusted or lead.company_id is None):
        lead.company = company
    if capture.consent is not None and (one.trusted or capture.consent):
        if lead.consent_email != capture.consent:
            lead.consent_at = one.at
        lead.consent_email = capture.consent
    _touch(lead, capture.touch, one.at)
    now_is = {name: getattr(lead, name) for name in before}
    return now_is != before


def _touch(lead: Lead, touch: dict[str, str], at: datetime) -> None:
    """The first touch stays for ever, the last one is the newest."""
    if not touch:
        return
    stamped = {**touch, "at": at.isoformat()}
    if not lead.first_touch:
        lead.first_touch = stamped
        lead.source = touch.get("source", "")
        lead.campaign = touch.get("campaign", "")
    if stamped["at"] >= str(lead.last_touch.get("at", "")):
        lead.last_touch = stamped


def _standings(leads: Sequence[Lead], now: datetime) -> None:
    """A new lead stands in Awareness from its creation, with the first ledger row."""
    known = set(Standing.objects.filter(pk__in=[one.pk for one in leads]).values_list("pk", flat=True))
    fresh = {one.pk: one for one in leads if one.pk not in known}
    if not fresh:
        return
    stage = stage_get("marketing", "awareness")
    rows = [
        Standing(
            lead=lead, stage=stage, stage_since=lead.created_at, seq=1, created_at=lead.created_at, score_due_at=now
        )
        for lead in fresh.values()
    ]
    Standing.objects.bulk_create(rows, batch_size=1000)
    journey_start(rows, kind=Transition.Kind.LEAD, cause="captured")


def _visitors(entries: Sequence[Entry], now: datetime) -> dict[str, Visitor]:
    """Visitors by token. One that is named for the first time brings its past to the lead."""
    tokens = {token for one in entries if (token := _token(one.capture.visitor))}
    if not tokens:
        return {}
    Visitor.objects.bulk_create([Visitor(token=token, first_seen_at=now) for token in tokens], ignore_conflicts=True)
    visitors = {str(row.token): row for row in Visitor.objects.filter(token__in=tokens)}
    Visitor.objects.filter(token__in=tokens).update(last_seen_at=now)
    named = []
    for one in entries:
        visitor = visitors.get(str(_token(one.capture.visitor)))
        if visitor is None:
            continue
        if one.lead is not None and visitor.lead_id is None:
            visitor.lead = one.lead
            named.append(visitor)
        if not visitor.first_touch and one.capture.touch:
            visitor.first_touch = {**one.capture.touch, "at": one.at.isoformat()}
    Visitor.objects.bulk_update(visitors.values(), ["lead", "first_touch"])
    for visitor in named:
        Activity.objects.filter(visitor=visitor, lead__isnull=True).update(lead_id=visitor.lead_id)
        _first_touch_of_visitor(visitor)
    return visitors


def _first_touch_of_visitor(visitor: Visitor) -> None:
    """How the browser first came counts as the lead's first touch, when it was earlier."""
    lead = visitor.lead
    touch = visitor.first_touch
    if lead is None or not touch or str(lead.first_touch.get("at", "9")) <= touch["at"]:
        return
    lead.first_touch, lead.source, lead.campaign = touch, touch.get("source", ""), touch.get("campaign", "")
    lead.save(update_fields=["first_touch", "source", "campaign", "updated_at"])
    sources_copy([lead.pk])


@transaction.atomic
def sources_copy(lead_ids: Iterable[int]) -> int:
    """Bring ``Standing.source`` up to ``Lead.source`` after that was written; returns how many differed."""
    theirs = Lead.objects.filter(pk=OuterRef("pk")).values("source")[:1]
    rows = Standing.objects.filter(pk__in=list(lead_ids)).exclude(source=F("lead__source"))
    ids = list(rows.values_list("pk", flat=True))
    if ids:
        Standing.objects.filter(pk__in=ids).update(source=Subquery(theirs))
        leads_rewritten(ids)
    return len(ids)


def _token(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _activity(one: Entry, index: int, activity: ActivityIn, visitors: dict[str, Visitor]) -> Activity | None:
    visitor = visitors.get(str(_token(one.capture.visitor)))
    lead_id = one.lead.pk if one.lead else (visitor.lead_id if visitor else None)
    if lead_id is None and visitor is None:
        return None
    return Activity(
        lead_id=lead_id,
        visitor=visitor,
        kind=activity.kind,
        at=activity.at,
        properties=activity.properties,
        key=f"{one.namespace}:{activity.key}" if activity.key else f"{one.namespace}#{index}",
        bot=activity.bot,
    )
