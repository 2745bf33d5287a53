"""The addresses of the open interfaces."""

from django.urls import path

from handslag.api import exchange, openapi, sheet

urlpatterns = [
    path("api/v1/openapi.json", openapi.published),
    path("api/v1/sheet", sheet.sheet),
    path("api/v1/sheet/schema", sheet.published),
    path("api/v1/exchange/<slug:tenant>/envelopes", exchange.envelopes),
    path("api/v1/exchange/<slug:tenant>/collect", exchange.collect),
    path("api/v1/exchange/<slug:tenant>/keys", exchange.keys),
]
