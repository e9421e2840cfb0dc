"""Whom a lead can be given to, as far as places, languages and skills go: what is known of both."""

from collections.abc import Collection

from core.bulk import where_in
from core.places import country_code, language_code
from handoff import rules
from handoff.models import RoutingRule
from leads.models import Lead
from team.models import User


def asks_place(rule: RoutingRule) -> bool:
    """Whether the rule looks at where the lead is or what they speak."""
    return bool(rule.countries or rule.needs_country or rule.needs_language)


def lead_facts(lead_ids: Collection[int], *, places: bool) -> dict[int, rules.LeadFacts]:
    """What the rules ask of each lead: the owner of the company; country and language only for ``places``. A lead's
    own country comes first, then a custom field "country", then the company's; the language is the lead's own or
    that of a custom field "language"."""
    ids = list(lead_ids)
    if not places:
        owned = where_in(Lead.objects.filter(company__owner__isnull=False), "pk", ids)
        owners = dict(owned.values_list("pk", "company__owner"))
        return {pk: rules.LeadFacts(pk, company_owner=owners.get(pk)) for pk in ids}
    out = {}
    keys = ("pk", "company__owner", "country", "company__country", "language", "custom")
    for pk, owner, country, firm_country, language, custom in where_in(Lead.objects.all(), "pk", ids).values_list(
        *keys
    ):
        said = (
            country_code(country)
            or country_code(str(custom.get("country") or ""))
            or country_code(firm_country or "")
        )
        speaks = language_code(language) or language_code(str(custom.get("language") or ""))
        out[pk] = rules.LeadFacts(pk, None, owner, said, (speaks,) if speaks else ())
    return out


def candidate_of(rep: User, away: bool, working: bool) -> rules.Candidate:
    """A rep as the pools see them, with nothing on the desk yet."""
    return rules.Candidate(
        id=rep.pk,
        weight=rep.weight,
        capacity_open=rep.capacity_open,
        capacity_day=rep.capacity_day,
        away=away,
        working=working,
        languages=frozenset(rep.languages),
        countries=frozenset(rep.countries),
        skills=frozenset(rep.skills),
    )
