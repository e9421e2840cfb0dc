"""What a new install starts with; managers change it."""

from typing import Any

from django.db.models import F

INSTANT_KINDS = ["demo_requested", "consultation_requested"]
REASONS: list[tuple[str, str, str]] = [
    ("timing", "Not now: wrong time", "recycle"),
    ("no_budget", "No budget yet", "recycle"),
    ("no_need", "No need that we can meet", "recycle"),
    ("not_decider", "Cannot decide, and knows nobody who can", "recycle"),
    ("unreachable", "Could not be reached", "recycle"),
    ("bad_fit", "Not our kind of customer", "disqualify"),
    ("bad_data", "Wrong or made-up contact details", "disqualify"),
    ("not_a_buyer", "Student, job seeker or competitor", "disqualify"),
    ("duplicate", "We know them under another name", "disqualify"),
]
SLAS: list[dict[str, Any]] = [
    {"name": "Asked for a talk", "instant_only": True, "minutes": 5, "warn_percent": 60},
    {"name": "Everybody else", "minutes": 240, "warn_percent": 75},
]
EVERYBODY = "Everybody else"


def seed(**_: Any) -> None:
    """The default policy, reasons, response times and one routing rule, each on a database that has none."""
    from handoff.models import MqlPolicy, RejectReason, RoutingRule, SlaPolicy, SlaRevision

    MqlPolicy.objects.get_or_create(is_default=True, defaults={"name": EVERYBODY, "instant_kinds": INSTANT_KINDS})
    if not RejectReason.objects.exists():
        RejectReason.objects.bulk_create(
            [
                RejectReason(code=code, label=label, then=then, position=position)
                for position, (code, label, then) in enumerate(REASONS)
            ]
        )
    if not SlaPolicy.objects.exists():
        SlaPolicy.objects.bulk_create([SlaPolicy(position=index, **fields) for index, fields in enumerate(SLAS)])
    for policy in SlaPolicy.objects.exclude(revisions__revision=F("revision")):
        SlaRevision.objects.create(policy=policy, revision=policy.revision, terms=policy.terms)
    if not RoutingRule.objects.exists():
        RoutingRule.objects.create(name=EVERYBODY, position=0)
