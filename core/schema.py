"""What the API's schema says of every operation: the repeat key, and how each says no."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    description=(
        "Makes a repeat harmless: the first answer is given again, for 24 hours, with `Idempotent-Replayed: true`. "
        "The same key with another body is refused with 422; while the first is being done, 409."
    ),
)
PROBLEM = {
    "type": "object",
    "description": "How the API says no (RFC 9457).",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string", "description": "The input at fault, empty when it is the whole"},
                    "message": {"type": "string"},
                },
            },
        },
    },
}
READS = {"400": "A filter makes no sense", "401": "No token", "403": "Not for this role or token", "404": "Not there"}
WRITES = {
    **READS,
    "400": "The input makes no sense; the field is named",
    "409": "Somebody else was first",
    "415": "Send application/json",
    "422": "A rule says no; the field is named",
}
METHODS = ("get", "post", "patch", "put", "delete")


class ApiSchema(AutoSchema):
    def get_override_parameters(self) -> list[Any]:
        handler = getattr(self.view, getattr(self.view, "action", None) or self.method.lower(), None)
        return [KEY] if getattr(handler, "takes_key", False) else []


def problems_told(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Spectacular hook: every operation may answer with a problem."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, operations in result["paths"].items():
        if "/v1/" not in path:
            continue
        for method in METHODS:
            if method in operations:
                told = READS if method == "get" else WRITES
                for code, words in told.items():
                    operations[method]["responses"].setdefault(code, {"description": words, "content": content})
    return result
