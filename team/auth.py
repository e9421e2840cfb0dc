"""Token authentication and scope enforcement of the API."""

import hashlib
from typing import Any

from django.utils import timezone
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core.prepared import Prepared
from team.models import ApiToken

_live_tokens = Prepared(
    lambda digest: ApiToken.objects.select_related("user__team").filter(revoked_at=None, digest=digest).order_by()
)


def token_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <token>``. A revoked token and one of an inactive person are refused."""

    keyword = "Bearer"

    def authenticate(self, request: Request) -> tuple[Any, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != b"bearer":
            return None
        if len(parts) != 2:
            raise exceptions.AuthenticationFailed("Send 'Authorization: Bearer <token>'.")
        digest = token_digest(parts[1].decode("latin-1"))
        token = _live_tokens.first(digest)
        if token is None or not token.user.is_active:
            raise exceptions.AuthenticationFailed("This token is unknown or was revoked.")
        now = timezone.now()
        if token.last_used_at is None or (now - token.last_used_at).total_seconds() > 300:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class ScopePermission(BasePermission):
    """A view names its ``scope`` ("leads"); reading needs ``leads:read``, the rest ``leads:write``.

    A browser session (no token) has every scope its person's roles allow. ``roles`` on the view, when set,
    names the roles that may use it at all.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        user: Any = request.user
        if not user.is_authenticated:
            return False
        roles = getattr(view, "roles", None)
        if roles and not user.has_role(*roles):
            return False
        if not isinstance(request.auth, ApiToken):
            return True
        kind = "read" if request.method in ("GET", "HEAD", "OPTIONS") else "write"
        return f"{view.scope}:{kind}" in request.auth.scopes
