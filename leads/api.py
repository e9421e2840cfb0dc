"""Leads, companies and activities over HTTP. Writing goes through the same services as the pages."""

import uuid
from typing import Any

import django_filters as filters
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api import CursorPages, MomentFilter, idempotent, shown, taken
from core.clock import db_now
from core.errors import Refused
from core.prepared import Prepared
from leads import rules, services
from leads.models import Activity, Company, Lead, Standing
from leads.selectors.companies import companies_seen_by
from leads.serializers import (
    ActivityBatchIn,
    ActivityBatchOut,
    ActivityIn,
    ActivityOut,
    CaptureIn,
    CaptureOut,
    CompanyOut,
    LeadIn,
    LeadOut,
)
from leads.services.people import Entry

_whole = Prepared(lambda pk: Standing.objects.with_lead().filter(pk=pk).order_by())


class LeadFilter(filters.FilterSet):
    email = filters.CharFilter(field_name="lead__email_key", lookup_expr="iexact")
    external_id = filters.CharFilter(field_name="lead__external_id")
    stage = filters.CharFilter(field_name="stage__key")
    owner = filters.CharFilter(field_name="owner__email", lookup_expr="iexact")
    source = filters.CharFilter(field_name="lead__source")
    score_min = filters.NumberFilter(field_name="score", lookup_expr="gte", min_value=-32000, max_value=32000)
    created_after = MomentFilter(field_name="lead__created_at", lookup_expr="gte")

    class Meta:
        model = Standing
        fields: list[str] = []


@extend_schema(tags=["leads"])
class LeadViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Standing]):
    """People, best known by e-mail. Newest first."""

    scope = "leads"
    roles = ("marketer", "rep", "manager")
    serializer_class = LeadOut
    pagination_class = CursorPages
    filterset_class = LeadFilter
    lookup_value_regex = r"\d{1,18}"
    queryset = Standing.objects.none()
    sort = "-lead__created_at"

    def get_queryset(self) -> QuerySet[Standing]:
        return Standing.objects.visible_to(self.request.user).with_lead()

    def _answer(self, lead: Lead, code: int) -> Response:
        (row,) = _whole.rows(lead.pk)
        return Response(shown(LeadOut, row), status=code)

    @extend_schema(request=LeadIn, responses={201: LeadOut, 200: LeadOut})
    @idempotent
    def create(self, request: Request) -> Response:
        """Create a lead, or update the one with this e-mail or external id. 201 when it is new."""
        given = taken(LeadIn, request.data)
        try:
            entry, known = self._take(LeadIn.capture(given), request.user)
        except Refused as refusal:  # here the lead's facts stand outermost
            raise Refused(refusal.message, field=refusal.field.removeprefix("lead."), code=refusal.code) from None
        assert entry.lead is not None
        if known or not Lead.standing.is_cached(entry.lead):
            return self._answer(entry.lead, status.HTTP_200_OK if known else status.HTTP_201_CREATED)
        return Response(shown(LeadOut, entry.lead.standing), status=status.HTTP_201_CREATED)

    @staticmethod
    def _take(body: dict[str, Any], by: Any) -> tuple[Entry, bool]:
        """The applied capture with its lead, and whether that was known already. Raises Refused."""
        now = db_now()
        capture = rules.capture_parse(body, now)
        if not capture.names_somebody:
            raise Refused("A lead needs an e-mail or an external id.", field="email")
        entry = Entry(capture, f"api:{uuid.uuid4()}", True, now)
        with transaction.atomic():
            found = services.leads_lookup([entry])
            known = services.lead_in(found, capture)
            # Somebody else's lead may not be rewritten by a rep who cannot see it.
            if known and not Lead.objects.visible_to(by).filter(pk=known.pk).exists():
                raise Refused("This lead exists and belongs to somebody else.", field="email", code="duplicate")
            services.captures_apply([entry], now=now, known=found)
        return entry, known is not None

    @extend_schema(request=LeadIn, responses=LeadOut)
    @idempotent
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change facts of a lead; what is not named stays."""
        lead = self.get_object().lead
        given = LeadIn(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = dict(given.validated_data)
        fields = {name: data.get(name, getattr(lead, name)) for name in rules.LEAD_FIELDS}
        company = data.get("company", {}).get("name")
        consent = data.get("consent_email")
        services.lead_update(
            lead=lead,
            email=data.get("email", lead.email),
            fields=fields,
            custom=rules.json_clean(data.get("custom", {}), "custom"),
            company=company if company is not None else (lead.company.name if lead.company else ""),
            consent=lead.consent_email if consent is None else consent,
        )
        return self._answer(lead, status.HTTP_200_OK)

    @extend_schema(responses=ActivityOut(many=True))
    @action(detail=True, methods=["get"], pagination_class=CursorPages, filterset_class=None)
    def activities(self, request: Request, pk: str) -> Response:
        """What this lead did, newest first."""
        rows = Activity.objects.filter(lead=self.get_object().lead)
        self.sort = "-at"
        page: Any = self.paginate_queryset(rows)  # type: ignore[arg-type]  # activities, not the view's standings
        return self.get_paginated_response(ActivityOut(page, many=True).data)


class CompanyFilter(filters.FilterSet):
    domain = filters.CharFilter(lookup_expr="iexact")
    name = filters.CharFilter(lookup_expr="istartswith")

    class Meta:
        model = Company
        fields: list[str] = []


@extend_schema(tags=["leads"])
class CompanyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Company]):
    scope = "leads"
    roles = ("marketer", "rep", "manager")
    serializer_class = CompanyOut
    pagination_class = CursorPages
    filterset_class = CompanyFilter
    lookup_value_regex = r"\d{1,18}"
    queryset = Company.objects.none()

    def get_queryset(self) -> QuerySet[Company]:
        return companies_seen_by(self.request.user)


@extend_schema(tags=["leads"])
class ActivityViewSet(GenericViewSet[Activity]):
    scope = "leads"
    roles = ("marketer", "rep", "manager")
    serializer_class = ActivityIn
    queryset = Activity.objects.none()
    pagination_class = None
    filter_backends: list[Any] = []

    @extend_schema(request=ActivityIn, responses={201: ActivityOut})
    @idempotent
    def create(self, request: Request) -> Response:
        """Record one activity of a lead you may see."""
        given = taken(ActivityIn, request.data)
        accepted, errors = services.activities_take(
            rows=[given], by=request.user, visible=Lead.objects.visible_to(request.user)
        )
        if errors:
            raise Refused(errors[0].message, field=errors[0].field)
        return Response(shown(ActivityOut, accepted[0]), status=status.HTTP_201_CREATED)

    @extend_schema(request=ActivityBatchIn, responses={200: ActivityBatchOut})
    @action(detail=False, methods=["post"])
    @idempotent
    def batch(self, request: Request) -> Response:
        """Record up to 1,000 activities; each that is wrong is named, the others are kept."""
        given = taken(ActivityBatchIn, request.data)
        good: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for index, row in enumerate(given["activities"]):
            try:
                good.append({**taken(ActivityIn, row), "index": index})
            except ValidationError as error:
                detail: Any = error.detail  # of a serializer: texts by field
                field, texts = next(iter(detail.items()))
                errors.append({"index": index, "field": str(field), "message": str(texts[0])})
        visible = Lead.objects.visible_to(request.user)
        accepted, refused = services.activities_take(rows=good, by=request.user, visible=visible)
        errors += [{"index": one.index, "field": one.field, "message": one.message} for one in refused]
        errors.sort(key=lambda one: one["index"])
        return Response({"accepted": len(accepted), "rejected": errors})


@extend_schema(tags=["leads"])
class CaptureViewSet(GenericViewSet[Any]):
    scope = "leads"
    roles = ("marketer", "manager")
    serializer_class = CaptureIn
    queryset = Lead.objects.none()
    pagination_class = None
    filter_backends: list[Any] = []

    @extend_schema(request=CaptureIn, responses={202: CaptureOut})
    def create(self, request: Request) -> Response:
        """Keep a capture: 202 once it is safe in the inbox. A repeat of the same ``key`` gives the first one."""
        body = taken(CaptureIn, request.data)
        key = body.pop("key", "") or request.headers.get("Idempotency-Key", "")[:100] or str(uuid.uuid4())
        item, new = services.capture_accept(source=f"api:{request.user.pk}", key=key, body=body)
        out = {"id": item.pk, "key": key, "new": new}
        return Response(out, status=status.HTTP_202_ACCEPTED)
