from django.urls import path

from scoring import backtest_views, learn_views, met_views, shadow_views, views

app_name = "scoring"
urlpatterns = [
    path("scoring/", views.desk, name="desk"),
    path("scoring/progress/", views.progress, name="progress"),
    path("scoring/versions/", views.versions, name="versions"),
    path("scoring/draft/", views.draft, name="draft"),
    path("scoring/models/<int:pk>/", views.model, name="model"),
    path("scoring/models/<int:pk>/preview/", views.preview, name="preview"),
    path("scoring/models/<int:pk>/activate/", views.activate, name="activate"),
    path("scoring/models/<int:pk>/discard/", views.discard, name="discard"),
    path("scoring/models/<int:pk>/rules/new/<str:group>/", views.rule_new, name="rule_new"),
    path("scoring/models/<int:pk>/count/", met_views.count, name="count"),
    path("scoring/models/<int:pk>/count/state/", met_views.count_state, name="count_state"),
    path("scoring/models/<int:pk>/leads/", met_views.rows, name="met_rows"),
    path("scoring/learn/", learn_views.learn, name="learn"),
    path("scoring/learn/<int:pk>/", learn_views.learned, name="learned"),
    path("scoring/learn/<int:pk>/state/", learn_views.state, name="learned_state"),
    path("scoring/learn/<int:pk>/apply/", learn_views.apply, name="suggestions_apply"),
    path("scoring/feedback/", met_views.told, name="feedback"),
    path("scoring/rules/<int:pk>/", views.rule_edit, name="rule"),
    path("scoring/rules/<int:pk>/met/", met_views.rule, name="rule_met"),
    path("scoring/rules/<int:pk>/delete/", views.rule_delete, name="rule_delete"),
    path("scoring/leads/<int:pk>/", views.explain, name="explain"),
    path("scoring/leads/<int:pk>/history/", views.history, name="history"),
    path("scoring/models/<int:pk>/backtests/", backtest_views.backtests, name="backtests"),
    path("scoring/backtests/<int:pk>/", backtest_views.backtest, name="backtest"),
    path("scoring/backtests/<int:pk>/progress/", backtest_views.backtest_status, name="backtest_status"),
    path("scoring/backtests/<int:pk>/cancel/", backtest_views.backtest_cancel, name="backtest_cancel"),
    path("scoring/shadow/", shadow_views.shadow, name="shadow"),
    path("scoring/shadow/differences/", shadow_views.differences, name="shadow_differences"),
    path("scoring/models/<int:pk>/shadow/", shadow_views.begin, name="shadow_begin"),
    path("scoring/models/<int:pk>/shadow/end/", shadow_views.end, name="shadow_end"),
]
