"""The API's front door: one router over every room."""

from django.urls import include, path
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import IsAuthenticated
from rest_framework.routers import SimpleRouter

from deals.api import DealViewSet
from funnels.api import FunnelViewSet
from handoff.api import HandoffViewSet
from insights.api import FunnelMetrics, SalesMetrics
from leads.api import ActivityViewSet, CaptureViewSet, CompanyViewSet, LeadViewSet
from scoring.api import ScoreViewSet

router = SimpleRouter()
router.register("leads", LeadViewSet, basename="api-leads")
router.register("companies", CompanyViewSet, basename="api-companies")
router.register("activities", ActivityViewSet, basename="api-activities")
router.register("captures", CaptureViewSet, basename="api-captures")
router.register("scores", ScoreViewSet, basename="api-scores")
router.register("handoffs", HandoffViewSet, basename="api-handoffs")
router.register("deals", DealViewSet, basename="api-deals")
router.register("funnels", FunnelViewSet, basename="api-funnels")

urlpatterns = [
    path("v1/", include(router.urls)),
    path("v1/metrics/funnel/", FunnelMetrics.as_view(), name="api-metrics-funnel"),
    path("v1/metrics/sales/", SalesMetrics.as_view(), name="api-metrics-sales"),
    path("schema/", SpectacularAPIView.as_view(permission_classes=[IsAuthenticated]), name="api-schema"),
    path("docs/", require_safe(TemplateView.as_view(template_name="core/api_docs.html")), name="api-docs"),
]
