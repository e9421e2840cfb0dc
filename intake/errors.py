"""What stops a file, and what stops a row."""


class FileProblem(Exception):
    """The whole file cannot be read; said to the person as is."""


class RowProblem(Exception):
    """One row cannot be taken. ``field`` is the column or field at fault."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason, self.field = reason[:400], field[:80]
