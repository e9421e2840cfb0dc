"""Keeping the rollups. Insights writes nothing but these."""

from insights.services.check import rollup_check
from insights.services.drain import rollup_drain, rollup_rebuild
from insights.services.marks import people_mark

__all__ = ["people_mark", "rollup_check", "rollup_drain", "rollup_rebuild"]
