"""People and their teams. Imported people cannot sign in until somebody sets a password for them."""

from collections.abc import Sequence
from typing import Any

from intake.errors import RowProblem
from intake.kinds.base import CREATED, UNCHANGED, UPDATED, Context, Field, Item, Kind, differing
from intake.rules import key_fold
from team.models import Team, User

PLACEHOLDER = "@import.invalid"  # a reserved domain: no mail ever goes there


class Users(Kind):
    name, label, roles = "users", "Users and teams", ("admin",)
    help = "A name or an e-mail is needed. Roles default to rep; managers named in a column are made too."
    fields = (
        Field("name", "Name", limit=120, names=("sales agent", "agent", "rep", "full name", "user", "employee")),
        Field("email", "E-mail", "email", 254, ("mail", "email address", "login", "username")),
        Field("external_id", "External id", limit=100, names=("id", "user id", "employee id")),
        Field("team", "Team", limit=80, names=("regional office", "office", "region", "department", "team name")),
        Field("manager", "Manager", limit=120, names=("manager name", "reports to", "supervisor")),
        Field("role", "Role", limit=40, names=("roles", "position")),
        Field("time_zone", "Time zone", limit=64, names=("timezone", "tz")),
    )

    def mapping_problem(self, targets: set[str]) -> str:
        return "" if targets & {"name", "email"} else "Say which column is the name or the e-mail."

    def keys(self, values: dict[str, Any]) -> list[str]:
        for name in ("external_id", "email", "name"):
            if values.get(name):
                return [f"{name}:{str(values[name]).lower()}"]
        raise RowProblem("A user needs a name or an e-mail.", "name")

    def write(self, items: Sequence[Item], context: Context) -> None:
        people = _People(context)
        for item in items:
            try:
                item.outcome = people.take(item.values)
            except RowProblem as problem:
                item.problem = problem


class _People:
    def __init__(self, context: Context) -> None:
        self.context = context
        self.teams = {team.name.lower(): team for team in Team.objects.all()}
        self.users = list(User.objects.select_related("team").order_by("pk"))
        self.by_id = {user.external_id: user for user in self.users if user.external_id}
        self.by_email = {user.email.lower(): user for user in self.users}
        self.by_name: dict[str, User] = {}
        for user in reversed(self.users):
            self.by_name[user.name.lower()] = user

    def team(self, name: str | None) -> Team | None:
        if not name:
            return None
        found = self.teams.get(name.lower())
        if found is None:
            found = Team(name=name)
            if not self.context.dry:
                found.save()
            self.teams[name.lower()] = found
            self.context.notes["teams made"] += 1
        return found

    def take(self, values: dict[str, Any]) -> str:
        team = self.team(values.get("team"))
        if values.get("manager"):
            self.manager(values["manager"], team)
        known = self._known(values)
        wanted = {name: values[name] for name in ("name", "email", "external_id", "time_zone") if values.get(name)}
        wanted |= self._roles(values, known)
        if team is not None:
            wanted["team"] = team
        if known is None:
            self._make(wanted)
            return CREATED
        changed = differing(known, wanted)
        if not changed:
            return UNCHANGED
        for name, value in changed.items():
            setattr(known, name, value)
        if not self.context.dry:
            known.save(update_fields=list(changed))
        return UPDATED

    def _known(self, values: dict[str, Any]) -> User | None:
        email = self.by_email.get(values.get("email", ""))
        known = self.by_id.get(values.get("external_id", "")) or email
        if email is not None and known is not email:
            raise RowProblem("This e-mail belongs to somebody else.", "email")
        if known is None and not values.get("email") and not values.get("external_id"):
            known = self.by_name.get(values["name"].lower())
        return known

    @staticmethod
    def _roles(values: dict[str, Any], known: User | None) -> dict[str, bool]:
        words = [
            word for word in values.get("role", "").lower().replace(";", ",").replace("/", ",").split(",") if word
        ]
        if not words:
            return {} if known else {"is_rep": True}
        roles = {}
        for word in words:
            role = {"sales": "rep", "sales rep": "rep", "agent": "rep", "marketing": "marketer"}.get(
                word.strip(), word.strip()
            )
            if role not in ("rep", "manager", "marketer"):
                # nobody becomes an admin by a file
                raise RowProblem(f"{word.strip()[:40]!r} is not one of rep, manager, marketer.", "role")
            roles[f"is_{role}"] = True
        return roles

    def manager(self, name: str, team: Team | None) -> None:
        known = self.by_name.get(name.lower())
        if known is None:
            self._make({"name": name, "team": team, "is_manager": True})
            self.context.notes["managers made"] += 1
        elif not known.is_manager:
            known.is_manager = True
            self.context.notes["made managers"] += 1
            if not self.context.dry:
                known.save(update_fields=["is_manager"])

    def _make(self, wanted: dict[str, Any]) -> None:
        if not wanted.get("email"):
            wanted["email"] = self._placeholder(wanted["name"])
            wanted["notify_email"] = False
            self.context.notes["without an e-mail: give them one before they can sign in"] += 1
        user = User(**{"name": wanted["email"].split("@")[0], **wanted})
        user.set_unusable_password()
        if not self.context.dry:
            user.save()
        self.by_email[user.email] = user
        self.by_name.setdefault(user.name.lower(), user)
        if user.external_id:
            self.by_id[user.external_id] = user

    def _placeholder(self, name: str) -> str:
        ascii_ = "".join(c if c.isascii() and c.isalnum() else "." for c in name.lower()).strip(".") or "user"
        base, number = ".".join(part for part in ascii_.split(".") if part)[:60] or "user", 2
        found = base + PLACEHOLDER
        while found in self.by_email:
            found, number = f"{base}.{number}{PLACEHOLDER}", number + 1
        return found


def owner_finder() -> Any:
    """name, e-mail or external id (any case) -> User, for the columns that name an owner; and all the names."""
    found: dict[str, User] = {}
    for user in User.objects.order_by("-pk"):
        found[key_fold(user.name)] = user
    for user in User.objects.order_by("-pk"):
        found[key_fold(user.email)] = user
        if user.external_id:
            found[key_fold(user.external_id)] = user
    return found
