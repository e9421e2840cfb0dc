"""Closed outcomes as a table to learn from: each fact as it was known when sales got the lead, nothing later."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.ask import ask
from core.errors import Refused
from leads.conditions import FACTS, fact_get
from leads.models import Activity, CustomField, InboxItem, Lead
from leads.rules import ACTIVITY_KINDS, Outcome
from scoring.learn.card import WINDOW_DAYS
from scoring.learn.table import NO, UNSEEN, YES, Column, Kind, Table, excluded

MOST = 50_000
BATCH = 2000
TEXTS = (
    *("lead.source", "lead.campaign", "lead.persona", "lead.job_title", "lead.language", "lead.country", "lead.city"),
    *("company.industry", "company.country"),
)
NUMBERS = ("company.employees", "company.revenue")
FIRST_TOUCH = frozenset({"lead.source", "lead.campaign"})  # written once, when the lead comes
KINDS = dict.fromkeys(TEXTS, Kind.CATEGORY) | dict.fromkeys(NUMBERS, Kind.NUMBER)
KINDS |= {"lead.phone": Kind.KNOWN, "lead.consent_email": Kind.CATEGORY}
# made by Baton's own machinery or by a rep's paperwork: no deed of the lead
NOT_DEEDS = frozenset({"imported", "note", "task_done", "email_sent"})


def outcomes_found(outcome: str = "won", *, since: datetime | None = None, most: int = MOST) -> list[Outcome]:
    """The newest outcome of each lead that sales got (since then), oldest first. ``outcome``: won, against lost or
    rejected; or accepted, against rejected."""
    rows: Iterable[Outcome] = ask("leads.outcomes", most=most) or ()
    if outcome == "accepted":
        got = ask("leads.handed", most=most, since=since) or ()
        rows = (Outcome(one.lead_id, one.cycle, one.at, one.verdict, one.reason) for one in got if one.verdict)
    newest: dict[int, Outcome] = {}
    for one in rows:
        if since is not None and one.at < since:
            continue
        if one.lead_id not in newest or one.at > newest[one.lead_id].at:
            newest[one.lead_id] = one
    return sorted(newest.values(), key=lambda one: (one.at, one.lead_id))[-most:]


def outcomes_table(*, exclude: Sequence[str] = (), most: int = MOST) -> Table:
    """One row a lead: its newest closed outcome (won, or lost or rejected), and its facts and deeds as of the moment
    when sales got it. Raises Refused when an exclusion names nothing."""
    return _excluding(table_of(outcomes_found(most=most)), exclude)


def table_of(found: list[Outcome]) -> Table:
    """These outcomes with the facts and deeds of each lead as of its moment."""
    facts = _facts_of({one.lead_id: one.at for one in found})
    deeds = _deeds({one.lead_id: one.at for one in found})
    found = [one for one in found if one.lead_id in facts]
    columns = _columns([facts[one.lead_id] for one in found])
    columns += _deed_columns([deeds.get(one.lead_id, Counter()) for one in found])
    wins = [one.kind in ("won", "accepted") for one in found]
    return Table(columns, wins, [one.at for one in found])


def labelled(label: str, *, most: int = MOST) -> dict[int, bool]:
    """Lead -> whether the admin's field ``label`` says yes; only where it says yes or no, the newest leads."""
    key = label.removeprefix("custom.")
    rows = Lead.objects.filter(custom__has_key=key).order_by("-id").values_list("pk", "custom")[:most]
    said = {pk: str(custom[key]).strip().lower() for pk, custom in rows}
    return {pk: word in YES for pk, word in said.items() if word in YES | NO}


def labelled_table(*, label: str, exclude: Sequence[str] = (), most: int = MOST) -> Table:
    """One row a lead for which the admin's field ``label`` says yes or no, with its facts as they are now: for leads
    that were brought in with their outcome. When each fact was written cannot be told: exclude what came after."""
    key = label.removeprefix("custom.")
    if not CustomField.objects.filter(key=key).exists():
        known = ", ".join(CustomField.objects.values_list("key", flat=True)) or "none"
        raise Refused(f"No field '{key}' of leads. There are: {known}.", field="label")
    said = labelled(key, most=most)
    facts = _facts_of(dict.fromkeys(said))
    wins = [said[pk] for pk in facts]
    columns = [one for one in _columns(list(facts.values())) if one.fact != f"custom.{key}"]
    return _excluding(Table(columns, wins), exclude)


def _excluding(table: Table, exclude: Sequence[str]) -> Table:
    """Without the inputs that somebody named, by their fact (custom.tags) or as people say it."""
    for pattern in exclude:
        if not any(excluded(one.name, [pattern]) or excluded(one.fact, [pattern]) for one in table.columns):
            names = ", ".join(one.fact for one in table.columns)
            raise Refused(f"No input '{pattern}' to exclude. There are: {names}.", field="exclude")
    named = [one.name for one in table.columns if excluded(one.name, exclude) or excluded(one.fact, exclude)]
    return table.without(dict.fromkeys(named, "excluded by name"))


def _facts_of(moments: dict[int, datetime | None]) -> dict[int, dict[str, Any]]:
    """Lead id -> fact -> value, in the order of ``moments``.

    Facts are not kept with their history. So of a lead that was changed after its moment only what cannot change, and
    what captures before that moment said, is taken; the rest of it is unseen.
    """
    custom = {f"custom.{one.key}": one.type for one in CustomField.objects.exclude(type=CustomField.Type.DATE)}
    ids = list(moments)
    found: dict[int, dict[str, Any]] = {}
    for start in range(0, len(ids), BATCH):
        rows = Lead.objects.filter(pk__in=ids[start : start + BATCH]).select_related("company")
        leads = {one.pk: one for one in rows}
        changed = {pk: at for pk, one in leads.items() if (at := moments[pk]) is not None and one.updated_at > at}
        said = _captured(changed)
        for pk in (one for one in ids[start : start + BATCH] if one in leads):
            facts = _facts(leads[pk], custom, moments[pk])
            if pk in changed:
                known = said.get(pk, {})
                facts = {name: facts[name] if name in FIRST_TOUCH else known.get(name, UNSEEN) for name in facts}
            found[pk] = facts
    return found


def _facts(lead: Lead, custom: dict[str, str], moment: datetime | None) -> dict[str, Any]:
    """The facts as they are now; those of a company that was added later are unseen."""
    found: dict[str, Any] = {}
    for name in (*TEXTS, *NUMBERS):
        first, _, last = FACTS[name].path.rpartition("__")
        if first and lead.company and moment and lead.company.created_at > moment:
            found[name] = UNSEEN
            continue
        value = getattr(lead.company if first else lead, last, None)
        found[name] = (float(value) if value is not None else None) if name in NUMBERS else value or None
    found["lead.phone"] = "known" if lead.phone else None
    found["lead.consent_email"] = "true" if lead.consent_email else "false"
    for name, type_ in custom.items():
        found[name] = custom_value(lead.custom.get(name.partition(".")[2]), type_)
    return found


def custom_value(value: Any, type_: str) -> Any:
    """An admin's field as the conditions read it: a number only from a number, text only from text or yes and no."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value in (None, ""):
        return None
    if type_ == CustomField.Type.NUMBER:
        return float(value) if number else UNSEEN
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else UNSEEN


def _captured(changed: dict[int, datetime]) -> dict[int, dict[str, Any]]:
    """What captures said of these leads before the moment of each, later ones over earlier ones."""
    found: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    items = InboxItem.objects.filter(lead__in=list(changed), state=InboxItem.State.DONE).order_by("id")
    for lead_id, at, body in items.values_list("lead_id", "created_at", "body"):
        if lead_id is None or at > changed[lead_id] or not isinstance(body, dict):
            continue
        lead = _object(body, "lead")
        own = _object(lead, "custom")
        for name in TEXTS:
            value = lead.get(name.partition(".")[2]) if name.startswith("lead.") else None
            if isinstance(value, str) and value.strip():
                found[lead_id][name] = value.strip()
        if lead.get("phone"):
            found[lead_id]["lead.phone"] = "known"
        for key, value in own.items():
            if isinstance(value, (str, bool, int, float)) and value != "":
                type_ = "text" if isinstance(value, (str, bool)) else "number"
                found[lead_id][f"custom.{key}"] = custom_value(value, type_)
    return found


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    found = body.get(name)
    return found if isinstance(found, dict) else {}


def _columns(rows: Sequence[dict[str, Any]]) -> list[Column]:
    """One column a fact, without those that say the same of everybody."""
    columns = []
    for name in rows[0] if rows else ():
        fact = fact_get(name)
        values = [row[name] for row in rows]
        if fact is None or len({value for value in values if value is not UNSEEN}) < 2:
            continue
        kind = KINDS.get(name) or _custom_kind(values)
        columns.append(Column(fact.label[0].upper() + fact.label[1:], kind, values, name))
    return columns


def _custom_kind(values: Iterable[Any]) -> Kind:
    return Kind.NUMBER if any(isinstance(value, float) for value in values) else Kind.CATEGORY


def _deeds(moments: dict[int, datetime]) -> dict[int, Counter[str]]:
    """How often each lead did what in the days before its moment; nothing that was written down after it."""
    found: defaultdict[int, Counter[str]] = defaultdict(Counter)
    ids, window = sorted(moments), timedelta(days=WINDOW_DAYS)
    for start in range(0, len(ids), BATCH):
        rows = Activity.objects.filter(lead__in=ids[start : start + BATCH]).exclude(bot=Activity.Bot.BOT)
        rows = rows.exclude(kind__in=NOT_DEEDS).order_by()
        for lead_id, kind, at, written in rows.values_list("lead_id", "kind", "at", "recorded_at").iterator(5000):
            moment = moments[lead_id]
            if moment - window <= at <= moment and written <= moment:
                found[lead_id][kind] += 1
    return found


def _deed_columns(rows: Sequence[Counter[str]]) -> list[Column]:
    kinds: Collection[str] = sorted({kind for row in rows for kind in row})
    return [
        Column(
            ACTIVITY_KINDS.get(kind, kind.replace("_", " ").capitalize()),
            Kind.COUNT,
            [float(row[kind]) for row in rows],
            f"did:{kind}",
        )
        for kind in kinds
    ]
