"""Reading people."""

from django.db.models import Count, Q, QuerySet

from team.models import Team, User


def people_seen_by(user: User) -> QuerySet[User]:
    """An admin, or a manager without a team, sees everybody; a manager the own team."""
    rows = User.objects.select_related("team").order_by("-is_active", "name", "pk")
    if user.is_admin or (user.is_manager and user.team_id is None):
        return rows
    return rows.filter(Q(team=user.team_id) | Q(pk=user.pk)) if user.is_manager else rows.filter(pk=user.pk)


def teams_counted() -> QuerySet[Team]:
    """Teams with ``people`` and ``reps``, the active ones in each."""
    active = Q(members__is_active=True)
    return Team.objects.annotate(
        people=Count("members", filter=active), reps=Count("members", filter=active & Q(members__is_rep=True))
    ).order_by("name")
