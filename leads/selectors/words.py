"""What the condition builder offers: facts, how they may be compared, deeds, and values worth suggesting."""

from typing import Any

from django.db.models import QuerySet

from funnels.models import Stage
from leads.compiler import condition_q
from leads.conditions import FACTS, OPS, Fact, ops_of
from leads.models import CustomField, Standing, Tag
from leads.rules import ACTIVITY_KINDS

COUNT_CAP = 10_000
GROUPS = {"lead": "Lead", "company": "Company", "standing": "Standing", "custom": "Custom field"}


def condition_words() -> dict[str, Any]:
    """The vocabulary, as the builder in the browser reads it. Three queries."""
    facts = [_fact(name, fact) for name, fact in FACTS.items()]
    facts += [
        {"name": f"custom.{row.key}", "label": row.label, "group": GROUPS["custom"], **_custom(row)}
        for row in CustomField.objects.all()
    ]
    return {
        "facts": facts,
        "ops": {**OPS, "custom": ops_of(Fact("", "custom", ""))},
        "deeds": [{"kind": kind, "label": label} for kind, label in ACTIVITY_KINDS.items()],
        "values": {
            "standing.stage": [
                {"value": key, "label": f"{funnel}: {name}"}
                for key, name, funnel in Stage.objects.exclude(funnel__kind="sales")
                .order_by("funnel__position", "position")
                .values_list("key", "name", "funnel__name")
            ],
            "lead.tag": [{"value": name, "label": name} for name in Tag.objects.values_list("name", flat=True)[:300]],
            "standing.grade": [{"value": f"{a}{b}", "label": f"{a}{b}"} for a in "ABCD" for b in "1234"],
        },
    }


def _fact(name: str, fact: Fact) -> dict[str, Any]:
    return {"name": name, "label": fact.label, "type": fact.type, "group": GROUPS[name.partition(".")[0]]}


def _custom(row: CustomField) -> dict[str, Any]:
    choices = [{"value": str(one), "label": str(one)} for one in row.choices or []]
    if row.type == CustomField.Type.BOOL:
        choices = [{"value": "true", "label": "yes"}, {"value": "false", "label": "no"}]
    kind = "number" if row.type == CustomField.Type.NUMBER else "text"
    return {"type": kind, "choices": choices}


def standings_matching(condition: dict[str, Any], user: Any, now: Any) -> QuerySet[Standing]:
    """The standings of the leads that ``user`` may see and for whom the (checked) condition holds."""
    return Standing.objects.visible_to(user).filter(condition_q(condition, now=now, root="standing"))


def count_capped(rows: QuerySet[Any], cap: int = COUNT_CAP) -> int:
    """How many rows, but never counting beyond ``cap + 1``: on a million rows an exact count costs a scan."""
    return rows.order_by().values("pk")[: cap + 1].count()


def count_said(count: int, cap: int = COUNT_CAP) -> str:
    """``1,234``, or ``10,000+`` when counting stopped there."""
    return f"{cap:,}+" if count > cap else f"{count:,}"
