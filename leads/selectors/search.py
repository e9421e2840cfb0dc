"""Finding people by the beginning of a name, an e-mail or a company."""

from typing import Any

from django.db.models import Q, QuerySet

from leads.models import Company, Lead

SHORTEST = 2


def people_search(text: str) -> QuerySet[Any]:
    """Primary keys of the leads whose first or last name, e-mail or company begins with ``text`` (any case).

    One UNION of index lookups (PostgreSQL), because an OR over two tables would scan. 'Ann Lee' and 'Lee Ann' are
    first and last name. Filter another query with ``pk__in=``; visibility is that query's own.
    """
    said = " ".join(text.replace("\x00", " ").split())[:120]
    if len(said) < SHORTEST:
        return Lead.objects.none().values("pk")
    found = [
        Lead.objects.filter(email_key__startswith=said.lower()).values("pk"),
        Lead.objects.filter(company__in=Company.objects.filter(name__istartswith=said)).values("pk"),
    ]
    first, _, rest = said.partition(" ")
    if rest:
        both = Q(first_name__istartswith=first, last_name__istartswith=rest)
        turned = Q(last_name__istartswith=first.rstrip(","), first_name__istartswith=rest)
        found += [Lead.objects.filter(both).values("pk"), Lead.objects.filter(turned).values("pk")]
    found += [Lead.objects.filter(last_name__istartswith=said).values("pk")]
    found += [Lead.objects.filter(first_name__istartswith=said).values("pk")]
    return found[0].union(*found[1:])
