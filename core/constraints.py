"""Unique text without the indexes that nobody asks."""

from django.db.models import Q, UniqueConstraint


def unique_known(name: str, constraint: str) -> UniqueConstraint:
    """Unique where there is a value. ``unique=True`` on text would bring PostgreSQL a second index for LIKE, which
    nobody asks here, and keep every NULL in both."""
    return UniqueConstraint(
        fields=[name],
        condition=Q(**{f"{name}__isnull": False}),
        name=constraint,
        violation_error_code="unique",
        violation_error_message="This is taken already.",
    )


def unique_prefix(name: str, constraint: str) -> UniqueConstraint:
    """Unique, and searched by its beginning (LIKE 'ann%'), from one index whatever the database's collation."""
    return UniqueConstraint(fields=[name], opclasses=["varchar_pattern_ops"], name=constraint)
