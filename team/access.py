"""Which roles may open a page, or change a setting. Whose rows they then see is ``visible_to`` of each query."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from core.errors import Refused

View = Callable[..., HttpResponseBase]


def roles_required(*roles: str) -> Callable[[View], View]:
    """Only people with one of these roles (an admin has them all); others get 403.

    The names stay on the view as ``view.roles`` so that the permission matrix can read them.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user: Any = request.user
            if not user.is_authenticated or not user.has_role(*roles):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.roles = roles  # type: ignore[attr-defined]
        return guarded

    return decorate


def managers_only(by: Any, said: str = "Only managers change this.") -> None:
    """Raises Refused (``forbidden``) for whoever is no manager: what a service asks, whoever called it."""
    if not by.has_role("manager"):
        raise Refused(said, code="forbidden")
