"""One lead, one company, written by a person at a form."""

from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from core.clock import db_now
from core.errors import Refused
from funnels.models import Transition
from funnels.selectors import stage_get
from funnels.services import journey_start
from leads import rules
from leads.models import Company, Lead, Standing, Tag
from leads.services.activities import leads_mark
from leads.services.standing import tag_get

DUPLICATE = "duplicate"
FIELDS = tuple(rules.LEAD_FIELDS)


@transaction.atomic
def lead_create(
    *,
    by: Any,
    email: str = "",
    fields: dict[str, str],
    custom: dict[str, Any] | None = None,
    company: str = "",
    source: str = "",
    consent: bool = False,
    tags: Sequence[str] = (),
    owner: Any = None,
) -> Lead:
    """Add a lead by hand, in Awareness. A rep's own leads belong to the rep. Raises Refused naming the field; for a
    known e-mail with the code ``duplicate``."""
    now = db_now()
    key = _email_key(email, None)
    if not key and not (fields.get("first_name") or fields.get("last_name")):
        raise Refused("Give at least an e-mail or a name.", field="email")
    source = rules.text_clean(source, 60, "source") or "by hand"
    lead = Lead(email=email.strip(), email_key=key, source=source, created_at=now, custom=custom or {})
    lead.first_touch = lead.last_touch = {"source": source, "at": now.isoformat()}
    _fill(lead, fields, consent, now)
    lead.company = company_named(name=company, email_key=key)
    _save(lead)
    if owner is None and by.is_rep and not by.has_role("manager", "marketer"):
        owner = by
    stage = stage_get("marketing", "awareness")
    row = Standing(lead=lead, stage=stage, stage_since=now, seq=1, owner=owner, source=source)
    Standing.objects.bulk_create([row])
    journey_start([row], kind=Transition.Kind.LEAD, cause="by hand", by=by)
    tags_set(lead=lead, names=tags)
    leads_mark([lead.pk], now=now)
    return lead


@transaction.atomic
def lead_update(
    *,
    lead: Lead,
    email: str,
    fields: dict[str, str],
    custom: dict[str, Any],
    company: str,
    consent: bool,
    tags: Sequence[str] | None = None,
) -> Lead:
    """Change a lead's facts and mark it for scoring. Raises Refused naming the field; see ``lead_create``."""
    now = db_now()
    key = _email_key(email, lead)
    if not key and not lead.external_id and not (fields.get("first_name") or fields.get("last_name")):
        raise Refused("Give at least an e-mail or a name.", field="email")
    lead.email, lead.email_key = email.strip(), key
    lead.custom = {name: value for name, value in {**lead.custom, **custom}.items() if value not in (None, "")}
    _fill(lead, fields, consent, now)
    if company.strip().lower() != (lead.company.name.lower() if lead.company else ""):
        lead.company = company_named(name=company, email_key=None)
    _save(lead)
    if tags is not None:
        tags_set(lead=lead, names=tags)
    leads_mark([lead.pk], now=now)
    return lead


def _email_key(email: str, lead: Lead | None) -> str | None:
    key = rules.email_normalise(email) if email.strip() else None
    others = Lead.objects.filter(email_key=key) if key else Lead.objects.none()
    if lead is not None:
        others = others.exclude(pk=lead.pk)
    if others.exists():
        raise Refused("Somebody with this e-mail is here already.", field="email", code=DUPLICATE)
    return key


def _fill(lead: Lead, fields: dict[str, str], consent: bool, now: Any) -> None:
    for name in FIELDS:
        if name in fields:
            setattr(lead, name, rules.text_clean(fields[name], rules.LEAD_FIELDS[name], name))
    if consent != lead.consent_email:
        lead.consent_email, lead.consent_at = consent, now


def _save(lead: Lead) -> None:
    try:
        with transaction.atomic():
            lead.save()
    except IntegrityError:
        raise Refused("Somebody with this e-mail is here already.", field="email", code=DUPLICATE) from None


def tags_set(*, lead: Lead, names: Sequence[str]) -> list[Tag]:
    """Exactly these tags, no other. Raises Refused for a name that is none, or more than 30."""
    if len(names) > 30:
        raise Refused("At most 30 tags.", field="tags")
    tags = [tag_get(name=name) for name in names]
    lead.tags.set(tags)
    return tags


def company_named(*, name: str, email_key: str | None) -> Company | None:
    """The company of that name (any case), made if new; without a name, the one of the e-mail's domain."""
    name = rules.text_clean(name, 160, "company")
    host = (email_key or "").rpartition("@")[2]
    domain = host if host and host not in rules.FREE_MAIL else None
    at_domain = Company.objects.filter(domain=domain).first() if domain else None
    if not name:
        return at_domain
    found = Company.objects.filter(name__iexact=name).order_by("pk").first()
    if found:
        return found
    if at_domain and at_domain.name == at_domain.domain:  # known by its address only, until now
        at_domain.name = name
        at_domain.save(update_fields=["name"])
        return at_domain
    return Company.objects.create(name=name, domain=None if at_domain else domain)


@transaction.atomic
def company_update(*, company: Company, fields: dict[str, Any]) -> Company:
    """Change a company's facts; its people are marked for scoring. Raises Refused for a domain that is taken."""
    domain = rules.company_domain(fields.get("domain") or "") or None
    if domain and Company.objects.filter(domain=domain).exclude(pk=company.pk).exists():
        raise Refused("Another company has this domain.", field="domain")
    for name, value in fields.items():
        setattr(company, name, value)
    company.domain = domain
    company.save()
    leads_mark(list(company.leads.values_list("pk", flat=True)[:10_000]))
    return company
