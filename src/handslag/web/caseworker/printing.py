"""What is to be printed and posted: the notices of each day for people without e-mail and telephone."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from handslag.domain.audit.operations import looked_at
from handslag.domain.tasks.models import PrintBatch
from handslag.domain.tasks.queries import protection_printed
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import page, require
from handslag.web.entry.pages import desk_page


@desk_page("print")
def batches(request: HttpRequest, tenant: str) -> HttpResponse:
    """The newest print batches with their PDF and manifest."""
    member = require(request, Role.REGISTRAR)
    looked_at("print batches")
    newest = list(PrintBatch.objects.order_by("-made_at")[:40])
    levels = protection_printed(newest)
    return page(request, "print.html", batches=[(each, levels[each.id] > member.clearance) for each in newest])
