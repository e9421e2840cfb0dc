"""What stops a file, and what stops a row."""

from intake.rules import RowProblem


class FileProblem(Exception):
    """The whole file cannot be read; said to the person as is."""


__all__ = ["FileProblem", "RowProblem"]
