"""What any host name answers: whether this process and its database are well, and its figures."""

from django.urls import path

from handslag.web.entry import health

urlpatterns = [path("health", health.health), path("metrics", health.metrics)]
#: Asked by the log-in's limits, whatever the host.
handler429 = "handslag.web.caseworker.log_in.too_many"
