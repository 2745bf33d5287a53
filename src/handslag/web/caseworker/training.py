"""The page of an organisation for training: emptied and filled anew, so that the next group starts afresh."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from handslag.domain.people.operations.staff import ask_training_reset
from handslag.domain.people.queries import last_training_reset
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import attempt, base, page, require, the_door
from handslag.web.entry.pages import desk_page


@desk_page("training")
def training(request: HttpRequest, tenant: str) -> HttpResponse:
    """When it was reset last; POST with `sure` asks for a reset."""
    require(request, Role.ADMINISTRATOR)
    if not the_door(request).the_tenant.training:
        raise Hidden("training")
    unsure = request.method == "POST" and request.POST.get("sure") != "yes"
    if request.method == "POST" and not unsure:
        attempt(request, ask_training_reset)
        return HttpResponseRedirect(f"{base(request)}/training/?asked")
    return page(
        request,
        "training.html",
        status=422 if unsure else 200,
        unsure=unsure,
        asked="asked" in request.GET,
        last=last_training_reset(),
    )
