from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from django.views.defaults import page_not_found


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when this process answers and the database does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: a page for people, a problem for programs."""
    if not request.path.startswith("/api/"):
        return page_not_found(request, exception)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": "Not found",
        "status": 404,
        "detail": "There is nothing at this address.",
    }
    body["errors"] = [{"field": "", "message": body["detail"]}]
    return JsonResponse(body, status=404, content_type="application/problem+json")
