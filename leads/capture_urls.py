"""Addresses of capture: forms, the public page, the tracker, the inbox."""

from django.urls import path

from leads.views import forms, inbox, public, tracking

capture_urls = [
    path("forms/", forms.form_list, name="forms"),
    path("forms/new/", forms.form_new, name="form_new"),
    path("forms/preview/", forms.form_preview, name="form_preview"),
    path("forms/<int:pk>/", forms.form_edit, name="form_edit"),
    path("f/<slug:slug>/", public.public_form, name="public_form"),
    path("f/<slug:slug>/thanks/", public.public_thanks, name="public_thanks"),
    path("t/baton.js", tracking.script, name="track_script"),
    path("t/hit", tracking.hit, name="track"),
    path("t/c/<str:signed>", tracking.click, name="track_click"),
    path("inbox/", inbox.inbox_list, name="inbox"),
    path("inbox/<int:pk>/", inbox.inbox_item, name="inbox_item"),
    path("inbox/<int:pk>/retry/", inbox.inbox_retry, name="inbox_retry"),
    path("inbox/retry/", inbox.inbox_retry_all, name="inbox_retry_all"),
]
