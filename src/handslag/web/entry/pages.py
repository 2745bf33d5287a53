"""The door of a request: who asks, for which organisation; what was looked at is logged before the answer leaves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from handslag.domain.audit.operations import Look, write_looks
from handslag.domain.tenancy.door import Actor, Door, UnknownTenant, acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed, member_behind
from handslag.kernel import clock
from handslag.web.entry.staff import has_second_factor

View = Callable[..., HttpResponse]


def desk_page(purpose: str) -> Callable[[View], View]:
    """A page for staff: logged in with two factors, an active member of the organisation in the address.

    The view runs inside `acting(<tenant>, staff, purpose)`; `request.door` is that door, `request.now` the moment.
    """

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return HttpResponseRedirect(settings.LOGIN_URL + "?" + urlencode({"next": request.get_full_path()}))
            if not has_second_factor(request):
                return HttpResponseRedirect(settings.LOGIN_URL + "2fa/totp/activate/")
            by = Actor("staff", UUID(str(request.user.pk)))
            return _behind_the_door(request, view, by, purpose, args, kwargs)

        page.purpose = purpose  # type: ignore[attr-defined]
        return page

    return wrap


def citizen_page(purpose: str) -> Callable[[View], View]:
    """A page for a citizen logged in at the organisation in the address; others are sent to its log-in."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            citizen = request.session.get("citizen")
            if not citizen or citizen["tenant"] != kwargs["tenant"]:
                return HttpResponseRedirect(
                    f"/{kwargs['tenant']}/log-in/?" + urlencode({"next": request.get_full_path()})
                )
            return _behind_the_door(request, view, Actor("citizen", UUID(citizen["person"])), purpose, args, kwargs)

        page.purpose = purpose  # type: ignore[attr-defined]
        return page

    return wrap


def open_page(purpose: str) -> Callable[[View], View]:
    """A page of an organisation that nobody needs to log in for; nothing personal is behind it."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return _behind_the_door(request, view, Actor("system", None, "open page"), purpose, args, kwargs)

        page.purpose = purpose  # type: ignore[attr-defined]
        return page

    return wrap


def _behind_the_door(
    request: HttpRequest, view: Callable[..., HttpResponse], by: Actor, purpose: str, args: Any, kwargs: Any
) -> HttpResponse:
    tenant = kwargs["tenant"]
    now = request.now = clock.now()  # type: ignore[attr-defined]
    door: Door | None = None
    refused: list[Look] = []
    try:
        with acting(tenant, by, purpose) as door:
            request.door = door  # type: ignore[attr-defined]
            request.organisation = door.tenant  # type: ignore[attr-defined]
            if by.kind == "staff":
                member_behind(door, now)
            response = view(request, *args, **kwargs)
    except UnknownTenant:
        response = render(request, "entry/not_found.html", status=404)
    except Hidden as hidden:
        # Not there, or not for this person: the same page, to the byte.
        refused.append(Look(hidden.what, hidden.subject, "refused"))
        response = render(request, "entry/not_found.html", status=404)
    except NotAllowed as refusal:
        refused.append(Look(refusal.what, refusal.subject, "refused"))
        response = render(request, "entry/not_allowed.html", {"what": refusal.what}, status=403)
    except Http404:
        response = render(request, "entry/not_found.html", status=404)
    if door is not None and door.tenant is not None:
        looks = [*door.memory.get("looks", []), *refused]
        write_looks(tenant=door.tenant.id, by=by, purpose=purpose, looks=looks, now=now)
    return response
