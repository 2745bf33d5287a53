"""The host that files are served from."""

from django.urls import include, path

from handslag.web.entry.files import download
from handslag.web.entry.front import urlpatterns as front

urlpatterns = [path("<slug:tenant>/documents/<uuid:document>", download), path("", include(front))]
handler400 = "handslag.web.entry.faults.refused"
handler404 = "handslag.web.entry.faults.not_found"
handler500 = "handslag.web.entry.faults.broken"
