from django.urls import URLPattern

app_name = "funnels"
urlpatterns: list[URLPattern] = []
