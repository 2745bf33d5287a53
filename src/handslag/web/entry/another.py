"""A page of somebody else: of whom she may be (two windows, and in one of them she began to act for another, or
stopped), or of whoever was logged in in this browser before her."""

from __future__ import annotations

import copy
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import render
from django.urls import ResolverMatch, resolve
from django.utils import timezone

from handslag.domain.people.models import Representation
from handslag.domain.people.permissions import representation_behind
from handslag.domain.people.queries import full_name, represented_by
from handslag.domain.tenancy.door import Actor, acting
from handslag.domain.tenancy.permissions import Hidden, NotAllowed
from handslag.web.entry import kept


def person(request: HttpRequest, by: Actor, tenant: str, where: str) -> HttpResponse | None:
    """What to tell where the page `where` (one to get) isn't there for `by`, but for another whom she may be now:
    herself, or one for whom she may act. Who that is, with a button to be her; what was posted to it is kept for then,
    without its files, and nothing is sent. None where nobody whom she may be has that page: then it isn't there."""
    agent, page = by.through or by.id, resolve(where)
    assert agent is not None
    now = request.now  # type: ignore[attr-defined]
    with acting(tenant, Actor("citizen", agent), "act for another") as door:
        rows = represented_by(agent, door.the_tenant.today(now))
    whom: list[tuple[Actor, Representation | None]] = [(Actor("citizen", agent), None)] if by.through else []
    whom += [(Actor("citizen", row.person_id, through=agent), row) for row in rows if row.person_id != by.id]
    for one, row in whom:
        if not _has(request, one, tenant, page):
            continue
        if request.headers.get("Accept", "").startswith("application/json"):
            return JsonResponse({"status": "another person"}, status=409)
        if request.method == "POST" and request.path == where:
            kept.keep(request, one)
        files = request.method == "POST" and bool(request.FILES)
        name = full_name(row.person) if row else ""
        told = {"row": row, "name": name, "tenant": tenant, "where": where, "files": files}
        return render(request, "entry/another.html", told, status=409)
    return None


#: In a session: who else was logged in in this browser before, with the organisation; an id, no name.
WAS = "was"


def known(citizen: dict[str, str]) -> dict[str, str]:
    """Of a session's citizen what a later session keeps: who she was, where, and for whom she acted."""
    return {name: citizen[name] for name in ("tenant", "person", "for") if name in citizen}


def somebody_before(request: HttpRequest, tenant: str, where: str) -> HttpResponse | None:
    """What to tell where the page `where` isn't there for her, while somebody else was logged in here before: it is the
    same whether the page is there for that one or not. What was posted stands on it, and is kept for that one alone, if
    it can be shown by `where`, without its files. None where nobody was."""
    was, citizen = request.session.get(WAS), request.session.get("citizen")
    if not was or not citizen or (was["tenant"], citizen["tenant"]) != (tenant, tenant):
        return None
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"status": "another person"}, status=409)
    if request.method == "POST" and request.path == where:
        through = UUID(was["person"]) if "for" in was else None
        kept.keep(request, Actor("citizen", UUID(was.get("for", was["person"])), through=through))
    told = {"tenant": tenant, "where": where, "read": kept.typed(request), "files": bool(request.FILES)}
    response = render(request, "entry/before.html", told, status=404)
    response.headers["Cache-Control"] = "no-store"
    return response


def _has(request: HttpRequest, by: Actor, tenant: str, page: ResolverMatch) -> bool:
    """Whether the page is there for `by`, if she got it. Nothing is written of it, nothing of it is shown."""
    got = copy.copy(request)
    got.method, got.POST = "GET", QueryDict()
    got.kept, got.looks = None, []  # type: ignore[attr-defined]
    got.entrance = (tenant, by, "act for another")  # type: ignore[attr-defined]
    for name in ("representation", "kept_as"):
        vars(got).pop(name, None)
    try:
        if hasattr(page.func, "outside"):
            return bool(page.func.outside(got, *page.args, **page.kwargs).status_code < 400)
        with acting(tenant, by, "act for another") as door:
            got.door, got.organisation = door, door.tenant  # type: ignore[attr-defined]
            if by.through is not None:
                got.representation = representation_behind(by, request.now)  # type: ignore[attr-defined]
            with timezone.override(door.the_tenant.zone):
                answer: HttpResponse = page.func.behind_the_door(got, *page.args, **page.kwargs)  # type: ignore[attr-defined]
            transaction.set_rollback(True)
    except (Hidden, NotAllowed, Http404):
        return False
    finally:
        kept.put_back(got)
    return answer.status_code < 400
