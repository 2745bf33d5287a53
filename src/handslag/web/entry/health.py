"""Health for the load balancer, figures for Prometheus. Nothing personal, no numbers of a tenant."""

from __future__ import annotations

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest

from handslag.domain.tenancy.door import at_large

REQUESTS = Counter("handslag_requests_total", "Requests answered", ["counter", "method", "status"])
SECONDS = Histogram("handslag_request_seconds", "Time to answer", ["counter"])


def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, else 503."""
    try:
        with at_large("health"), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return JsonResponse({"status": "database away"}, status=503)
    return JsonResponse({"status": "ok"})


def metrics(request: HttpRequest) -> HttpResponse:
    """The figures of this process in Prometheus' text format."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
