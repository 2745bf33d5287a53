"""Health for the load balancer, figures for Prometheus. Nothing personal; of an organisation only how its exchange with
each partner goes."""

from __future__ import annotations

import hmac
import ipaddress
import os
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.core.cache import cache
from django.db import Error, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from handslag.domain.exchange.queries import Figures, figures
from handslag.domain.tenancy.door import acting, at_large, system
from handslag.domain.tenancy.models import Organisation
from handslag.kernel import clock

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
    """The figures of all web processes, and of the job queue, in Prometheus' text format. For who shows the token
    HANDSLAG_METRICS_TOKEN; where none is set, for who asks on this machine and through no proxy. Nothing for others."""
    if not _may_see_figures(request):
        raise Http404
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
        _exchange(registry)
    except Error:
        return HttpResponse("database away\n", status=503, content_type="text/plain")
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


#: What a proxy says of whom it asks for: then the machine that asks is not the one that wants to know.
_FORWARDED = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP")


def _may_see_figures(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        shown = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(shown.encode(), settings.METRICS_TOKEN.encode())
    try:
        asking = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = getattr(asking, "ipv4_mapped", None)
    return (mapped or asking).is_loopback and not any(name in request.META for name in _FORWARDED)


#: Figures of the exchange, by what they are called: what they count, and how they are read.
_EXCHANGE: dict[str, tuple[str, Callable[[Figures, datetime], float]]] = {
    "waiting": ("Handed over, with no receipt yet", lambda one, now: one.waiting),
    "oldest_seconds": ("Since when the oldest of them waits", lambda one, now: _age(one.oldest, now)),
    "held": ("Sealed more than an hour ago, and couldn't leave", lambda one, now: one.held),
    "failing_seconds": ("Since when the partner doesn't answer", lambda one, now: _age(one.failing_since, now)),
    "unanswered": ("Delivered, with no answer yet", lambda one, now: one.unanswered),
    "lost": ("Didn't arrive, and nobody has sent it again", lambda one, now: one.lost),
    "set_aside": ("Arrived and couldn't be read", lambda one, now: one.set_aside),
    "unlooked": ("Arrived more than an hour ago, without outcome", lambda one, now: one.unlooked),
    "sent_day": ("Sent in 24 hours", lambda one, now: one.sent),
    "delivered_day": ("Delivered in 24 hours", lambda one, now: one.delivered),
    "received_day": ("Received in 24 hours", lambda one, now: one.received),
}
#: Figures of the exchange are counted anew so often, however often they are asked for.
_COUNTED_SECONDS = 60


def _exchange(registry: CollectorRegistry) -> None:
    now = clock.now()
    found = cache.get_or_set("exchange-figures", lambda: _counted(now), _COUNTED_SECONDS)
    for name, (words, value) in _EXCHANGE.items():
        gauge = Gauge(f"handslag_exchange_{name}", words, ["organisation", "partner"], registry=registry)
        for slug, one in found or ():
            gauge.labels(slug, one.partner).set(value(one, now))


def _counted(now: datetime) -> list[tuple[str, Figures]]:
    with at_large("metrics"):
        places = Organisation.objects.filter(is_tenant=True, active=True).order_by("id")
        rows = list(places.values_list("id", "slug"))
    found = []
    for tenant, slug in rows:
        with acting(tenant, system("metrics"), "metrics"):
            found += [(slug, one) for one in figures(now)]
    return found


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0) if since else 0
