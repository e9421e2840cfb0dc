"""What stops a file, and what stops a row."""

from intake.rules import RowProblem


class FileProblem(Exception):
    """The whole file cannot be read; said to the person as is."""


class ReaderLost(Exception):
    """The process that reads the file ended before the file did."""


__all__ = ["FileProblem", "ReaderLost", "RowProblem"]
