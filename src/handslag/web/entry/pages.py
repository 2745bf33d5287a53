"""The door of a request: who asks, for which organisation; what was looked at is logged before the answer leaves."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import activate
from psycopg.errors import ExclusionViolation, UniqueViolation

from handslag.domain.audit.operations import Look, write_looks
from handslag.domain.casefile.permissions import LedOn
from handslag.domain.people.permissions import NotRepresented, representation_behind
from handslag.domain.tenancy.door import Actor, Door, UnknownTenant, acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed, member_behind
from handslag.kernel import clock
from handslag.web.entry import another, kept
from handslag.web.entry.faults import at_once
from handslag.web.entry.staff import by_passkey_alone, has_second_factor, only_at, passkey_is_enough

View = Callable[..., HttpResponse]


def desk_page(purpose: str) -> Callable[[View], View]:
    """A page for staff: logged in with two factors, an active member of the organisation in the address.

    The view runs inside `acting(<tenant>, staff, purpose)`; `request.door` is that door, `request.now` the moment.
    What was posted when the session was over is kept: after the log-in the page shows it itself (pages.typed), or
    a page of its own does (kept.show), as for an address that only takes a POST.
    """

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            by = _staff(request, str(kwargs["tenant"]))
            if isinstance(by, HttpResponse):
                return by
            return _behind_the_door(request, view, by, purpose, args, kwargs)

        page.purpose = purpose  # type: ignore[attr-defined]
        return page

    return wrap


def outside_desk_page(purpose: str) -> Callable[[View], View]:
    """A page for staff that takes files: the view runs outside any door and opens short ones by `opened(request)`,
    which are `request.door` too. Refusals and looks are treated as on every page."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            by = _staff(request, str(kwargs["tenant"]))
            if isinstance(by, HttpResponse):
                return by
            request.kept = kept.take(request, by) if by.id else None  # type: ignore[attr-defined]
            return answered(request, str(kwargs["tenant"]), by, purpose, lambda: view(request, *args, **kwargs))

        page.purpose = purpose  # type: ignore[attr-defined]
        return page

    return wrap


def _staff(request: HttpRequest, tenant: str) -> Actor | HttpResponse:
    """The member of staff who is logged in with two factors; where that isn't so the way to the log-in. Whoever another
    organisation's provider vouches for is told to log in by herself; whoever came by a passkey alone is asked for her
    password where the organisation wants both."""
    if not request.user.is_authenticated:
        if request.method == "POST":
            kept.keep(request, None)
        return HttpResponseRedirect(settings.LOGIN_URL + "?" + urlencode({"next": request.get_full_path()}))
    if not has_second_factor(request):
        return HttpResponseRedirect(settings.LOGIN_URL + "2fa/totp/activate/")
    if only_at(request) not in (None, tenant):
        request.person = str(request.user)  # type: ignore[attr-defined]
        return render(request, "entry/only_there.html", {"read": kept.typed(request)}, status=403)
    by = Actor("staff", UUID(str(request.user.pk)))
    if by_passkey_alone(request, tenant) and not passkey_is_enough(tenant):
        if request.method == "POST":
            kept.keep(request, by)
        return HttpResponseRedirect(settings.LOGIN_URL + "again/?" + urlencode({"next": request.get_full_path()}))
    return by


def citizen_page(purpose: str, instead: tuple[str, ...] = (), whose: tuple[str, ...] = ()) -> Callable[[View], View]:
    """A page for a citizen logged in at the organisation in the address; others are sent to its log-in.

    What was posted by somebody whose session was over is kept; after the log-in the same page, got, finds it in
    `request.kept`. `instead`: for an address that only takes a POST, the name of the page to come back to and which
    parts of the address it takes. `whose`: the page, said in the same way, that shows what is typed here: where that is
    somebody else's whom she may act for, or her own while she acts for another, she is told (another.person).
    """

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            by = citizen_at(request, str(kwargs["tenant"]))
            if by is None:
                return _to_log_in(request, kwargs, instead)
            response = _behind_the_door(request, view, by, purpose, args, kwargs)
            response = _or_of_another(request, response, by, whose, instead, kwargs)
            still_here(request)
            return response

        page.purpose = purpose  # type: ignore[attr-defined]
        page.behind_the_door = view  # type: ignore[attr-defined]
        return page

    return wrap


def _or_of_another(
    request: HttpRequest,
    response: HttpResponse,
    by: Actor,
    whose: tuple[str, ...],
    instead: tuple[str, ...],
    kwargs: dict[str, Any],
) -> HttpResponse:
    """The answer; where it isn't there, but for another whom she may be, or somebody else was logged in here before,
    the page that says so instead."""
    if response.status_code != 404:
        return response
    tenant, page = str(kwargs["tenant"]), whose or instead
    where = reverse(page[0], kwargs={name: kwargs[name] for name in page[1:]}) if page else request.path
    told = another.person(request, by, tenant, where) if whose else None
    return told or another.somebody_before(request, tenant, where) or response


def citizen_at(request: HttpRequest, tenant: str) -> Actor | None:
    """The citizen logged in at `tenant`, or None: nobody, at another organisation, too long away, too long in."""
    citizen = request.session.get("citizen")
    if not citizen or citizen["tenant"] != tenant:
        return None
    now = clock.now().timestamp()
    idle = citizen.get("shared") or settings.CITIZEN_IDLE_SECONDS
    if now - citizen["seen"] > idle or now - citizen["since"] > settings.CITIZEN_SECONDS:
        return None
    return _actor(citizen)


def _actor(citizen: dict[str, Any]) -> Actor:
    """Who a session's citizen is, and for whom she acts."""
    if "for" in citizen:
        return Actor("citizen", UUID(citizen["for"]), through=UUID(citizen["person"]))
    return Actor("citizen", UUID(citizen["person"]))


def shared_seconds(request: HttpRequest) -> int:
    """How long a citizen who said that others use the computer too stays logged in without a page; 0: she didn't."""
    return int(request.session.get("citizen", {}).get("shared", 0)) if hasattr(request, "session") else 0


def still_here(request: HttpRequest) -> None:
    """Note that the citizen is active: once a minute at most, on a shared computer four times."""
    citizen = request.session.get("citizen")
    now = int(clock.now().timestamp())
    if citizen and now - citizen["seen"] > (15 if "shared" in citizen else 60):
        citizen["seen"] = now
        request.session.modified = True


def _to_log_in(request: HttpRequest, kwargs: dict[str, Any], instead: tuple[str, ...]) -> HttpResponse:
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"status": "logged out"}, status=401)
    tenant = str(kwargs["tenant"])
    citizen = request.session.get("citizen")
    before = citizen if citizen and citizen["tenant"] == tenant else None
    shared = shared_seconds(request)
    if before:
        kept_already = kept.carry(request)
        request.session.flush()
        request.session.update(kept_already)
        request.session[another.WAS] = another.known(before)
        if "for" in before:  # her other windows are of that person too
            request.session["before"] = another.known(before)
    else:
        remembered = request.session.get("before")
        before = remembered if remembered and remembered["tenant"] == tenant else None
    where = request.get_full_path() if request.method == "GET" else request.path
    if instead:
        where = reverse(instead[0], kwargs={name: kwargs[name] for name in instead[1:]})
    elif request.method == "POST":
        kept.keep(request, _actor(before) if before else None)
    if before and "for" in before:
        where = reverse("my", args=[tenant])  # as herself, she chooses anew for whom she acts
    return HttpResponseRedirect(
        f"/{tenant}/log-in/?" + urlencode({"next": where, **({"shared": "yes"} if shared else {})})
    )


def open_page(purpose: str) -> Callable[[View], View]:
    """A page of an organisation that nobody needs to log in for; nothing personal is behind it."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            return _behind_the_door(request, view, Actor("system", None, "open page"), purpose, args, kwargs)

        page.purpose = purpose  # type: ignore[attr-defined]
        return page

    return wrap


def outside_page(purpose: str, instead: tuple[str, ...] = (), whose: tuple[str, ...] = ()) -> Callable[[View], View]:
    """A citizen's page that reaches the network or files: the view runs outside any door and opens short ones by
    `opened(request)`. Refusals and looks are treated as on every page; `instead` and `whose` as of citizen_page."""

    def wrap(view: View) -> View:
        @functools.wraps(view)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            by = citizen_at(request, str(kwargs["tenant"]))
            if by is None:
                return _to_log_in(request, kwargs, instead)
            tenant = str(kwargs["tenant"])
            response = answered(request, tenant, by, purpose, lambda: view(request, *args, **kwargs))
            return _or_of_another(request, response, by, whose, instead, kwargs)

        page.purpose = purpose  # type: ignore[attr-defined]
        page.outside = view  # type: ignore[attr-defined]
        return page

    return wrap


def answered(
    request: HttpRequest, tenant: str, by: Actor, purpose: str, view: Callable[[], HttpResponse]
) -> HttpResponse:
    """Run `view` outside any door; inside it `opened(request)` opens one for `by`. Gives the page for a refusal,
    and writes looks and refusals before the answer leaves."""
    request.now = clock.now()  # type: ignore[attr-defined]
    request.looks = []  # type: ignore[attr-defined]
    request.entrance = (tenant, by, purpose)  # type: ignore[attr-defined]
    response = _refusals_told(request, view)
    if getattr(request, "organisation", None) is not None:
        write_looks(
            tenant=request.organisation.id,  # type: ignore[attr-defined]
            by=by,
            purpose=purpose,
            looks=request.looks,  # type: ignore[attr-defined]
            now=request.now,  # type: ignore[attr-defined]
        )
    return response


@contextmanager
def opened(request: HttpRequest, by: Actor | None = None) -> Iterator[Door]:
    """A short door for a view outside; `by` where somebody else acts than the page says (a log-in's first look)."""
    tenant, page_by, purpose = request.entrance  # type: ignore[attr-defined]
    with acting(tenant, by or page_by, purpose) as door:
        request.organisation = door.tenant  # type: ignore[attr-defined]
        request.door = door  # type: ignore[attr-defined]
        speak(request, door.the_tenant.languages)
        try:
            _admitted(request, door)
            with timezone.override(door.the_tenant.zone):
                yield door
        finally:
            request.looks += door.memory.get("looks", [])  # type: ignore[attr-defined]


def _admitted(request: HttpRequest, door: Door) -> None:
    """Whoever acts behind the door may: a member of staff, or a representative of whom she acts for."""
    if door.the_actor.kind == "staff":
        member_behind(door, request.now)  # type: ignore[attr-defined]
    elif door.the_actor.through is not None:
        request.representation = representation_behind(door.the_actor, request.now)  # type: ignore[attr-defined]


def speak(request: HttpRequest, offered: Collection[str]) -> None:
    """Speak the language that the person wants, among the `offered`: one that only some organisations offer gives way
    to the product's own, or where that isn't offered either to the first that is. One for applicants gives way at every
    other counter, one into which the pages of this counter aren't translated to English."""
    wanted, here = request.wanted, dict(settings.LANGUAGES)  # type: ignore[attr-defined]
    applicants = request.counter == "apply"  # type: ignore[attr-defined]
    spoken = [one for one in offered if one in here and (applicants or one not in settings.LANGUAGES_OF_APPLICANTS)]
    if wanted in spoken or (wanted not in settings.LANGUAGES_WHERE_OFFERED and settings.LANGUAGE_CODE in spoken):
        chosen = wanted
    elif wanted in settings.LANGUAGES_WHERE_OFFERED or spoken:
        chosen = settings.LANGUAGE_CODE if settings.LANGUAGE_CODE in spoken or not spoken else spoken[0]
    else:
        return
    view = request.resolver_match
    activate(chosen if view is None or _translated(view.func.__module__, chosen) else "en")


@functools.cache
def _translated(module: str, language: str) -> bool:
    """Whether the texts of the counter that a module of views belongs to are there in a language."""
    counter = Path(str(sys.modules[module].__file__)).parent
    return language not in settings.LANGUAGES_WHERE_OFFERED or (counter / "locale" / language).is_dir()


def _behind_the_door(
    request: HttpRequest, view: Callable[..., HttpResponse], by: Actor, purpose: str, args: Any, kwargs: Any
) -> HttpResponse:
    tenant = kwargs["tenant"]
    now = request.now = clock.now()  # type: ignore[attr-defined]
    door: Door | None = None
    request.looks = []  # type: ignore[attr-defined]
    # What was typed before the session ended, for the page to show and save: a QueryDict, or None.
    request.kept = kept.take(request, by) if by.id else None  # type: ignore[attr-defined]

    def inside() -> HttpResponse:
        nonlocal door
        with acting(tenant, by, purpose) as door:
            request.door = door  # type: ignore[attr-defined]
            request.organisation = door.tenant  # type: ignore[attr-defined]
            speak(request, door.the_tenant.languages)
            _admitted(request, door)
            with timezone.override(door.the_tenant.zone):
                return view(request, *args, **kwargs)

    response = _refusals_told(request, inside)
    lost = request.kept if by.kind == "staff" and not getattr(request, "kept_shown", False) else None  # type: ignore[attr-defined]
    if lost is not None and by.id and response.status_code not in (403, 404):
        response = kept.show(request, lost, by)
    if door is not None and door.tenant is not None:
        looks = [*door.memory.get("looks", []), *request.looks]  # type: ignore[attr-defined]
        write_looks(tenant=door.tenant.id, by=by, purpose=purpose, looks=looks, now=now)
    return response


def _refusals_told(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    response = _told(request, view)
    if response.status_code in (403, 404):
        kept.put_back(request)
    return response


def _told(request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
    try:
        return view()
    except (UnknownTenant, Http404):
        return render(request, "entry/not_found.html", status=404)
    except IntegrityError as trouble:
        if request.method == "POST" and isinstance(trouble.__cause__, UniqueViolation | ExclusionViolation):
            return at_once(request)
        raise
    except NotRepresented as over:
        # What she acted by is over, or was never there: from here on she is herself again.
        kept.put_back(request)
        request.looks.append(Look("representation", over.subject, "refused"))  # type: ignore[attr-defined]
        request.session["citizen"].pop("for", None)
        request.session.modified = True
        home = f"/{request.session['citizen']['tenant']}/my/?acted"
        return kept.unsent(request, over=True) or HttpResponseRedirect(home)
    except Hidden as hidden:
        # Not there, or not for this person: the same page, to the byte.
        request.looks.append(Look(hidden.what, hidden.subject, "refused"))  # type: ignore[attr-defined]
        return render(request, "entry/not_found.html", status=404)
    except NotAllowed as refusal:
        request.looks.append(Look(refusal.what, refusal.subject, "refused"))  # type: ignore[attr-defined]
        told = kept.unsent(request, over=False) if hasattr(request, "representation") else None
        facts = {"read": kept.typed(request), "led_on": isinstance(refusal, LedOn)}
        return told or render(request, "entry/not_allowed.html", facts, status=403)
