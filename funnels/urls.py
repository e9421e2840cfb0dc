from django.urls import path

from funnels import views

app_name = "funnels"
urlpatterns = [
    path("stages/", views.stages, name="stages"),
    path("stages/<int:pk>/", views.stage_edit, name="stage_edit"),
    path("stages/<int:pk>/shift/", views.stage_shift, name="stage_shift"),
    path("stages/<int:pk>/remove/", views.stage_remove, name="stage_remove"),
    path("stages/<int:pk>/restore/", views.stage_restore, name="stage_restore"),
    path("stages/pipelines/", views.pipeline_add, name="pipeline_add"),
    path("stages/pipelines/<int:pk>/add/", views.stage_add, name="stage_add"),
    path("stages/pipelines/<int:pk>/rename/", views.funnel_rename, name="funnel_rename"),
    path("stages/pipelines/<int:pk>/default/", views.pipeline_default, name="pipeline_default"),
]
