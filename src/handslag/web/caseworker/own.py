"""One's own desk: shortcuts on or off, and who stands in while one is away."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from handslag.domain.casefile.queries import colleagues, deputies_around
from handslag.domain.people.operations.staff import end_deputy, keep_preferences, name_deputy
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import attempt, base, form_key, page, the_member, today
from handslag.web.caseworker.wording import REFUSALS, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui.forms import read_day


@desk_page("own desk")
def show(request: HttpRequest, tenant: str) -> HttpResponse:
    """Shortcuts, and deputies now and to come."""
    return _show(request)


def _show(request: HttpRequest, trouble: str = "") -> HttpResponse:
    member, day = the_member(request), today(request)
    return page(
        request,
        "own.html",
        trouble=trouble,
        deputies=[row for row in deputies_around(member, day) if row.member_id == member.id],
        stands_in=[row for row in deputies_around(member, day) if row.deputy_id == member.id],
        colleagues=[c for c in colleagues(member, day) if c.id != member.id],
        works=Role.CASEWORKER in member.roles,
        typed=request.POST,
    )


@desk_page("own desk")
@require_POST
def keys(request: HttpRequest, tenant: str) -> HttpResponse:
    """Single-letter shortcuts on or off: POST `keys`. Leads back to the page where it was pressed."""
    attempt(request, keep_preferences, keys=request.POST.get("keys") == "on")
    came_from = urlsplit(request.headers.get("Referer", ""))
    here = came_from.netloc == request.get_host() and came_from.path.startswith(f"{base(request)}/")
    return HttpResponseRedirect(came_from.path if here else f"{base(request)}/me/")


@desk_page("own desk")
@require_POST
def deputies(request: HttpRequest, tenant: str) -> HttpResponse:
    """Name a deputy (POST `deputy`, `since`, `last`: days, both included), or end one (POST `end`, its key)."""
    member = the_member(request)
    try:
        if ends := request.POST.get("end"):
            attempt(request, end_deputy, deputy=UUID(ends))
        else:
            since, last = (read_day(request.POST.get(name, "")) for name in ("since", "last"))
            deputy = UUID(request.POST.get("deputy", ""))
            until = last + timedelta(days=1)
            attempt(
                request, name_deputy, member=member.id, deputy=deputy, since=since, until=until, key=form_key(request)
            )
    except (ValueError, OverflowError):
        return _show(request, str(REFUSALS["deputy days"]))
    except NotPossible as refused:
        return _show(request, refusal(refused))
    return HttpResponseRedirect(f"{base(request)}/me/")
