"""How a rule says no. Services raise these; pages and the API show them at the right field."""


class Refused(Exception):
    """A rule said no. ``field`` names the input at fault, '' when it is the whole; shown to the person as is."""

    def __init__(self, message: str, *, field: str = "", code: str = "refused") -> None:
        super().__init__(message)
        self.message, self.field, self.code = message, field, code


class Conflict(Refused):
    """Somebody else was first: reload and look again."""
