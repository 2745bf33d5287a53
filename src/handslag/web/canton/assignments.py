"""Assignments: sent by the canton, answered person by person by the municipality, each with its own copy."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import NewMessage
from handslag.domain.exchange.permissions import message_for_staff, messages_of
from handslag.domain.exchange.policies import TAKE_BACK
from handslag.domain.exchange.queries import conversation, first_messages, may_say, name_of, partners, under_way
from handslag.domain.exchange.states import OVER, Business, Direction, Transport
from handslag.domain.people.queries import person_by_identifier
from handslag.domain.register.operations import assign
from handslag.domain.register.policies import require_canton
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.messages import conversation as said_of
from handslag.messages.assignment.build import answering, assigning
from handslag.messages.assignment.message import Assigned, Assignment
from handslag.messages.assignment.notices import person_of
from handslag.web.canton.forms import ArrivalForm, AssignForm
from handslag.web.canton.pages import page
from handslag.web.canton.talk import said_about, words_forms
from handslag.web.canton.wording import ACCOMMODATION, OVERTAKEN, REASONS, ROLES, SAID, STATUSES, refusal, standing_of
from handslag.web.desk.pages import (
    CASE_ROLES,
    attempt,
    base,
    number_in,
    require,
    the_door,
    today,
    typed,
    who,
)
from handslag.web.entry.pages import desk_page

#: The usual time for an answer, and how long a settled assignment stays in the list.
USUAL, SHOWN = timedelta(days=7), timedelta(days=90)
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


def name_in(one: Assigned) -> str:
    """Somebody assigned, as the message names her."""
    return f"{one.person.given_name} {one.person.family_name}".strip()


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
    rows = first_messages(messages_of(member).filter(kind="assignment", created_at__gt=who(request)["now"] - SHOWN))
    names, on = {key: row.name for key, row in partners().items()}, today(request)
    shown = [_row(row, names, on) for row in rows.exclude(transport=Transport.TAKEN_BACK)]
    shown.sort(key=lambda one: (not one["open"], one["row"].due_on or date.max, one["row"].created_at, one["row"].id))
    return page(
        request, "assignments.html", rows=shown, canton=is_canton(), may_assign=Role.REGISTRAR in member.roles
    )  # fmt: skip


def _row(row: Message, names: dict[str, str], on: date) -> dict[str, Any]:
    state, colour = standing_of(row)
    asked = _asked(row)
    waits = row.business not in OVER and row.transport not in (Transport.REJECTED, Transport.EXPIRED)
    return {
        "row": row,
        "partner": names.get(row.partner, row.partner),
        "people": ", ".join(name_in(one) for one in asked.persons),
        "state": state,
        "colour": colour,
        "open": waits,
        "late": bool(waits and row.due_on and row.due_on < on),
    }


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
            sent = attempt(request, assign, new=told, people=[person_of(one) for one in form.told])
        except NotPossible as refused:
            if refused.code == "sent already":
                return HttpResponseRedirect(f"{base(request)}/assignments/{refused.facts['message']}/")
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
        else:
            return HttpResponseRedirect(f"{base(request)}/assignments/{sent.id}/")
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
    act = request.POST.get("act", "")
    forms_of = _forms(request, first, act)
    trouble = ""
    if request.method == "POST":
        require(request, Role.REGISTRAR if first.direction == Direction.OUT else Role.CASEWORKER)
        try:
            if said_about(request, first, act, forms_of, _answering):
                return HttpResponseRedirect(f"{base(request)}/assignments/{first.id}/")
        except Conflict:
            trouble = str(OVERTAKEN)
            first.refresh_from_db()
        except NotPossible as refused:
            if refused.code == "sent already":
                return HttpResponseRedirect(f"{base(request)}/assignments/{first.id}/")
            if refused.code == "answer by":
                forms_of["ask back"].add_error("until", refusal(refused))
            else:
                trouble = refusal(refused)
    errors = next((form for form in forms_of.values() if form.errors), None)
    return _assignment(request, first, member, forms_of, errors, trouble)


def _forms(request: HttpRequest, first: Message, act: str) -> dict[str, Any]:
    """The forms of the page; the one that was sent holds what was typed."""
    asked = _asked(first)
    names = [(one.number, name_in(one)) for one in asked.persons]

    def data(which: str) -> Any:
        return request.POST if act == which else None

    found: dict[str, forms.Form] = {
        "answer": ArrivalForm(names, asked.arrival_on, data("answer"), initial={"key": uuid7()}, auto_id="id_a_%s"),
        **words_forms(request),
    }
    return found


def _answering(first: Message, form: Any) -> NewMessage:
    return answering(key=form.cleaned_data["key"], asked=first, answers=form.answers)


def _assignment(
    request: HttpRequest, first: Message, member: Member, forms_of: dict[str, Any], errors: Any, trouble: str
) -> HttpResponse:
    asked, leaving, out = _asked(first), under_way(first), first.direction == Direction.OUT
    partner, own = name_of(first.partner), the_door(request).the_tenant.name
    acts = (Role.REGISTRAR if out else Role.CASEWORKER) in member.roles
    state, colour = standing_of(first)
    names = {one.number: name_in(one) for one in asked.persons}
    return page(
        request,
        "assignment.html",
        status=422 if errors else 409 if trouble else 200,
        row=first,
        out=out,
        partner=partner,
        state=state,
        colour=colour,
        asked=asked,
        moves_from=name_of(asked.moves_from) if asked.moves_from else "",
        people=[_person(one, member, out) for one in asked.persons],
        said=[
            _said(row, partner if row.direction == Direction.IN else own, names)
            for row in conversation(first)
            if row.id != first.id
        ],
        leaving=leaving if acts else None,
        seconds=int(TAKE_BACK.total_seconds()),
        may_take_up=acts and not out and first.business == Business.NONE,
        may={act.replace(" ", "_"): acts and may_say(first, act) for act in forms_of},
        forms={act.replace(" ", "_"): form for act, form in forms_of.items()},
        errors=errors,
        trouble=trouble,
    )


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


def _said(row: Message, by: str, names: dict[int, str]) -> dict[str, Any]:
    """A message about the assignment, as the page shows it."""
    told = said_of.read(row)
    assert isinstance(told, Assignment)
    return {
        "row": row,
        "by": by,
        "text": told.text,
        "what": SAID.get(row.action, ""),
        "until": told.reply.until if told.reply else None,
        "answers": [
            (names.get(one.number, ""), one.arrived_on, ACCOMMODATION.get(one.accommodation, ""),
             REASONS.get(one.reason, ""))
            for one in told.answers
        ],
        "closed": told.header.closed,
        "state": standing_of(row)[0] if row.direction == Direction.OUT and row.transport != "delivered" else "",
    }  # fmt: skip
