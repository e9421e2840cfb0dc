"""What every part of the API shares: paging by cursor, requests that may be repeated, one serializer base."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, timedelta
from functools import cache, wraps
from typing import Any

import django_filters as filters
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import Q
from django_filters.fields import IsoDateTimeField
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.utils.urls import remove_query_param, replace_query_param

from core.attempt import attempt
from core.clock import db_now
from core.errors import Conflict, Refused
from core.forgetting import ANSWERS_KEPT
from core.keyset import keyset_page
from core.models import IdempotentRequest

ABANDONED = timedelta(seconds=20)  # whoever had the request in hand is taken for dead


@cache
def _of(kind: type[Serializer[Any]]) -> Serializer[Any]:
    """One of each kind for the whole process: making its fields anew costs more than using them."""
    return kind()


def taken(kind: type[Serializer[Any]], data: Any) -> dict[str, Any]:
    """What a client sent, as a serializer of this kind understands it. Raises DRF's ValidationError naming fields.

    Only for serializers without a context and without ``partial``.
    """
    found: dict[str, Any] = _of(kind).run_validation(data)
    return found


def shown(kind: type[Serializer[Any]], row: Any) -> dict[str, Any]:
    """A row as a serializer of this kind shows it; only for serializers without a context."""
    found: dict[str, Any] = _of(kind).to_representation(row)
    return found


class Negotiation(DefaultContentNegotiation):
    """JSON is all there is: who takes anything, or asks for just that, needs no weighing of types."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        plain = not format_suffix and not request.META.get("QUERY_STRING") and len(renderers) == 1
        if plain and request.META.get("HTTP_ACCEPT", "*/*") in ("*/*", renderers[0].media_type):
            return renderers[0], renderers[0].media_type
        return super().select_renderer(request, renderers, format_suffix)


class CursorPages(BasePagination):
    """``?cursor=`` from the answer's ``next``, ``?limit=`` up to 200. The view names its order in ``sort``."""

    default, most = 50, 200

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        self.request = request
        text = request.query_params.get("limit", "")
        size = (
            max(1, min(self.most, int(text))) if text.isascii() and text.isdigit() and len(text) < 6 else self.default
        )
        cursor = request.query_params.get("cursor", "")
        self.page = keyset_page(queryset, sort=getattr(view, "sort", "-pk"), cursor=cursor, size=size)
        return self.page.rows

    def _link(self, cursor: str) -> str | None:
        if not cursor:
            return None
        return replace_query_param(remove_query_param(self.request.build_absolute_uri(), "cursor"), "cursor", cursor)

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {"next": self._link(self.page.next), "previous": self._link(self.page.previous), "results": data}
        )

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": link, "previous": link, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}},
            {
                "name": "limit",
                "in": "query",
                "required": False,
                "schema": {"type": "integer", "minimum": 1, "maximum": self.most, "default": self.default},
            },
        ]


class MomentField(IsoDateTimeField):
    """A time of any offset, read as UTC: a database knows fewer offsets than ISO 8601 does."""

    def to_python(self, value: Any) -> Any:
        moment = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentField


def _fingerprint(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, cls=DjangoJSONEncoder)
    return hashlib.sha256(f"{request.method} {request.get_full_path()}\n{body}".encode()).hexdigest()


def idempotent(method: Callable[..., Response]) -> Callable[..., Response]:
    """A write that may be sent again with the same ``Idempotency-Key``: the first answer is given again.

    The answer is kept in the transaction of the write, for 24 hours. The same key with another body: 422; while the
    first is still being done: 409, until it must be taken for dead (its server was killed). A refused request keeps
    nothing, so that it can be corrected and sent again.
    """

    @wraps(method)
    def guarded(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            return method(view, request, *args, **kwargs)
        if len(key) > 200 or not key.isprintable():
            raise Refused("An Idempotency-Key is 1 to 200 printable characters.", field="Idempotency-Key")
        row, first = _begin(request, key)
        if not first:
            return Response(row.body, status=row.status, headers={"Idempotent-Replayed": "true"})
        try:
            with transaction.atomic():
                response = method(view, request, *args, **kwargs)
                body = json.loads(json.dumps(response.data, cls=DjangoJSONEncoder))
                mine = IdempotentRequest.objects.filter(pk=row.pk)
                if not mine.update(status=response.status_code, body=body):
                    # so slow that it was taken for dead, and is being done again: that one counts, this never was
                    raise Conflict("This request took too long. Send it again.", field="Idempotency-Key")
        except BaseException:
            IdempotentRequest.objects.filter(pk=row.pk, status=None).delete()
            raise
        return response

    guarded.takes_key = True  # type: ignore[attr-defined]
    return guarded


def _begin(request: Request, key: str) -> tuple[IdempotentRequest, bool]:
    fingerprint, now = _fingerprint(request), db_now()
    user: Any = request.user
    mine = IdempotentRequest.objects.filter(user=user, key=key)
    over = Q(created_at__lt=now - ANSWERS_KEPT) | Q(status=None, created_at__lt=now - ABANDONED)
    while True:
        try:
            with attempt():
                fields: dict[str, Any] = {"user": user, "key": key, "fingerprint": fingerprint}
                return IdempotentRequest.objects.create(created_at=now, **fields), True
        except IntegrityError:
            if not mine.filter(over).delete()[0]:
                break
    found = mine.first()
    if found is None or (found.fingerprint == fingerprint and found.status is None):
        raise Conflict("A request with this Idempotency-Key is still being done.", field="Idempotency-Key")
    if found.fingerprint != fingerprint:
        raise Refused("This Idempotency-Key was used for another request.", field="Idempotency-Key")
    return found, False
