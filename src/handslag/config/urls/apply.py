"""The citizens' host."""

from django.urls import include, path

from handslag.web.citizen.urls import urlpatterns as citizen
from handslag.web.entry.front import urlpatterns as front

urlpatterns = [path("", include(front)), path("", include(citizen))]
handler400 = "handslag.web.entry.faults.refused"
handler404 = "handslag.web.entry.faults.not_found"
handler500 = "handslag.web.entry.faults.broken"
