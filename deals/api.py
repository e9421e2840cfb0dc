"""Deals over HTTP."""

from typing import Any

import django_filters as filters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api import CursorPages, MomentFilter, idempotent
from core.errors import Refused
from deals import services
from deals.models import Deal, LostReason
from funnels.models import Funnel, Stage
from leads.models import Lead
from leads.selectors.companies import companies_seen_by


class DealOut(serializers.ModelSerializer[Deal]):
    lead = serializers.IntegerField(source="lead_id", read_only=True, allow_null=True)
    company = serializers.IntegerField(source="company_id", read_only=True, allow_null=True)
    owner = serializers.EmailField(source="owner.email", read_only=True, allow_null=True, default=None)
    pipeline = serializers.CharField(source="stage.funnel.key", read_only=True)
    stage = serializers.CharField(source="stage.key", read_only=True)
    probability = serializers.IntegerField(source="stage.probability", read_only=True)
    lost_reason = serializers.CharField(source="lost_reason.code", read_only=True, allow_null=True, default=None)

    class Meta:
        model = Deal
        fields = [
            *("id", "name", "lead", "company", "owner", "pipeline", "stage", "stage_since", "seq", "probability"),
            *(
                "amount",
                "currency",
                "expected_close",
                "source",
                "budget",
                "authority",
                "need",
                "timeline",
                "next_step",
            ),
            *("lost_reason", "objection", "external_id", "created_at", "accepted_at", "closed_at"),
        ]
        read_only_fields = fields


class DealFacts(serializers.Serializer[Any]):
    name = serializers.CharField(required=False, max_length=160)
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True)
    currency = serializers.RegexField(r"^[A-Za-z]{3}$", required=False)
    expected_close = serializers.DateField(required=False, allow_null=True)
    budget = serializers.CharField(required=False, allow_blank=True, max_length=300)
    authority = serializers.CharField(required=False, allow_blank=True, max_length=300)
    need = serializers.CharField(required=False, allow_blank=True, max_length=300)
    timeline = serializers.CharField(required=False, allow_blank=True, max_length=300)
    next_step = serializers.CharField(required=False, allow_blank=True, max_length=200)


class DealIn(serializers.Serializer[Any]):
    name = serializers.CharField(required=False, allow_blank=True, max_length=160, default="")
    lead = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    company = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    pipeline = serializers.CharField(required=False, max_length=40, help_text="Key of a sales pipeline")
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0, required=False, allow_null=True)
    currency = serializers.RegexField(r"^[A-Za-z]{3}$", required=False)
    expected_close = serializers.DateField(required=False, allow_null=True)


class MoveIn(serializers.Serializer[Any]):
    stage = serializers.CharField(max_length=40, help_text="Key of a stage of the deal's pipeline")
    seq = serializers.IntegerField(
        required=False, min_value=0, max_value=2**31 - 1, help_text="As read; refused with 409 if it moved meanwhile"
    )


class WinIn(serializers.Serializer[Any]):
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, min_value=0, required=False)


class LoseIn(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=40, help_text="Code of a lost reason")
    objection = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")
    nurture = serializers.BooleanField(required=False, default=False, help_text="Send the lead back to marketing")


class DealFilter(filters.FilterSet):
    pipeline = filters.CharFilter(field_name="stage__funnel__key")
    stage = filters.CharFilter(field_name="stage__key")
    owner = filters.CharFilter(field_name="owner__email", lookup_expr="iexact")
    lead = filters.NumberFilter(field_name="lead_id", min_value=0, max_value=2**62)
    closed_after = MomentFilter(field_name="closed_at", lookup_expr="gte")
    external_id = filters.CharFilter()

    class Meta:
        model = Deal
        fields: list[str] = []


def _visible(rows: Any, pk: int | None, name: str) -> Any:
    """The row of that id among those one may see; None for no id. Raises Refused naming the field."""
    if pk is None:
        return None
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Refused(f"There is no such {name}.", field=name)
    return found


@extend_schema(tags=["deals"])
class DealViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Deal]):
    scope = "deals"
    roles = ("rep", "manager")  # amounts are not for marketing alone
    serializer_class = DealOut
    pagination_class = CursorPages
    filterset_class = DealFilter
    lookup_value_regex = r"\d{1,18}"
    queryset = Deal.objects.none()
    sort = "-created_at"

    def get_queryset(self) -> QuerySet[Deal]:
        rows = Deal.objects.visible_to(self.request.user)
        return rows.select_related("stage__funnel", "owner", "lost_reason")

    def _worked(self) -> Deal:
        """The deal, when the person may work on it; 404 when they do not see it, 403 when they only see it."""
        deal: Deal = self.get_object()
        if not Deal.objects.editable_by(self.request.user).filter(pk=deal.pk).exists():
            raise PermissionDenied
        return deal

    def _answer(self, deal: Deal, code: int = status.HTTP_200_OK) -> Response:
        row = Deal.objects.select_related("stage__funnel", "owner", "lost_reason").get(pk=deal.pk)
        return Response(DealOut(row).data, status=code)

    @staticmethod
    def _read(serializer: serializers.Serializer[Any]) -> dict[str, Any]:
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    @extend_schema(request=DealIn, responses={201: DealOut})
    @idempotent
    def create(self, request: Request) -> Response:
        """Open a deal that no handoff opened."""
        data = self._read(DealIn(data=request.data))
        pipeline = None
        if key := data.pop("pipeline", ""):
            pipeline = Funnel.objects.filter(key=key, kind=Funnel.Kind.SALES).first()
            if pipeline is None:
                raise Refused("There is no such pipeline.", field="pipeline")
        lead = _visible(Lead.objects.visible_to(request.user), data.pop("lead", None), "lead")
        company = _visible(companies_seen_by(request.user), data.pop("company", None), "company")
        deal = services.deal_create(by=request.user, lead=lead, company=company, pipeline=pipeline, **data)
        return self._answer(deal, status.HTTP_201_CREATED)

    @extend_schema(request=DealFacts, responses=DealOut)
    @idempotent
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change facts; what is not named stays."""
        data = self._read(DealFacts(data=request.data, partial=True))
        return self._answer(services.deal_update(deal=self._worked(), by=request.user, values=data))

    @extend_schema(request=MoveIn, responses=DealOut)
    @action(detail=True, methods=["post"])
    @idempotent
    def move(self, request: Request, pk: str) -> Response:
        """Move to another stage of its pipeline."""
        deal = self._worked()
        data = self._read(MoveIn(data=request.data))
        stages = Stage.objects.select_related("funnel").filter(funnel=deal.stage.funnel_id)
        to = stages.filter(key=data["stage"]).first()
        if to is None:
            raise Refused("This pipeline has no such stage.", field="stage")
        return self._answer(services.deal_move(deal=deal, to=to, by=request.user, seq=data.get("seq")))

    @extend_schema(request=WinIn, responses=DealOut)
    @action(detail=True, methods=["post"])
    @idempotent
    def win(self, request: Request, pk: str) -> Response:
        """Won: the lead becomes a customer."""
        data = self._read(WinIn(data=request.data))
        return self._answer(services.deal_win(deal=self._worked(), by=request.user, amount=data.get("amount")))

    @extend_schema(request=LoseIn, responses=DealOut)
    @action(detail=True, methods=["post"])
    @idempotent
    def lose(self, request: Request, pk: str) -> Response:
        """Lost, with a coded reason."""
        deal = self._worked()
        data = self._read(LoseIn(data=request.data))
        reason = LostReason.objects.filter(code=data["reason"]).first()
        if reason is None:
            raise Refused("There is no such reason.", field="reason")
        data["reason"] = reason
        return self._answer(services.deal_lose(deal=deal, by=request.user, **data))
