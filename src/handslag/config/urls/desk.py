"""The staff's host."""

from django.urls import include, path

from handslag.web.canton.urls import urlpatterns as canton
from handslag.web.caseworker import log_in, oidc, start
from handslag.web.caseworker.urls import urlpatterns as caseworker
from handslag.web.entry.front import urlpatterns as front
from handslag.web.partner.urls import urlpatterns as partner

urlpatterns = [
    path("", start.organisations),
    path("log-in/", include(log_in.urlpatterns)),
    path("oidc/callback/", oidc.callback),
    path("oidc/<slug:tenant>/", oidc.log_in),
    path("", include(front)),
    path("", include(canton)),
    path("", include(partner)),
    path("", include(caseworker)),
]
handler400 = "handslag.web.entry.faults.refused"
handler404 = "handslag.web.entry.faults.not_found"
handler500 = "handslag.web.entry.faults.broken"
