"""Formulas of the dashboards. Pure: no Django, no I/O. Each number is defined here once."""
