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
OPENERS: list[tuple[str, str, str]] = [
    (
        "Asked for a talk",
        "demo_requested",
        "Hello {first_name}, {rep} here: you {deed} {when}. What would you like to see first for {company}?",
    ),
    (
        "Looked at pricing",
        "pricing_viewed",
        "Hello {first_name}, {rep} here. You {deed} {when}: shall I work out what it would be for {company}?",
    ),
    (
        "Downloaded something",
        "asset_downloaded",
        "Hello {first_name}, you took “{asset}” with you. What is it that {company} wants to solve with it?",
    ),
    ("By campaign", "", "Hello {first_name}, you {deed} {when}, after “{campaign}”. What caught your eye?"),
    ("Everybody", "", "Hello {first_name}, {rep} here: you {deed} {when}. What made you look into this now?"),
]


def seed(**_: Any) -> None:
    """The default policy, reasons, response times and one routing rule, each on a database that has none."""
    from handoff.models import MqlPolicy, Opener, RejectReason, RoutingRule, SlaPolicy, SlaRevision

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
    if not Opener.objects.exists():
        Opener.objects.bulk_create(
            [
                Opener(
                    name=name,
                    text=text,
                    position=position,
                    condition={"did": deed, "times": 1, "within_days": 30} if deed else {},
                )
                for position, (name, deed, text) in enumerate(OPENERS)
            ]
        )
