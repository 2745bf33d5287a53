"""The host of the open interfaces."""

from django.urls import include, path

urlpatterns = [path("", include("handslag.api.urls"))]
handler400 = "handslag.web.entry.faults.refused"
handler404 = "handslag.web.entry.faults.not_found"
handler500 = "handslag.web.entry.faults.broken"
