"""What sales got, as the rooms above tell it to scoring. Pure."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class HandedOver:
    """A lead that sales got at ``at``, and what they and the customer made of it so far. Reasons are text."""

    handoff_id: int
    lead_id: int
    cycle: int
    at: datetime
    score: int = 0
    verdict: str = ""  # accepted, rejected, or not yet
    reason: str = ""
    outcome: str = ""  # won, lost, or open
    lost_reason: str = ""
