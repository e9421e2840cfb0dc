from django.urls import path

from intake import views

app_name = "intake"
urlpatterns = [
    path("imports/", views.imports, name="imports"),
    path("imports/<int:pk>/", views.import_run, name="run"),
    path("imports/<int:pk>/map/", views.import_map, name="map"),
    path("imports/<int:pk>/start/", views.import_start, name="start"),
    path("imports/<int:pk>/cancel/", views.import_cancel, name="cancel"),
    path("imports/<int:pk>/delete/", views.import_delete, name="delete"),
    path("imports/<int:pk>/status/", views.import_status, name="status"),
    path("imports/<int:pk>/rejected.csv", views.import_rejected, name="rejected"),
]
