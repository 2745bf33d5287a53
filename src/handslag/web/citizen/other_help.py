"""Help beside the calculation (12 kap. 2 § socialtjänstlagen): what was decided for her, why, what she can do."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.payments.models import OtherHelp
from handslag.domain.payments.queries import help_replaced_by
from handslag.domain.payments.states import OtherHelpState
from handslag.domain.tenancy.door import Actor
from handslag.web.citizen.overview import decided_for_herself, personal_letter
from handslag.web.citizen.person import me
from handslag.web.entry.pages import citizen_page, opened, outside_page


def _hers(key: UUID, by: Actor) -> OtherHelp:
    """What was decided for herself."""
    rows = OtherHelp.objects.select_related("letter__document", "period").filter(state=OtherHelpState.DECIDED)
    return decided_for_herself(rows, key, by, "other help")


@require_safe
@citizen_page("other help")
def other_help(request: HttpRequest, tenant: str, help_: UUID) -> HttpResponse:
    """The decision: what she gets, why, how it can be tried again."""
    me(request)
    found = _hers(help_, request.door.the_actor)  # type: ignore[attr-defined]
    looked_at("other help", found.case_id)
    assert found.letter is not None
    facts = {
        "row": found,
        "replaced_by": help_replaced_by(found.id),
        "content": found.letter.content,
        "letter_ready": found.letter.document_id is not None,
    }
    return render(request, "citizen/other_help.html", facts)


@require_safe
@outside_page("other help letter")
def letter(request: HttpRequest, tenant: str, help_: UUID) -> HttpResponse:
    """The letter as PDF, as it was set once."""
    with opened(request) as door:
        found = _hers(help_, request.entrance[1])  # type: ignore[attr-defined]
        looked_at("other help letter", found.case_id)
        read = personal_letter(found.letter, door.the_tenant.id)
    return read()
