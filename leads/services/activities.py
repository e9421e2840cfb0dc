"""What leads did. Append-only; a repeated key changes nothing."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q, QuerySet

from core import outbox
from core.clock import db_now
from core.errors import Refused
from leads import rules
from leads.calls import call_checked, length_of
from leads.models import Activity, Lead, Standing

OURS = rules.RESPONSE_KINDS | {"note"}  # what people of ours do
# that two were made one is nothing the lead did
LAST_ACTIVE = """
INSERT INTO leads_lastactive (lead_id, at)
SELECT lead_id, MAX(at) FROM leads_activity
WHERE lead_id IN (SELECT lead_id FROM leads_standing WHERE lead_id IN ({})) AND kind <> 'merged' GROUP BY lead_id
ON CONFLICT (lead_id) DO UPDATE SET at = excluded.at WHERE leads_lastactive.at <> excluded.at
"""


def leads_mark(
    lead_ids: Collection[int], *, now: datetime | None = None, marked: Collection[int] = frozenset()
) -> None:
    """Mark leads for scoring and wake the scorer. The mark is in the database, so nothing is lost without a wake.

    ``marked``: those among them that are new and carry the mark since they were written.
    """
    if not lead_ids:
        return
    if unmarked := [pk for pk in lead_ids if pk not in marked]:
        Standing.objects.filter(pk__in=unmarked).update(score_due_at=now or db_now())
    outbox.poke("leads.marked")


def leads_rewritten(lead_ids: Collection[int]) -> None:
    """Tell the rooms above that these leads changed in a way that no move and no activity shows: owner, source,
    merged, erased. Inside the transaction of that change."""
    outbox.emit_many("lead.rewritten", [(str(pk), {"lead_id": pk}) for pk in lead_ids])


def activities_append(rows: Sequence[Activity], *, now: datetime, new: bool = False) -> set[int]:
    """Append many activities and mark their leads for scoring, which is for the caller to wake. A known key is
    skipped; with ``new`` it raises IntegrityError, and the rows get their ids. Returns whose they are."""
    if not rows:
        return set()
    Activity.objects.bulk_create(rows, ignore_conflicts=not new, batch_size=2000)
    lead_ids = {row.lead_id for row in rows if row.lead_id is not None}
    if lead_ids:
        Standing.objects.filter(pk__in=lead_ids).update(score_due_at=now)
        last_active_copy(lead_ids)
    return lead_ids


def last_active_copy(lead_ids: Collection[int]) -> None:
    """Bring ``LastActive`` up to the leads' newest activities. The caller holds their standings: who appends at the
    same moment waits, and then sees both."""
    ids = sorted(lead_ids)
    with connection.cursor() as cursor:
        for start in range(0, len(ids), 1000):
            some = ids[start : start + 1000]
            cursor.execute(LAST_ACTIVE.format(", ".join(["%s"] * len(some))), some)


def activities_record(rows: Sequence[Activity], *, now: datetime, new: bool = False) -> None:
    """As ``activities_append``, and wake the scorer."""
    if activities_append(rows, now=now, new=new):
        outbox.poke("leads.marked")


@transaction.atomic
def activity_record(
    *,
    lead: Lead,
    kind: str,
    at: datetime | None = None,
    properties: dict[str, Any] | None = None,
    key: str | None = None,
    by: Any = None,
    bot: int = Activity.Bot.HUMAN,
) -> Activity:
    """Append one activity. With a key that is known already, the activity of that key is returned unchanged.

    A call, e-mail or meeting by a person of ours is also an answer: it stops the handoff's human clock. Without
    ``at``, a call of so many ``minutes`` began so long ago. Raises Refused for a kind that is no slug, or a call of
    impossible length.
    """
    if not rules.KIND_PATTERN.match(kind):
        raise Refused("A kind is 2 to 40 of a-z, 0-9 and _, starting with a letter.", field="kind")
    now = db_now()
    if key and (known := Activity.objects.filter(key=key).first()):
        return known
    told = call_checked(kind, rules.json_clean(properties or {}, "properties"))
    row = Activity(
        lead=lead,
        kind=kind,
        at=min(at or now - length_of(kind, told), now),
        properties=told,
        key=key,
        by=by,
        bot=bot,
    )
    activities_record([row], now=now, new=not key)
    saved = Activity.objects.get(key=key) if key else row
    _answers_tell([saved])
    return saved


def _answers_tell(rows: Sequence[Activity]) -> None:
    """Tell the rooms above of what is an answer: who gave it, and from when to when. In the transaction."""
    told = []
    for row in rows:
        if row.by_id is not None and row.kind in rules.RESPONSE_KINDS:
            until = row.at + length_of(row.kind, row.properties)
            times = {"at": row.at.isoformat(), "until": until.isoformat()}
            told.append((f"{row.lead_id}:{row.pk}", {"lead_id": row.lead_id, "by_id": row.by_id, **times}))
    outbox.emit_many("lead.responded", told)


@dataclass(frozen=True)
class RowRefusal:
    """Why one row of a batch was not taken."""

    index: int
    field: str
    message: str


def activities_take(
    *, rows: Sequence[dict[str, Any]], by: Any, visible: QuerySet[Lead]
) -> tuple[list[Activity], list[RowRefusal]]:
    """Record activities told by another system: each names its lead by id, e-mail or external id.

    Only leads in ``visible`` count; a row about anybody else is refused as unknown. A known key is accepted again
    and changes nothing. A call, e-mail, meeting or note told by a rep or manager is theirs. Returns the activities in
    the order of the accepted rows, and the refusals.
    """
    now = db_now()
    finder = _LeadFinder(rows, visible)
    made: list[Activity] = []
    errors: list[RowRefusal] = []
    for place, row in enumerate(rows):
        try:
            made.append(_taken(row, finder, now, by))
        except Refused as refusal:
            errors.append(RowRefusal(row.get("index", place), refusal.field, refusal.message))
    try:
        with transaction.atomic():
            activities_record(made, now=now, new=True)
            _answers_tell(made)
        return made, errors
    except IntegrityError:  # some were told before
        return _again(made, now), errors


@transaction.atomic
def _again(rows: Sequence[Activity], now: datetime) -> list[Activity]:
    """Append those that are not known yet; returns all as they stand."""
    keys = [row.key for row in rows]
    known = set(Activity.objects.filter(key__in=keys).values_list("key", flat=True))
    fresh = {row.key: row for row in reversed(rows) if row.key not in known}  # of two with one key the first
    activities_record(list(fresh.values()), now=now)
    _answers_tell(list(Activity.objects.filter(key__in=list(fresh))))
    keyed = {row.key: row for row in Activity.objects.filter(key__in=keys)}
    return [keyed[row.key] for row in rows]


class _LeadFinder:
    """Leads of a batch in one query."""

    def __init__(self, rows: Sequence[dict[str, Any]], visible: QuerySet[Lead]) -> None:
        ids = [row["lead"] for row in rows if row.get("lead")]
        emails = [row["email"].strip().lower() for row in rows if row.get("email")]
        external = [row["external_id"] for row in rows if row.get("external_id")]
        wanted = Q(pk__in=ids) | Q(email_key__in=emails) | Q(external_id__in=external)
        self.found: dict[Any, Lead] = {}
        for lead in visible.filter(wanted).only("pk", "email_key", "external_id"):
            for key in (lead.pk, ("mail", lead.email_key), ("id", lead.external_id)):
                self.found[key] = lead

    def of(self, row: dict[str, Any]) -> Lead:
        for name, key in (
            ("lead", row.get("lead")),
            ("email", ("mail", (row.get("email") or "").strip().lower())),
            ("external_id", ("id", row.get("external_id"))),
        ):
            if row.get(name):
                if key in self.found:
                    return self.found[key]
                raise Refused("No such lead.", field=name)
        raise Refused("Name the lead by lead, email or external_id.", field="lead")


def _taken(row: dict[str, Any], finder: _LeadFinder, now: datetime, by: Any) -> Activity:
    at = row.get("at") or now
    if at.year < 1990 or at > now + timedelta(days=1):
        raise Refused("This time is before 1990 or in the future.", field="at")
    kind, told = row["kind"], rules.json_clean(row.get("properties") or {}, "properties")
    if row.get("minutes") is not None:
        told["minutes"] = row["minutes"]
    told = call_checked(kind, told)
    if not row.get("at"):
        at = now - length_of(kind, told)
    return Activity(
        lead=finder.of(row),
        kind=kind,
        at=min(at, now),
        properties=told,
        by=by if kind in OURS and (by.is_rep or by.is_manager) else None,
        key=f"api:{by.pk}:{rules.text_clean(row['key'], 100, 'key')}" if row.get("key") else f"api#{uuid.uuid4()}",
    )
