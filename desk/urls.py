from django.urls import path

from desk import catalogue, house, relief, views

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
    path("queue/", views.queue, name="queue"),
    path("queue/list/", views.queue_list, name="queue_list"),
    path("queue/<str:key>/", views.queue_panel, name="queue_panel"),
    path("queue/reject/<int:pk>/", views.reject_form, name="reject_form"),
    path("leads/<int:pk>/", views.lead, name="lead"),
    path("leads/<int:pk>/brief/", views.brief, name="brief"),
    path("leads/<int:pk>/timeline/", views.lead_timeline, name="lead_timeline"),
    path("leads/<int:pk>/log/<slug:kind>/", views.log_form, name="log_form"),
    path("leads/<int:pk>/log/<slug:kind>/save/", views.lead_log, name="lead_log"),
    path("relief/", relief.relief, name="relief"),
    path("relief/<int:pk>/", relief.relief_job, name="relief_job"),
    path("relief/<int:pk>/cancel/", relief.relief_cancel, name="relief_cancel"),
    path("deliveries/", house.deliveries, name="deliveries"),
    path("deliveries/retry/", house.deliveries_retry, name="deliveries_retry"),
    path("styleguide/", catalogue.styleguide, name="styleguide"),
    path("search/", views.search, name="search"),
]
