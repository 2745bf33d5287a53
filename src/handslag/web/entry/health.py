"""Health for the load balancer, figures for Prometheus. Nothing personal, no numbers of a tenant."""

from __future__ import annotations

import os

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from handslag.domain.tenancy.door import at_large

REQUESTS = Counter("handslag_requests", "Requests answered", ["counter", "method", "status"])
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
    """The figures of all web processes, and of the job queue, in Prometheus' text format."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REQUESTS)
        registry.register(SECONDS)
    jobs = Gauge("handslag_jobs", "Jobs by state", ["state"], registry=registry)
    oldest = Gauge("handslag_oldest_job_seconds", "Age of the oldest job that waits and is due", registry=registry)
    try:
        with at_large("metrics"), connection.cursor() as cursor:
            cursor.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY status")
            for state, count in cursor.fetchall():
                jobs.labels(state).set(count)
            cursor.execute(
                "SELECT coalesce(extract(epoch FROM now() - min(e.at)), 0)::float FROM procrastinate_jobs j "
                "JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred' "
                "WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())"
            )
            oldest.set(cursor.fetchone()[0])
    except Error:
        return HttpResponse("database away\n", status=503, content_type="text/plain")
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
