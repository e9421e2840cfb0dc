"""The demo's second MQL policy: large companies have a bar of their own, and so many a day."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from handoff.models import Handoff, MqlPolicy
from handoff.rules import why_score
from handoff.selectors.policies import default, in_force, sort_out
from handoff.selectors.policy_words import settings_of
from handoff.services.policies import policy_save
from team.models import User

NAME = "Enterprise, 200+ employees"


def enterprise_make(users: Mapping[str, User]) -> MqlPolicy:
    """As a manager would have made it, from what is asked of everybody."""
    manager = next(one for one in users.values() if one.is_manager)
    values = {name: value for name, value in settings_of(default()).items() if name != "is_active"}
    values |= {
        "name": NAME,
        "condition": {"fact": "company.employees", "op": ">=", "value": 200},
        "score": 55,
        "recycle_rise": 5,
        "ceiling": MqlPolicy.Ceiling.FIXED,
        "ceiling_leads": 12,
    }
    return policy_save(by=manager, policy=None, revision=0, values=values)


def policies_set(rows: Sequence[Handoff], now: datetime) -> None:
    """Each handoff of the past (not written yet) passed the policy that is about its lead."""
    whose = sort_out(in_force(), {one.lead_id for one in rows}, now)
    for one in rows:
        one.policy = policy = whose[one.lead_id]
        if not one.instant:
            one.why = why_score(one.score, policy.score, "" if policy.is_default else policy.name)
