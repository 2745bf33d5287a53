"""The addresses of the citizens' counter."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
