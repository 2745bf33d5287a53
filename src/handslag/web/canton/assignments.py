"""Assignments: sent by the canton, answered person by person by the municipality, each with its own copy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.exchange.queries import name_of, partners
from handslag.domain.exchange.states import Direction
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.operations import assign
from handslag.domain.register.policies import require_canton
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.messages import conversation as said_of
from handslag.messages.assignment.build import answering, assigning
from handslag.messages.assignment.message import Assigned, Assignment
from handslag.messages.assignment.notices import person_of
from handslag.web.canton.forms import ArrivalForm, AssignForm
from handslag.web.canton.pages import page
from handslag.web.canton.talk import as_it_stands, begun, carried_out, listed, name_in, words_forms
from handslag.web.canton.wording import ACCOMMODATION, REASONS, ROLES, STATUSES, refusal, standing_of
from handslag.web.desk.pages import (
    CASE_ROLES,
    base,
    number_in,
    require,
    today,
    typed,
    who,
)
from handslag.web.entry.pages import desk_page

#: The usual time for an answer, and how long a settled assignment stays in the list.
USUAL = timedelta(days=7)
#: To whom people are assigned.
MUNICIPALITIES = "municipality:"
#: At which field a refusal is said.
_BY_FIELD = {
    "no such partner": "recipient", "answer by": "answer_by", "assess first": "assessed", "moves from": "moves_from",
}  # fmt: skip


def is_canton() -> bool:
    """Whether the organisation behind the door assigns people."""
    try:
        require_canton()
    except NotPossible:
        return False
    return True


def _named(row: Message) -> dict[str, Any]:
    return {"people": ", ".join(name_in(one) for one in _asked(row).persons)}


def _asked(row: Message) -> Any:
    said = said_of.read(row)
    assert isinstance(said, Assignment)
    return said.asked


# -- the list and the form --------------------------------------------------------------------------------------------


@desk_page("assignments")
@require_safe
def assignments(request: HttpRequest, tenant: str) -> HttpResponse:
    """What was assigned, those that wait for an answer first, by their day."""
    member = require(request, *CASE_ROLES)
    looked_at("assignments")
    shown = listed(request, member, "assignment", standing_of, _named)
    return page(
        request, "assignments.html", rows=shown, canton=is_canton(), may_assign=Role.REGISTRAR in member.roles
    )  # fmt: skip


@desk_page("assign")
def new(request: HttpRequest, tenant: str) -> HttpResponse:
    """Assign a family unit to a municipality. POST `act` `more`: one person more on the form."""
    if not is_canton():
        raise Hidden("assignment")
    member = require(request, Role.REGISTRAR)
    looked_at("assignments")
    places = {key: row.name for key, row in partners().items() if key.startswith(MUNICIPALITIES)}
    more = request.POST.get("act") == "more"
    data = typed(request)
    count = number_in(data.get("count", "1") if data else "1") + more
    form = AssignForm(
        places, count, data, initial={"key": uuid7(), "answer_by": today(request) + USUAL, "arrival_on": None}
    )
    if more:
        form = AssignForm(places, count, initial={**(data or {}).dict(), **_boxes(data, count)})  # type: ignore[union-attr]
    elif request.method == "POST" and form.is_valid():
        try:
            told = assigning(form.assigning(member.unit_id, who(request)["now"]))
            people = [person_of(one) for one in form.told]
            return begun(request, f"{base(request)}/assignments/", assign, new=told, people=people)
        except NotPossible as refused:
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
    return page(request, "assign.html", status=422 if form.errors else 200, form=form, nobody=not places)


def _boxes(data: Any, count: int) -> dict[str, bool]:
    """The boxes as they were: one that isn't ticked isn't sent; the new person's is ticked."""
    ticked = {f"quota_credit-{n}": f"quota_credit-{n}" in data for n in range(1, count)}
    return {**ticked, f"quota_credit-{count}": True, "test": "test" in data}


# -- one assignment ---------------------------------------------------------------------------------------------------


@desk_page("assignment")
def assignment(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """An assignment with what was said about it. POST `act`: `take back`, `take up`, `answer`, `ask back`, `add`,
    `recall`, `remind`."""
    first, member = message_for_staff(message, **who(request))
    if first.kind != "assignment" or first.reference is not None:
        raise Hidden("message", message)
    looked_at("assignment", first.id)
    forms_of = _forms(request, first)
    trouble, role = "", Role.REGISTRAR if first.direction == Direction.OUT else Role.CASEWORKER
    if request.method == "POST":
        require(request, role)
        done = carried_out(request, first, forms_of, answering, f"{base(request)}/assignments/{first.id}/")
        if isinstance(done, HttpResponse):
            return done
        trouble = done
    asked, acts = _asked(first), role in member.roles
    names = {one.number: name_in(one) for one in asked.persons}

    def answers(told: Any) -> list[tuple[Any, ...]]:
        return [
            (names.get(one.number, ""), one.arrived_on, ACCOMMODATION.get(one.accommodation, ""),
             REASONS.get(one.reason, ""))
            for one in told.answers
        ]  # fmt: skip

    return page(
        request,
        "assignment.html",
        **as_it_stands(request, first, forms_of, trouble, acts=acts, standing=standing_of, answers=answers),
        asked=asked,
        moves_from=name_of(asked.moves_from) if asked.moves_from else "",
        people=[_person(one, member, first.direction == Direction.OUT) for one in asked.persons],
    )


def _forms(request: HttpRequest, first: Message) -> dict[str, Any]:
    """The forms of the page; the one that was sent holds what was typed."""
    asked = _asked(first)
    names = [(one.number, name_in(one)) for one in asked.persons]
    data = request.POST if request.POST.get("act", "") == "answer" else None
    found: dict[str, forms.Form] = {
        "answer": ArrivalForm(names, asked.arrival_on, data, initial={"key": uuid7()}, auto_id="id_a_%s"),
        **words_forms(request),
    }
    return found


def _person(one: Assigned, member: Member, out: bool) -> dict[str, Any]:
    known = person_by_identifier(one.person.identifier_type, one.person.identifier)
    seen = known is not None and known.protection_level <= member.clearance
    return {
        "told": one,
        "name": name_in(one),
        "role": ROLES[one.role],
        "status": STATUSES[one.status],
        "url": f"{'register' if out else 'people'}/{known.id}/" if known and seen else "",
    }
