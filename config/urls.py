"""The front door."""

from django.urls import include, path

urlpatterns = [
    path("", include("core.urls")),
    path("api/", include("config.api")),
    path("", include("team.urls")),
    path("", include("funnels.urls")),
    path("", include("leads.urls")),
    path("", include("scoring.urls")),
    path("", include("handoff.urls")),
    path("", include("deals.urls")),
    path("", include("insights.urls")),
    path("", include("desk.urls")),
    path("", include("intake.urls")),
]

handler404 = "core.views.not_found"
