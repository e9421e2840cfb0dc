"""The numbers over HTTP, as defined once in ``insights/metrics``."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from insights.boards import common
from insights.forms import FilterForm
from insights.metrics import funnel, handoffs, pipeline, sales
from insights.metrics.opened import open_now
from insights.rules.periods import CHOICES
from insights.selectors import path_now

FILTERS = [
    OpenApiParameter("period", OpenApiTypes.STR, enum=list(CHOICES), description="Default: this quarter"),
    OpenApiParameter("from", OpenApiTypes.DATE, description="With period=custom"),
    OpenApiParameter("to", OpenApiTypes.DATE, description="With period=custom"),
    OpenApiParameter("view", OpenApiTypes.STR, enum=["cohort", "activity"]),
    OpenApiParameter("source", OpenApiTypes.STR),
    OpenApiParameter("campaign", OpenApiTypes.STR),
    OpenApiParameter("owner", OpenApiTypes.INT),
    OpenApiParameter("team", OpenApiTypes.INT),
    OpenApiParameter("pipeline", OpenApiTypes.INT),
]


class PeriodOut(serializers.Serializer[Any]):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class SpreadOut(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)
    p90 = serializers.FloatField(allow_null=True)


class StepOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    half = serializers.CharField(help_text="marketing, handoff, sales or customer")
    count = serializers.IntegerField(help_text="Distinct people who first reached this step")
    conversion = serializers.FloatField(allow_null=True, help_text="Of the step before, in percent")
    overall = serializers.FloatField(allow_null=True, help_text="Of the first step, in percent")
    still_open = serializers.IntegerField()
    stalled = serializers.IntegerField()
    recycled = serializers.IntegerField()
    lost = serializers.IntegerField()
    days = SpreadOut(allow_null=True)


class FunnelMetricsOut(serializers.Serializer[Any]):
    as_of = serializers.DateTimeField(allow_null=True)
    view = serializers.ChoiceField(choices=["cohort", "activity"])
    period = PeriodOut()
    steps = StepOut(many=True)


class SpeedOut(serializers.Serializer[Any]):
    assigned = serializers.IntegerField()
    answered = serializers.IntegerField()
    in_time = serializers.IntegerField()
    share_in_time = serializers.FloatField(allow_null=True)
    seconds = SpreadOut()


class SalesMetricsOut(serializers.Serializer[Any]):
    period = PeriodOut()
    currency = serializers.CharField()
    won = serializers.IntegerField()
    lost = serializers.IntegerField()
    win_rate = serializers.FloatField(allow_null=True, help_text="won / (won + lost), by close date, in percent")
    won_value = serializers.DecimalField(max_digits=20, decimal_places=2)
    average_won = serializers.DecimalField(max_digits=20, decimal_places=2, allow_null=True)
    cycle_days = SpreadOut()
    open_deals = serializers.IntegerField()
    open_value = serializers.DecimalField(max_digits=20, decimal_places=2)
    weighted_value = serializers.DecimalField(max_digits=20, decimal_places=2)
    velocity_a_day = serializers.FloatField(allow_null=True)
    speed_to_lead = SpeedOut()


def _period(scope: Any) -> dict[str, Any]:
    return {"start": scope.period.start, "end": scope.period.end}


class FunnelMetrics(APIView):
    scope = "metrics"
    roles = ("marketer", "manager")

    @extend_schema(tags=["metrics"], parameters=FILTERS, responses=FunnelMetricsOut)
    def get(self, request: Request) -> Response:
        """Both funnels as one path: who first reached each step, and where the others went."""
        scope, path = FilterForm(request.query_params).scope(request.user), path_now()
        fresh = common.catch_up()
        days = funnel.spans(scope, path)
        steps = [
            {
                "name": path.steps[one.rank].name,
                "half": path.steps[one.rank].half,
                "count": one.count,
                "conversion": one.conversion,
                "overall": one.overall,
                "still_open": one.open,
                "stalled": one.stalled,
                "recycled": one.recycled,
                "lost": one.lost,
                "days": days.get(one.rank),
            }
            for one in funnel.steps(scope, path)
        ]
        view = "cohort" if scope.cohort else "activity"
        out = {"as_of": fresh.as_of, "view": view, "period": _period(scope), "steps": steps}
        return Response(FunnelMetricsOut(out).data)


class SalesMetrics(APIView):
    scope = "metrics"
    roles = ("rep", "manager")

    @extend_schema(tags=["metrics"], parameters=FILTERS, responses=SalesMetricsOut)
    def get(self, request: Request) -> Response:
        """Win rate, average deal, cycle, pipeline and speed to lead."""
        scope = FilterForm(request.query_params).scope(request.user)
        path = path_now()
        common.catch_up()
        closed, speed = sales.sales(scope), handoffs.speed(scope)
        opened = pipeline.pipeline(open_now(scope, path).cells, path, closed)
        out = {
            "period": _period(scope),
            "currency": scope.currency,
            "won": closed.won,
            "lost": closed.lost,
            "win_rate": closed.win_rate,
            "won_value": closed.won_value,
            "average_won": closed.average,
            "cycle_days": closed.cycle,
            "open_deals": opened.deals,
            "open_value": opened.value,
            "weighted_value": opened.weighted,
            "velocity_a_day": opened.velocity,
            "speed_to_lead": {**speed.__dict__, "share_in_time": speed.share},
        }
        return Response(SalesMetricsOut(out).data)
