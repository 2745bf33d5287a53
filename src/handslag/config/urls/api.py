"""The host of the open interfaces."""

from django.urls import include, path

urlpatterns = [path("", include("handslag.api.urls"))]
handler400 = "handslag.api.problems.refused"
handler404 = "handslag.api.problems.not_found"
handler500 = "handslag.api.problems.broken"
