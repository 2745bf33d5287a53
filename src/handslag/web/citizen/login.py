"""The organisation's start page, log-in by e-ID, log-out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from handslag.connectors.casesystem.follow import SOON, ask, look_up
from handslag.connectors.eid.port import Cancelled, EidError, Expired, Identity, TooWeak
from handslag.domain.audit.operations import Look
from handslag.domain.casefile.queries import cases_of
from handslag.domain.elsewhere.queries import foreign_cases
from handslag.domain.intake.policies import first_unit
from handslag.domain.people.models import Person
from handslag.domain.people.operations.citizens import log_in_citizen
from handslag.domain.people.operations.persons import NewPerson, register_person
from handslag.domain.people.permissions import CASE_SYSTEM, FIRST_TIME
from handslag.domain.people.queries import person_by_identifier, record_by_identifier
from handslag.domain.tenancy.door import Actor, system
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.kernel import clock
from handslag.web.citizen import account, eid, signing
from handslag.web.entry import another, kept
from handslag.web.entry.pages import answered, citizen_at, open_page, opened, shared_seconds

log = structlog.get_logger("citizen")
BY = system("log-in")


@require_safe
@open_page("start page")
def start(request: HttpRequest, tenant: str) -> HttpResponse:
    """What the service is for, and the way in. Who is logged in already goes straight on."""
    if citizen_at(request, tenant) is not None:
        return HttpResponseRedirect(reverse("my", args=[tenant]))
    try:
        eid.leads_there(request, eid.chosen())
    except NotPossible:
        return render(request, "citizen/no_eid.html", status=503)
    facts = {
        "decision_days": setting("decision_days"),
        "left": "left" in request.GET,
        "shared": "shared" in request.GET,
        "first": first_unit(),
        "shared_minutes": setting("shared_computer_minutes"),
    }
    return render(request, "citizen/start.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
def log_in(request: HttpRequest, tenant: str) -> HttpResponse:
    """GET: one button. POST: to the e-ID, and from there to `next`; `first` to apply for the first time."""
    return answered(request, tenant, BY, "log in", lambda: _log_in(request, tenant))


def _log_in(request: HttpRequest, tenant: str) -> HttpResponse:
    after = _safe(request.POST.get("next") or request.GET.get("next", ""), tenant)
    try:
        with opened(request):
            choice, minutes = eid.chosen(), setting("shared_computer_minutes")
    except NotPossible:
        return render(request, "citizen/no_eid.html", status=503)
    eid.leads_there(request, choice)
    told = {"next": after, "typed": "kept" in request.session, "trouble": request.GET.get("trouble", "")}
    told |= {"shared_minutes": minutes, "shared": "shared" in (request.POST or request.GET)}
    if request.method != "POST":
        if citizen_at(request, tenant) is not None:
            return HttpResponseRedirect(after)
        return render(request, "citizen/log_in.html", told)
    first, shared = ("yes" if name in request.POST else "" for name in ("first", "shared"))
    language = get_language() or "sv"
    try:
        where, begun = eid.begin(tenant, choice, "login", language=language, next=after, first=first, shared=shared)
    except EidError as trouble:
        log.warning("log-in not begun", code=trouble.code, reason=trouble.reason)
        return render(request, "citizen/log_in.html", {**told, "trouble": "away"}, status=503)
    eid.remember(request, begun)
    return HttpResponseRedirect(where)


def _safe(where: str, tenant: str) -> str:
    home = reverse("my", args=[tenant])
    inside = where.startswith(f"/{tenant}/") and url_has_allowed_host_and_scheme(where, allowed_hosts=None)
    return where if inside else home


@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """The browser comes back from the e-ID: from a log-in or from a signature."""
    begun = eid.under_way(request)
    if begun is None:
        return render(request, "citizen/begin_again.html", status=400)
    tenant = begun["tenant"]
    if begun["purpose"] == "sign":
        by = citizen_at(request, tenant)
        where = reverse("account", args=[tenant])
        if "draft" in begun:
            where = reverse("sign", args=[tenant, begun["draft"]])
        if by is None:
            return HttpResponseRedirect(f"{reverse('log-in', args=[tenant])}?next={where}")
        if "over" in begun:
            return HttpResponseRedirect(where)
        finish = signing.finish if "draft" in begun else account.finish
        return answered(request, tenant, by, "sign", lambda: finish(request, by, begun))
    eid.forget(request, begun)
    return answered(request, tenant, BY, "log in", lambda: _finish(request, begun))


def _finish(request: HttpRequest, begun: dict[str, Any]) -> HttpResponse:
    tenant, after = begun["tenant"], begun["next"]
    again = f"{reverse('log-in', args=[tenant])}?next={after}{'&shared=yes' if begun.get('shared') else ''}"
    try:
        identity = eid.finish(begun, request)
    except Cancelled:
        return HttpResponseRedirect(f"{again}&trouble=cancelled")
    except Expired:
        return HttpResponseRedirect(f"{again}&trouble=late")
    except TooWeak:
        request.looks.append(Look("log-in with too weak an e-ID", None, "refused"))  # type: ignore[attr-defined]
        with opened(request):
            eid.leads_there(request, begun["choice"])
            return render(request, "citizen/too_weak.html", {"next": after}, status=403)
    except EidError as trouble:
        log.warning("log-in failed", code=trouble.code, reason=trouble.reason)
        return HttpResponseRedirect(f"{again}&trouble=away")
    looked = look_up(tenant, identity.identifier_type, identity.identifier)
    with opened(request):
        record = record_by_identifier(identity.identifier_type, identity.identifier)
        person = person_by_identifier(identity.identifier_type, identity.identifier)
    if looked == "away" and person is None:
        with opened(request):
            return render(request, "citizen/not_now.html", {"next": after}, status=503)
    try:
        if person is None:
            record = person = _first_time(request, tenant, identity, begun)
        by = Actor("citizen", person.id)
        with opened(request, by):
            minutes = int(setting("shared_computer_minutes"))
            login = log_in_citizen(
                tenant=tenant,
                by=by,
                now=request.now,  # type: ignore[attr-defined]
                record=(record or person).id,
                issuer=identity.issuer,
                subject=identity.subject,
                acr=identity.acr,
            )
    except NotPossible:
        subject = person.id if person else None
        request.looks.append(Look("log-in", subject, "refused"))  # type: ignore[attr-defined]
        return render(request, "citizen/not_here.html", status=403)
    if looked == "followed":
        with opened(request, by):
            followed = list(foreign_cases([case.id for case in cases_of(person.id) if case.state == "open"]))
        for case in followed:
            ask(tenant, case, CASE_SYSTEM, SOON)
    taken_over = kept.carry(request)
    last, earlier = request.session.get("citizen"), request.session.get(another.WAS)
    for one in (earlier, another.known(last) if last else None):
        if one and one["person"] != str(by.id):
            taken_over[another.WAS] = one
    moment = int(clock.now().timestamp())
    request.session.flush()
    request.session.update(taken_over)
    request.session["citizen"] = {
        "tenant": tenant,
        "person": str(by.id),
        "login": str(login.id),
        "since": moment,
        "seen": moment,
    }
    if begun.get("shared"):
        request.session["citizen"]["shared"] = minutes * 60
        request.session.set_expiry(0)  # the cookie, too, ends with the browser
    return HttpResponseRedirect(after)


def _first_time(request: HttpRequest, tenant: str, identity: Identity, begun: dict[str, str]) -> Person:
    """Register who isn't known here and has said, before she identified, that she applies for the first time.
    NotPossible("not served on-line") for everybody else: nobody is kept who only tried the door."""
    with opened(request, FIRST_TIME):
        if not begun.get("first") or first_unit() is None:
            raise NotPossible("not served on-line")
        new = NewPerson(
            identifier_type=identity.identifier_type,
            identifier=identity.identifier,
            given_name=identity.given_name,
            family_name=identity.family_name,
            language=(get_language() or "sv")[:2],
        )
        return register_person(tenant=tenant, by=FIRST_TIME, now=request.now, new=new)  # type: ignore[attr-defined]


@require_POST
def log_out(request: HttpRequest, tenant: str) -> HttpResponse:
    """End the session; on a computer that others use too the browser forgets what it may have kept of our pages. With
    `next` on to a log-in as somebody else, who left a page open here."""
    shared, kept_already, citizen = shared_seconds(request), kept.carry(request), request.session.get("citizen")
    request.session.flush()
    if citizen and not shared:
        request.session[another.WAS] = another.known(citizen)
    where = f"{reverse('start', args=[tenant])}?left{'&shared' if shared else ''}"
    if "next" in request.POST:
        request.session.update(kept_already)
        where = f"{reverse('log-in', args=[tenant])}?{urlencode({'next': _safe(request.POST['next'], tenant)})}"
    response = HttpResponseRedirect(where)
    if shared:
        response.headers["Clear-Site-Data"] = '"cache", "storage"'  # "cookies" would reach the other counters' hosts
        for name in (settings.LANGUAGE_COOKIE_NAME, settings.CSRF_COOKIE_NAME):
            response.delete_cookie(name)
    return response
