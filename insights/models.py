"""Rollups: numbers that are kept so that a page need not count a million rows. Always equal to recomputation."""
