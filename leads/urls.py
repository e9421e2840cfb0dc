from django.urls import path

from leads.views import conditions

app_name = "leads"
urlpatterns = [
    path("leads/condition/words/", conditions.condition_words, name="condition_words"),
    path("leads/condition/preview/", conditions.condition_preview, name="condition_preview"),
]
