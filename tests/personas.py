"""The people every test speaks of. Two teams: North (Rita, Manu) and South (Otto)."""

from typing import Any

from team.models import Team, User

PASSWORD = "baton-test-pass-1"
PERSONAS: dict[str, dict[str, Any]] = {
    "marketer": {"email": "maya@test.example", "name": "Maya Marketer", "is_marketer": True},
    "rep": {"email": "rita@test.example", "name": "Rita Rep", "is_rep": True, "team": "North"},
    "other_rep": {"email": "otto@test.example", "name": "Otto Other", "is_rep": True, "team": "South"},
    "manager": {"email": "manu@test.example", "name": "Manu Manager", "is_manager": True, "team": "North"},
    "admin": {"email": "ada@test.example", "name": "Ada Admin", "is_admin": True},
    "roleless": {"email": "rolf@test.example", "name": "Rolf Roleless"},
}


def persona(role: str) -> User:
    """The person of that role, made on first use."""
    fields = dict(PERSONAS[role])
    found = User.objects.filter(email=fields["email"]).first()
    if found:
        return found
    team = fields.pop("team", None)
    if team:
        fields["team"] = Team.objects.get_or_create(name=team)[0]
    return User.objects.create_user(password=PASSWORD, **fields)
