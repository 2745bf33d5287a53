"""Acting for another: who she may act for, from when to when; and ending a power of attorney that one has given."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from handslag.domain.people.models import Representation
from handslag.domain.people.operations.representations import end_representation
from handslag.domain.people.queries import full_name, holds, representations_of, represented_by
from handslag.domain.people.states import Ground
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.web.citizen.person import GROUNDS, me
from handslag.web.entry import kept
from handslag.web.entry.pages import citizen_page


def for_whom(request: HttpRequest) -> list[Representation]:
    """For whom she who is logged in may act today; for nobody while she acts for somebody."""
    door = acting_door()
    by = door.the_actor
    if by.through is not None or by.id is None:
        return []
    return represented_by(by.id, door.the_tenant.today(request.now))  # type: ignore[attr-defined]


@require_POST
@citizen_page("act for another", instead=("my", "tenant"))
def begin(request: HttpRequest, tenant: str) -> HttpResponse:
    """Act for the person of a `representation` from here on; leads to what she had typed
    for her when her session ended, else to her My pages. Hidden for another's."""
    chosen = [one for one in for_whom(request) if str(one.id) == request.POST.get("representation")]
    if not chosen:
        raise Hidden("representation")
    request.session["citizen"]["for"] = str(chosen[0].person_id)
    request.session.modified = True
    now_as = Actor("citizen", chosen[0].person_id, through=chosen[0].representative_id)
    return HttpResponseRedirect(kept.waiting(request, now_as) or _next(request, tenant))


@require_POST
@citizen_page("act for another", instead=("my", "tenant"))
def stop(request: HttpRequest, tenant: str) -> HttpResponse:
    """Be oneself again; leads back where one was about oneself, else to one's My pages."""
    request.session["citizen"].pop("for", None)
    request.session.modified = True
    herself = Actor("citizen", UUID(request.session["citizen"]["person"]))
    return HttpResponseRedirect(kept.waiting(request, herself) or _next(request, tenant))


def _next(request: HttpRequest, tenant: str) -> str:
    """The page of ours to go on with, else My pages."""
    where = request.POST.get("next", "")
    ours = where.startswith(f"/{tenant}/") and url_has_allowed_host_and_scheme(where, allowed_hosts=None)
    return where if ours else reverse("my", args=[tenant])


@require_POST
@citizen_page("who looked", instead=("looked", "tenant"))
def end(request: HttpRequest, tenant: str, representation: UUID) -> HttpResponse:
    """End the power of attorney that I gave: from now on nobody acts for me by it."""
    person = me(request)
    by, now = acting_door().the_actor, request.now  # type: ignore[attr-defined]
    try:
        end_representation(tenant=tenant, by=by, now=now, person=person.id, representation=representation)
    except NotPossible:
        pass  # it was over already: the page says so
    return HttpResponseRedirect(reverse("looked", args=[tenant]))


def who_acts_for(person: UUID, request: HttpRequest) -> list[dict[str, Any]]:
    """Who may act for a person, or could: as her page shows it."""
    door = acting_door()
    today = door.the_tenant.today(request.now)  # type: ignore[attr-defined]
    return [
        {
            "id": one.id,
            # who is protected is named to nobody on-line
            "name": "" if one.representative.protection_level else full_name(one.representative),
            "ground": GROUNDS.get(one.ground, one.ground),
            "scope": one.scope,
            "since": one.since,
            "last": door.the_tenant.today(one.ended_at) if one.ended_at else one.last,
            "holds": holds(one, today),
            "may_end": holds(one, today) and one.ground == Ground.FULLMAKT and door.the_actor.through is None,
        }
        for one in representations_of(person)
    ]
