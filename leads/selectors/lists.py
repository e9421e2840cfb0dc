"""What the leads list shows: its rows, and the choices of its filters."""

from typing import Any

from django.db import connection
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast

from funnels.models import Stage
from leads.models import Segment, Standing, Tag
from team.models import User

SHOWN = (
    *("pk", "score", "grade", "reason", "scored_at", "source", "stage_since", "last_active__at", "lead__created_at"),
    *("lead__first_name", "lead__last_name", "lead__email", "lead__external_id"),
    *("lead__company_id", "lead__company__name", "owner__name", "owner__email"),
    *("stage__name", "stage__kind", "stage__funnel__kind"),
)
SOURCES = """
WITH RECURSIVE found(source) AS (
    SELECT MIN(source) FROM leads_standing
    UNION ALL
    SELECT (SELECT MIN(leads_standing.source) FROM leads_standing WHERE leads_standing.source > found.source)
    FROM found WHERE found.source IS NOT NULL
)
SELECT source FROM found WHERE source <> '' LIMIT 200
"""


def rows_shown() -> QuerySet[Any]:
    """Standings with what a row of the list shows and no more: whole leads are ten times as much to read."""
    return Standing.objects.values_list(*SHOWN, named=True)


def sources_known() -> list[str]:
    """Every source there is. One step of the index a source, so it does not matter how many leads there are."""
    with connection.cursor() as cursor:
        cursor.execute(SOURCES)
        return [row[0] for row in cursor.fetchall()]


def list_choices(user: Any) -> dict[str, list[dict[str, Any]]]:
    """Stages, owners, tags and segments to choose from, read in one query."""
    text = CharField(max_length=200)

    def part(rows: Any, kind: str, name: str, group: Any, place: Any) -> Any:
        return rows.order_by().values_list(
            Value(kind, output_field=text), F("pk"), Cast(name, text), Cast(group, text), Cast(place, text)
        )

    nothing = Value("")
    stages = Stage.objects.exclude(funnel__kind="sales").filter(is_active=True)
    owners = User.objects.filter(is_active=True).filter(Q(is_rep=True) | Q(is_manager=True))
    segments = Segment.objects.filter(Q(owner=user) | Q(shared=True))
    rows = part(stages, "stages", "name", F("funnel__name"), F("position")).union(
        part(owners, "owners", "name", nothing, nothing),
        part(Tag.objects.all(), "tags", "name", nothing, nothing),
        part(segments, "segments", "name", F("owner__name"), F("shared")),
        all=True,
    )
    found: dict[str, list[dict[str, Any]]] = {"stages": [], "owners": [], "tags": [], "segments": []}
    for kind, pk, name, group, place in rows:
        found[kind].append({"id": pk, "name": name, "group": group, "place": place})
    found["stages"].sort(key=lambda one: (one["group"] != "Marketing", one["group"], int(one["place"])))
    for kind in ("owners", "tags", "segments"):
        found[kind].sort(key=lambda one: one["name"].lower())
    return found
