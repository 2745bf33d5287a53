"""Documents leave from the host of files: here it is only checked who may have them."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from handslag.web.caseworker.pages import the_door, who
from handslag.web.entry.files import document_for, link_to
from handslag.web.entry.pages import desk_page


@desk_page("document")
def download(request: HttpRequest, tenant: str, document: UUID) -> HttpResponse:
    """Leads to the file's own address, good for a minute and for this person."""
    found = document_for(document, **who(request))
    door = the_door(request)
    return HttpResponseRedirect(link_to(door.the_tenant.slug, found.id, door.the_actor))
