"""Scores over HTTP, each with the points it is made of."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from core.clock import db_now
from core.errors import Refused
from leads.models import Standing
from scoring.selectors import score_explain


class PartOut(serializers.Serializer[Any]):
    """One line of the sum; ``points`` of all lines add up to the score exactly."""

    rule = serializers.IntegerField(source="rule_id", allow_null=True)
    group = serializers.CharField()
    name = serializers.CharField()
    why = serializers.CharField()
    points = serializers.DecimalField(max_digits=8, decimal_places=1)
    awarded = serializers.IntegerField(source="award")
    activity = serializers.IntegerField(source="activity_id", allow_null=True)
    at = serializers.DateTimeField(allow_null=True)
    half_on = serializers.DateField(allow_null=True)
    gone_on = serializers.DateField(allow_null=True)
    capped = serializers.CharField(help_text="Why it gives less than it would")


class ScoreOut(serializers.Serializer[Any]):
    lead = serializers.IntegerField()
    score = serializers.IntegerField()
    fit = serializers.IntegerField()
    engagement = serializers.IntegerField()
    negative = serializers.IntegerField(help_text="What is taken from fit and engagement; the score is never below 0")
    grade = serializers.CharField()
    reason = serializers.CharField()
    bar = serializers.IntegerField(allow_null=True, help_text="The MQL bar")
    as_of = serializers.DateTimeField()
    parts = PartOut(many=True, source="lines")


@extend_schema(tags=["scores"])
class ScoreViewSet(GenericViewSet[Standing]):
    scope = "leads"
    roles = ("marketer", "rep", "manager")
    serializer_class = ScoreOut
    queryset = Standing.objects.none()
    lookup_value_regex = r"\d{1,18}"
    pagination_class = None
    filter_backends: list[Any] = []

    def get_queryset(self) -> QuerySet[Standing]:
        return Standing.objects.visible_to(self.request.user).select_related("lead")

    @extend_schema(responses=ScoreOut)
    def retrieve(self, request: Request, pk: str) -> Response:
        """The score of a lead as of now, taken apart."""
        lead = self.get_object().lead
        now = db_now()
        explained = score_explain(lead, now)
        if explained is None:
            raise Refused("No scoring model is active.")
        out = {**explained.__dict__, "lead": lead.pk, "as_of": now}
        return Response(ScoreOut(out).data)
