"""What every study knows of the one that runs it."""

from collections.abc import Callable

# (done, total, what it is at): says how far the study is and keeps its lease. Raises LeaseLost when another has it.
Tell = Callable[[int, int, str], None]
