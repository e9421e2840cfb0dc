from django.urls import path

from insights.views import alignment, contract, dashboards, staffing

app_name = "insights"
urlpatterns = [
    path("funnel/", dashboards.funnel, name="funnel"),
    path("funnel/rows/", dashboards.rows, name="rows"),
    path("marketing/", dashboards.marketing, name="marketing"),
    path("sales/", dashboards.sales, name="sales"),
    path("contract/", contract.contract, name="contract"),
    path("contract/weeks.csv", contract.contract_csv, name="contract_csv"),
    path("contract/rows/", contract.contract_rows_, name="contract_rows"),
    path("contract/promises/", contract.promise, name="contract_promise"),
    path("contract/promises/new/", contract.promise_new, name="contract_promise_new"),
    path("contract/promises/zone/", contract.zone, name="contract_zone"),
    path("contract/promises/<int:pk>/withdraw/", contract.promise_withdraw, name="contract_withdraw"),
    path("contract/weeks/", alignment.last, name="alignment_last"),
    path("contract/weeks/<str:name>/", alignment.week, name="alignment"),
    path("contract/weeks/<str:name>/decisions/", alignment.note, name="decision_note"),
    path("contract/staffing/", staffing.staffing, name="staffing"),
    path("contract/decisions/<int:pk>/", alignment.decision, name="decision"),
    path("contract/decisions/<int:pk>/done/", alignment.decision_done, name="decision_done"),
    path("contract/decisions/<int:pk>/remove/", alignment.decision_remove, name="decision_remove"),
]
