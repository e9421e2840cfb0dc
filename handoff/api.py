"""Handoffs over HTTP: see them, accept them, reject them with a reason."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.api import CursorPages, idempotent
from core.errors import Refused
from handoff import rules, selectors, services
from handoff.models import Handoff

DECIDERS = ("rep", "manager")


class HandoffOut(serializers.ModelSerializer[Handoff]):
    lead = serializers.IntegerField(source="lead_id", read_only=True)
    rep = serializers.EmailField(source="rep.email", read_only=True, allow_null=True, default=None)
    decided_by = serializers.EmailField(source="decided_by.email", read_only=True, allow_null=True, default=None)
    reject_reason = serializers.CharField(source="reject_reason.code", read_only=True, allow_null=True, default=None)

    first_assigned_at = serializers.DateTimeField(read_only=True, allow_null=True, default=None)
    system_seconds = serializers.SerializerMethodField(help_text="From passing the bar to the first rep")
    human_seconds = serializers.SerializerMethodField(help_text="From the present rep's start to the first answer")
    in_time = serializers.SerializerMethodField(help_text="The first answer came by due_at; null while there is none")

    def get_system_seconds(self, handoff: Handoff) -> float | None:
        return rules.clocks_seconds(handoff)[0]

    def get_human_seconds(self, handoff: Handoff) -> float | None:
        return rules.clocks_seconds(handoff)[1]

    def get_in_time(self, handoff: Handoff) -> bool | None:
        return rules.in_time(handoff)

    class Meta:
        model = Handoff
        fields = [
            *("id", "lead", "cycle", "state", "why", "instant", "score", "grade", "opened_at", "rep", "assigned_at"),
            *("due_at", "escalated_at", "reroutes", "responded_at", "decided_at", "decided_by", "reject_reason"),
            *("reject_note", "first_assigned_at", "warn_at", "system_seconds", "human_seconds", "in_time"),
        ]
        read_only_fields = fields


class RejectIn(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=40, help_text="Code of a reject reason")
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class GiveBackIn(serializers.Serializer[Any]):
    why = serializers.CharField(max_length=120, help_text="Why it is somebody else's")


class ReassignIn(serializers.Serializer[Any]):
    to = serializers.EmailField(help_text="E-mail of the rep who gets it")


class HandoffFilter(filters.FilterSet):
    state = filters.ChoiceFilter(choices=Handoff.State.choices)
    rep = filters.CharFilter(field_name="rep__email", lookup_expr="iexact")
    lead = filters.NumberFilter(field_name="lead_id", min_value=0, max_value=2**62)

    class Meta:
        model = Handoff
        fields: list[str] = []


@extend_schema(tags=["handoffs"])
class HandoffViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Handoff]):
    scope = "handoffs"
    roles = ("marketer", "rep", "manager")
    serializer_class = HandoffOut
    pagination_class = CursorPages
    filterset_class = HandoffFilter
    lookup_value_regex = r"\d{1,18}"
    queryset = Handoff.objects.none()
    sort = "-opened_at"

    def get_queryset(self) -> QuerySet[Handoff]:
        rows = Handoff.objects.visible_to(self.request.user).with_first_rep()
        return rows.select_related("rep", "decided_by", "reject_reason")

    def _decided(self, handoff: Handoff) -> Response:
        return Response(HandoffOut(selectors.handoff_full().get(pk=handoff.pk)).data)

    @extend_schema(request=None, responses=HandoffOut)
    @action(detail=True, methods=["post"], roles=DECIDERS)
    @idempotent
    def accept(self, request: Request, pk: str) -> Response:
        """Take the lead: it is an SQL from now."""
        return self._decided(services.handoff_accept(handoff_id=self.get_object().pk, by=request.user))

    @extend_schema(request=RejectIn, responses=HandoffOut)
    @action(detail=True, methods=["post"], roles=DECIDERS)
    @idempotent
    def reject(self, request: Request, pk: str) -> Response:
        """Give the lead back with a coded reason."""
        handoff = self.get_object()
        given = RejectIn(data=request.data)
        given.is_valid(raise_exception=True)
        row = services.handoff_reject(
            handoff_id=handoff.pk,
            by=request.user,
            reason_code=given.validated_data["reason"],
            note=given.validated_data["note"],
        )
        return self._decided(row)

    @extend_schema(request=None, responses=HandoffOut)
    @action(detail=True, methods=["post"], roles=DECIDERS)
    @idempotent
    def undo(self, request: Request, pk: str) -> Response:
        """Take the accept or reject back: for ten minutes, a manager for a day, while nothing else has happened."""
        return self._decided(services.handoff_undo(handoff_id=self.get_object().pk, by=request.user))

    @extend_schema(request=GiveBackIn, responses=HandoffOut)
    @action(detail=True, methods=["post"], roles=DECIDERS, url_path="give-back")
    @idempotent
    def give_back(self, request: Request, pk: str) -> Response:
        """Not mine: back to routing, which finds somebody else. This is no reject."""
        handoff = self.get_object()
        given = GiveBackIn(data=request.data)
        given.is_valid(raise_exception=True)
        why = given.validated_data["why"]
        return self._decided(services.handoff_give_back(handoff_id=handoff.pk, by=request.user, why=why))

    @extend_schema(request=ReassignIn, responses=HandoffOut)
    @action(detail=True, methods=["post"], roles=("manager",))
    @idempotent
    def reassign(self, request: Request, pk: str) -> Response:
        """Give it to another rep."""
        handoff = self.get_object()
        given = ReassignIn(data=request.data)
        given.is_valid(raise_exception=True)
        to = selectors.reps_for(request.user).filter(email__iexact=given.validated_data["to"]).first()
        if to is None:
            raise Refused("There is no active rep with this e-mail.", field="to")
        return self._decided(services.handoff_reassign(handoff_id=handoff.pk, to=to, by=request.user))

    @extend_schema(request=None, responses=HandoffOut)
    @action(detail=True, methods=["post"], roles=("rep",), url_path="take-over")
    @idempotent
    def take_over(self, request: Request, pk: str) -> Response:
        """Take it over from a colleague of the own team who is away, has left or is late."""
        return self._decided(services.handoff_take_over(handoff_id=int(pk), by=request.user))
