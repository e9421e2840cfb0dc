"""The front door."""

from django.urls import include, path

urlpatterns = [
    path("", include("core.urls")),
    path("", include("team.urls")),
    path("", include("desk.urls")),
]
