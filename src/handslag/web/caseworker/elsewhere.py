"""Cases that another case system works: what it says of one, and applications on their way to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.elsewhere.operations import settle_hand_over
from handslag.domain.elsewhere.policies import front
from handslag.domain.elsewhere.queries import foreign_cases, hand_overs_of, hand_overs_seen_by
from handslag.domain.elsewhere.states import HandOverState, LookUp
from handslag.domain.intake.queries import receipts_of
from handslag.domain.people.queries import full_name, household_on, seen_by_staff
from handslag.domain.tenancy.permissions import Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.web.caseworker.pages import CASE_ROLES, attempt, base, page, require, today, version_seen
from handslag.web.caseworker.wording import REFUSALS
from handslag.web.entry.pages import desk_page

STATES = {
    HandOverState.WAITING: (_("on its way"), "info"),
    HandOverState.DELIVERED: (_("delivered"), "success"),
    HandOverState.PARKED: (_("not delivered"), "danger"),
    HandOverState.BY_HAND: (_("entered by hand"), "success"),
}
#: Why a call led to nothing, by the code of connectors.casesystem.port.
TROUBLES = {
    "case_system.away": _("it gives no answer"),
    "case_system.garbled": _("it answers what we don’t understand"),
    "case_system.refused": _("it refuses this"),
}
GROUP_NAMES = {"single": _("adults alone"), "couple": _("couples"), "children": _("households with children")}
#: Days that what was delivered stays on the page.
SHOWN = timedelta(days=30)


def case_elsewhere(request: HttpRequest, found: Case, member: Member) -> HttpResponse:
    """The page of a case that is worked elsewhere, instead of its calculation."""
    looked_at("case", found.id)
    row = foreign_cases([found.id])[found.id]
    over = hand_overs_of([found.id])
    on = today(request)
    memberships = household_on(found.household_id, on, on + timedelta(days=1))
    seen = seen_by_staff(member, [m.person for m in memberships])
    return page(
        request,
        "case_elsewhere.html",
        case=found,
        name=" & ".join(full_name(p) for p in (found.applicant, found.co_applicant) if p is not None),
        row=row,
        trouble=said_of(row.trouble),
        failed=row.outcome in (LookUp.FAILED, LookUp.UNKNOWN),
        said=row.answer.said if row.answer else None,
        household=[(seen[m.person_id], m.role) for m in memberships],
        received=[
            (receipt, period.since, *_state(over[receipt.application_id]), over[receipt.application_id])
            for receipt, period, _taken in receipts_of([found.id])
            if receipt.application_id in over
        ],
    )


def _state(row: Any) -> tuple[Any, str]:
    return STATES[HandOverState(row.state)]


def said_of(trouble: str) -> str:
    """A trouble in words, with what the log calls it."""
    code, _colon, reason = trouble.partition(": ")
    return f"{TROUBLES[code]} ({reason})" if code in TROUBLES else trouble


@desk_page("hand-overs")
def hand_overs(request: HttpRequest, tenant: str) -> HttpResponse:
    """What waits to be handed over, what couldn't be, what was lately; and for whom the e-service is switched on."""
    return _hand_overs(request)


def _hand_overs(request: HttpRequest, trouble: str = "", status: int = 200) -> HttpResponse:
    member = require(request, *CASE_ROLES)
    looked_at("hand-overs")
    rows = hand_overs_seen_by(member, request.now - SHOWN)  # type: ignore[attr-defined]
    served = front()
    return page(
        request,
        "hand_overs.html",
        status=status,
        rows=[(row, *_state(row), said_of(row.trouble)) for row in rows],
        front=served,
        units=[
            (there, here, [GROUP_NAMES[group] for group in GROUP_NAMES if served.serves(there, group)])
            for there, here in served.units.items()
        ]
        if served
        else [],
        trouble=trouble,
    )


@desk_page("hand-overs")
@require_POST
def settle(request: HttpRequest, tenant: str, application: UUID) -> HttpResponse:
    """POST `version`, `act=again`, or `act=by hand` with `reference`, the number that it got over there."""
    require(request, *CASE_ROLES)
    reference = request.POST.get("reference", "").strip()
    by_hand = request.POST.get("act") == "by hand"
    if by_hand and not reference:
        return _hand_overs(request, str(_("Write the number that the application got over there.")), 422)
    try:
        attempt(
            request,
            settle_hand_over,
            application=application,
            version=version_seen(request),
            reference=reference if by_hand else "",
        )
    except (Conflict, NotPossible):
        return _hand_overs(request, str(REFUSALS["conflict"]), 409)
    return HttpResponseRedirect(f"{base(request)}/hand-overs/")
