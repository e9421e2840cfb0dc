"""A statement that a unique key may refuse."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import connection, transaction


def attempt() -> AbstractContextManager[Any]:
    """Around one statement that may end in IntegrityError. Inside somebody's transaction a savepoint lets that go on;
    outside of one the statement commits by itself, and needs no words around it."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
