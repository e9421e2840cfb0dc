from django.urls import path

from leads.capture_urls import capture_urls
from leads.views import bulk, companies, conditions, edit, fields, lists, segments

app_name = "leads"
urlpatterns = [
    *capture_urls,
    path("leads/", lists.lead_list, name="list"),
    path("leads/export/", lists.lead_export, name="export"),
    path("leads/bulk/", bulk.bulk, name="bulk"),
    path("leads/bulk/<int:pk>/", bulk.bulk_job, name="bulk_job"),
    path("leads/bulk/<int:pk>/undo/", bulk.bulk_undo, name="bulk_undo"),
    path("leads/bulk/<int:pk>/cancel/", bulk.bulk_cancel, name="bulk_cancel"),
    path("leads/new/", edit.lead_new, name="new"),
    path("leads/<int:pk>/edit/", edit.lead_edit, name="edit"),
    path("leads/<int:pk>/erase/", edit.lead_erase, name="erase"),
    path("leads/<int:pk>/merge/", edit.lead_merge, name="merge"),
    path("leads/<int:pk>/tags/", edit.lead_tags, name="tags"),
    path("leads/segments/", segments.segment_list, name="segments"),
    path("leads/segments/new/", segments.segment_new, name="segment_new"),
    path("leads/segments/<int:pk>/", segments.segment_edit, name="segment_edit"),
    path("leads/segments/<int:pk>/delete/", segments.segment_delete, name="segment_delete"),
    path("leads/fields/", fields.field_list, name="fields"),
    path("leads/fields/<int:pk>/", fields.field_edit, name="field_edit"),
    path("leads/fields/<int:pk>/delete/", fields.field_delete, name="field_delete"),
    path("leads/condition/words/", conditions.condition_words, name="condition_words"),
    path("leads/condition/preview/", conditions.condition_preview, name="condition_preview"),
    path("companies/", companies.company_list, name="companies"),
    path("companies/<int:pk>/", companies.company, name="company"),
    path("companies/<int:pk>/edit/", companies.company_edit, name="company_edit"),
]
