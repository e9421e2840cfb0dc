"""Turning understood captures into leads, companies, visitors and activities, a batch at a time."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Q, Subquery

from core.errors import Refused
from core.prepared import Prepared, row_insert
from funnels.models import Transition
from funnels.selectors import stage_get
from funnels.services import journey_start
from leads.models import Activity, Company, Lead, Standing, Visitor
from leads.rules import ActivityIn, CaptureIn
from leads.services.activities import activities_append, leads_mark, leads_rewritten
from leads.services.companies import companies_meet, company_key

_of_email = Prepared(lambda key: Lead.objects.filter(email_key=key))


@dataclass
class Entry:
    """One capture on its way through the batch."""

    capture: CaptureIn
    namespace: str
    trusted: bool
    at: datetime
    lead: Lead | None = None


def captures_apply(entries: Sequence[Entry], *, now: datetime, known: dict[str, Lead] | None = None) -> None:
    """Upsert the leads of a batch, attach visitors, append activities, mark for scoring. Inside a transaction.
    ``known``: the answer of ``leads_lookup`` where the caller has it already. Raises Refused for a capture whose
    e-mail is one lead's and whose external id another's.

    A trusted capture (API, import) overwrites; one from the public only fills what is empty, so that nobody can
    rewrite somebody else's record by typing their e-mail into a form.
    """
    people = [one for one in entries if one.capture.names_somebody]
    companies = companies_meet([one.capture.company for one in people])
    fresh = _leads(people, companies, leads_lookup(people) if known is None else known, now)
    visitors = _visitors(entries, now)
    rows = [
        row
        for one in entries
        for index, activity in enumerate(one.capture.activities)
        if (row := _activity(one, index, activity, visitors)) is not None
    ]
    active = activities_append(rows, now=now)
    leads_mark(active.union(one.lead.pk for one in people if one.lead), now=now, marked=active | fresh)


def leads_lookup(people: Sequence[Entry]) -> dict[str, Lead]:
    """The leads of these captures that exist, for ``lead_in``. One query."""
    emails = [one.capture.email_key for one in people if one.capture.email_key]
    ids = [one.capture.external_id for one in people if one.capture.external_id]
    if len(emails) == 1 and not ids:
        return _keyed(_of_email.rows(emails[0]))
    wanted = Q(email_key__in=emails) | Q(external_id__in=ids) if ids else Q(email_key__in=emails)
    return _keyed(Lead.objects.filter(wanted)) if emails or ids else {}


def _keyed(leads: Iterable[Lead]) -> dict[str, Lead]:
    found: dict[str, Lead] = {}
    for lead in leads:
        if lead.external_id:
            found["id:" + lead.external_id] = lead
        if lead.email_key:
            found[lead.email_key] = lead
    return found


def lead_in(found: dict[str, Lead], capture: CaptureIn) -> Lead | None:
    """The lead of this e-mail, else of this external id."""
    return found.get(capture.email_key or "") or found.get(f"id:{capture.external_id}" if capture.external_id else "")


def _leads(people: Sequence[Entry], companies: dict[str, Company], found: dict[str, Lead], now: datetime) -> set[int]:
    """Give each capture its lead, with the capture's facts on it; returns the ids of those that are new."""
    fresh = _fresh(people, companies, found)
    new = list(fresh.values())
    if _insert(new):
        found = found | fresh
    else:
        found = leads_lookup(people)
        known = set(Standing.objects.filter(lead__in=found.values()).values_list("pk", flat=True))
        new = list({lead.pk: lead for lead in found.values() if lead.pk not in known}.values())
    changed: dict[int, Lead] = {}
    for one in people:
        lead = lead_in(found, one.capture)
        other = one.trusted and found.get(f"id:{one.capture.external_id}")
        if other and other is not lead:
            raise Refused("This external id is another lead's.", field="lead.external_id", code="duplicate")
        one.lead = lead
        if lead is not None and _fill(lead, one, companies):
            changed[lead.pk] = lead
    if len(changed) == 1:  # as the API asks it; bulk_update's statement takes longer to make than to do
        next(iter(changed.values())).save(update_fields=_FILLED)
    elif changed:
        Lead.objects.bulk_update(changed.values(), _FILLED, batch_size=500)
    if changed:
        sources_copy(changed)
    _standings(new, now)
    return {lead.pk for lead in new}


def _fresh(people: Sequence[Entry], companies: dict[str, Company], found: dict[str, Lead]) -> dict[str, Lead]:
    fresh: dict[str, Lead] = {}
    for one in people:
        key = one.capture.email_key or f"id:{one.capture.external_id}"
        if key not in fresh and lead_in(found, one.capture) is None:
            fresh[key] = Lead(
                email=one.capture.email,
                email_key=one.capture.email_key,
                external_id=one.capture.external_id if one.trusted else None,
                created_at=one.at,
            )
            _fill(fresh[key], one, companies)  # so that it is written once, not inserted and then changed
    return fresh


def _insert(leads: Sequence[Lead]) -> bool:
    """Write these new leads. False when one of them exists by now, because another worker met the same e-mail or two
    captures name one person: the unique keys decide, and everybody reads the winners."""
    if not leads:
        return True
    if len(leads) == 1:  # as the API asks it: neither a savepoint nor a statement to make
        return row_insert(leads[0])
    try:
        with transaction.atomic():
            Lead.objects.bulk_create(leads, batch_size=1000)
        return True
    except IntegrityError:
        for lead in leads:
            lead.pk = None
        Lead.objects.bulk_create(leads, ignore_conflicts=True, batch_size=1000)
        return False


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
    company = companies.get(company_key(capture.company)) if capture.company else None
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
    """A new lead stands in Awareness from its creation, with the first ledger row and marked for scoring."""
    if not leads:
        return
    stage = stage_get("marketing", "awareness")
    rows = [Standing(lead=lead, stage=stage, stage_since=lead.created_at, seq=1, score_due_at=now) for lead in leads]
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
