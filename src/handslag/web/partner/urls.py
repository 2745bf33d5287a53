"""Addresses of an institution, on the staff's host."""

from django.urls import path

from handslag.web.partner import overview

urlpatterns = [path("<slug:tenant>/partner/", overview.overview)]
