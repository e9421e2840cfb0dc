"""django-csp's header, made once: its text is the same for every answer that asks for nothing of its own."""

from functools import cached_property

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class PolicyMiddleware(CSPMiddleware):
    """As django-csp's; a nonce, a decorator on the view, or a policy that is only reported go its longer way."""

    @cached_property
    def plain(self) -> str:
        return build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        own = getattr(request, "_csp_nonce", None) or any(name.startswith("_csp_") for name in vars(response))
        if own or settings.DEBUG or getattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY", None):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self.plain)
        return response
