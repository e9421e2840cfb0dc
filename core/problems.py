"""API errors in the RFC 9457 'problem' form, naming the field that is wrong."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from core.errors import Conflict, Refused

# What a refusal of these codes is in HTTP; any other is 422.
NO = {"forbidden": (403, "Not allowed"), "role": (403, "Not allowed"), "missing": (404, "Not found")}


def _translate(error: Exception) -> Exception:
    if isinstance(error, Refused):
        return error
    if isinstance(error, ValidationError):
        return exceptions.ValidationError(getattr(error, "message_dict", None) or error.messages)
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    return error


def _flatten(detail: Any, path: str = "") -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [
            row
            for name, inner in detail.items()
            for row in _flatten(inner, path if name == "non_field_errors" else f"{path}.{name}".strip("."))
        ]
    if isinstance(detail, list) and any(isinstance(inner, (dict, list)) for inner in detail):
        return [row for index, inner in enumerate(detail) for row in _flatten(inner, f"{path}[{index}]")]
    if isinstance(detail, list):
        return [{"field": path, "message": str(inner)} for inner in detail]
    return [{"field": path, "message": str(detail)}]


def problem_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF exception handler: ``{type, title, status, detail, errors: [{field, message}]}``."""
    error = _translate(error)
    if isinstance(error, Refused):
        set_rollback()
        status, title = (409, "Conflict") if isinstance(error, Conflict) else NO.get(error.code, (422, "Refused"))
        body = {"type": f"about:blank#{error.code}", "title": title}
        return Response(
            body
            | {
                "status": status,
                "detail": error.message,
                "errors": [{"field": error.field, "message": error.message}],
            },
            status=status,
            content_type="application/problem+json",
        )
    response = exception_handler(error, context)
    if response is None:
        return None
    errors = _flatten(getattr(error, "detail", str(error)))
    response.data = {
        "type": "about:blank",
        "title": str(getattr(error, "default_detail", "") or response.status_text),
        "status": response.status_code,
        "detail": errors[0]["message"] if errors else "",
        "errors": errors,
    }
    response.content_type = "application/problem+json"
    return response
