"""The addresses of the open interfaces."""

from django.urls import path

from handslag.api import sheet

urlpatterns = [
    path("api/v1/sheet", sheet.sheet),
    path("api/v1/sheet/schema", sheet.published),
]
