"""The staff's host."""

from django.urls import include, path

from handslag.web.entry.front import urlpatterns as front

urlpatterns = [path("", include(front))]
handler404 = "handslag.web.entry.faults.not_found"
handler500 = "handslag.web.entry.faults.broken"
