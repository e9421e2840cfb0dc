"""Keeping the rollups, and what marketing and sales promise and decide. Insights writes nothing but these."""

from insights.services.alignment import alignment_drain
from insights.services.check import rollup_check
from insights.services.drain import rollup_drain, rollup_rebuild
from insights.services.marks import people_mark
from insights.services.weeks import weeks_drain

__all__ = ["alignment_drain", "people_mark", "rollup_check", "rollup_drain", "rollup_rebuild", "weeks_drain"]
