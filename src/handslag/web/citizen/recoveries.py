"""What a person is to pay back: how much and why, what is left, how to pay, what to do if she can't or disagrees."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.payments.models import Recovery
from handslag.domain.payments.queries import plan_of, standing_of, waivers_of
from handslag.domain.payments.states import RecoveryState
from handslag.domain.tenancy.door import Actor
from handslag.web.citizen.overview import decided_for_herself, personal_letter
from handslag.web.citizen.person import me
from handslag.web.entry.pages import citizen_page, opened, outside_page


def _hers(key: UUID, by: Actor) -> Recovery:
    """A claim that was decided, from herself."""
    rows = Recovery.objects.select_related("letter__document", "decided_by").filter(state=RecoveryState.DECIDED)
    return decided_for_herself(rows, key, by, "recovery")


@require_safe
@citizen_page("recovery")
def recovery(request: HttpRequest, tenant: str, recovery: UUID) -> HttpResponse:
    """What she is to pay back, and where it stands."""
    me(request)
    found = _hers(recovery, request.door.the_actor)  # type: ignore[attr-defined]
    looked_at("recovery", found.case_id)
    assert found.letter is not None
    standing = standing_of(found)
    facts = {
        "row": found,
        "content": found.letter.content,
        "standing": standing,
        "plan": plan_of(found) if standing.open else None,
        "waivers": waivers_of(found),
        "letter_ready": found.letter.document_id is not None,
    }
    return render(request, "citizen/recovery.html", facts)


@require_safe
@outside_page("recovery letter")
def letter(request: HttpRequest, tenant: str, recovery: UUID) -> HttpResponse:
    """The letter as PDF, as it was set once."""
    with opened(request) as door:
        found = _hers(recovery, request.entrance[1])  # type: ignore[attr-defined]
        looked_at("recovery letter", found.case_id)
        read = personal_letter(found.letter, door.the_tenant.id)
    return read()
