"""What every host answers by itself: the list of organisations, their colours, the choice of a language."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.cache import cache_control
from django.views.i18n import set_language

from handslag.domain.tenancy.door import at_large
from handslag.domain.tenancy.models import Organisation
from handslag.web.entry.frame import LANGUAGE_URL
from handslag.web.ui import theme


def organisations(request: HttpRequest) -> HttpResponse:
    """The organisations of this installation, to choose one."""
    with at_large("list of organisations"):
        found = list(Organisation.objects.filter(is_tenant=True, active=True).only("slug", "name"))
    return render(request, "entry/organisations.html", {"found": sorted(found, key=lambda o: o.name.casefold())})


@cache_control(max_age=300, public=True)
def colours(request: HttpRequest, tenant: str) -> HttpResponse:
    """The stylesheet of an organisation's colour."""
    with at_large("colours"):
        seed = Organisation.objects.filter(slug=tenant, is_tenant=True).values_list("colour", flat=True).first()
    if seed is None:
        raise Http404
    return HttpResponse(theme.css(seed), content_type="text/css; charset=utf-8")


urlpatterns = [
    path("", organisations, name="organisations"),
    path(LANGUAGE_URL.lstrip("/"), set_language, name="language"),
    path("<slug:tenant>/theme.css", colours, name="colours"),
]
