"""Notes in a case: a note, a telephone call, an appointment. What is being typed is kept; done, it is locked."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.http import require_POST

from handslag.domain.casefile.operations import LONGEST_NOTE, keep_note_draft, write_note
from handslag.domain.casefile.states import NoteKind
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.web.caseworker import case as case_page
from handslag.web.caseworker.pages import CASE_ROLES, attempt, base, form_key, require, the_door
from handslag.web.caseworker.wording import refusal
from handslag.web.entry.pages import desk_page

FIELDS = ("kind", "text", "at", "adds_to")


@desk_page("note")
@require_POST
def write(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """Note it: POST `kind`, `text`, `at` (day and time where it has one), `adds_to` (a note). As JSON (autosave): only
    keep what is typed."""
    require(request, *CASE_ROLES)
    typed = {name: request.POST.get(name, "")[: LONGEST_NOTE + 1] for name in FIELDS}
    if request.headers.get("Accept", "").startswith("application/json"):
        attempt(request, keep_note_draft, case=case, form=typed)
        return JsonResponse({"version": 0})
    kind = typed["kind"] if typed["kind"] in NoteKind.values else NoteKind.NOTE
    try:
        adds_to = UUID(typed["adds_to"]) if typed["adds_to"] else None
    except ValueError:
        raise Hidden("note") from None
    try:
        moment = _moment(request, typed["at"]) if kind != NoteKind.NOTE else None
        told = {"kind": kind, "text": typed["text"], "at": moment, "adds_to": adds_to, "key": form_key(request)}
        attempt(request, write_note, case=case, **told)
    except NotPossible as refused:
        attempt(request, keep_note_draft, case=case, form=typed)
        return case_page.newest_month(request, case, refusal(refused))
    return HttpResponseRedirect(f"{base(request)}/cases/{case}/")


def _moment(request: HttpRequest, text: str) -> datetime | None:
    """A day and time as the organisation's clocks show them, in UTC; None for what is none."""
    zone = ZoneInfo(the_door(request).the_tenant.zone)
    try:
        return datetime.fromisoformat(text[:16]).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
