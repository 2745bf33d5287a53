"""Addresses between canton and municipality, on the staff's host."""

from django.urls import path

from handslag.web.canton import assignments, register

urlpatterns = [
    path("<slug:tenant>/assignments/", assignments.assignments),
    path("<slug:tenant>/assignments/new/", assignments.new),
    path("<slug:tenant>/assignments/<uuid:message>/", assignments.assignment),
    path("<slug:tenant>/register/", register.register),
    path("<slug:tenant>/register/<uuid:person>/", register.person),
]
