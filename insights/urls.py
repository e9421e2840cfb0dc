from django.urls import path

from insights import views

app_name = "insights"
urlpatterns = [
    path("funnel/", views.funnel, name="funnel"),
    path("funnel/rows/", views.rows, name="rows"),
    path("marketing/", views.marketing, name="marketing"),
    path("sales/", views.sales, name="sales"),
]
