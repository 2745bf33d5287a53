"""What was laid down for her in a Swiss case: a condition, or a reduction; why, what she can do."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.decisions.models import Order
from handslag.domain.decisions.states import OrderState
from handslag.domain.tenancy.door import Actor
from handslag.web.citizen.overview import decided_for_herself, personal_letter
from handslag.web.citizen.person import me
from handslag.web.entry.pages import citizen_page, opened, outside_page


def _hers(key: UUID, by: Actor) -> Order:
    """What was decided on herself."""
    rows = Order.objects.select_related("letter__document", "period").filter(state=OrderState.DECIDED)
    return decided_for_herself(rows, key, by, "order")


@require_safe
@citizen_page("order")
def order(request: HttpRequest, tenant: str, order: UUID) -> HttpResponse:
    """What she has to do, or what is reduced, why, and how it can be tried again."""
    me(request)
    found = _hers(order, request.door.the_actor)  # type: ignore[attr-defined]
    looked_at("order", found.case_id)
    assert found.letter is not None
    facts = {"row": found, "content": found.letter.content, "letter_ready": found.letter.document_id is not None}
    return render(request, "citizen/order.html", facts)


@require_safe
@outside_page("order letter")
def letter(request: HttpRequest, tenant: str, order: UUID) -> HttpResponse:
    """The letter as PDF, as it was set once."""
    with opened(request) as door:
        found = _hers(order, request.entrance[1])  # type: ignore[attr-defined]
        looked_at("order letter", found.case_id)
        read = personal_letter(found.letter, door.the_tenant.id)
    return read()
