"""The floor plan over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.viewsets import GenericViewSet

from funnels.models import Funnel, Stage


class StageOut(serializers.ModelSerializer[Stage]):
    class Meta:
        model = Stage
        fields = ["key", "name", "position", "kind", "probability", "expected_days", "explanation", "is_active"]
        read_only_fields = fields


class FunnelOut(serializers.ModelSerializer[Funnel]):
    stages = StageOut(many=True, read_only=True)

    class Meta:
        model = Funnel
        fields = ["key", "name", "kind", "is_default", "stages"]
        read_only_fields = fields


@extend_schema(tags=["stages"])
class FunnelViewSet(mixins.ListModelMixin, GenericViewSet[Funnel]):
    """The funnels with their stages, in order."""

    scope = "metrics"
    roles = ("marketer", "rep", "manager")
    serializer_class = FunnelOut
    pagination_class = None
    filter_backends: list[Any] = []
    queryset = Funnel.objects.prefetch_related("stages").order_by("position", "id")
