"""Changes that canton and municipality tell each other (F3): a status, a move, a departure, own earnings."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.exchange.queries import name_of, partners
from handslag.domain.people.models import Person
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import full_name, person_by_identifier
from handslag.domain.register.policies import CANTON
from handslag.domain.register.queries import family_of, standing_on, told_with
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.messages.mutation.build import Telling, answering, telling
from handslag.messages.mutation.message import Concerned
from handslag.messages.mutation.notices import change_in
from handslag.web.canton.assignments import MUNICIPALITIES, USUAL, is_canton
from handslag.web.canton.forms import AgreeForm, ChangeForm
from handslag.web.canton.pages import page
from handslag.web.canton.talk import as_it_stands, begun, carried_out, listed, name_in, words_forms
from handslag.web.canton.wording import CHANGES, DISPUTES, STATUSES, change_standing, refusal
from handslag.web.desk.pages import CASE_ROLES, base, require, today, typed, who
from handslag.web.entry.pages import desk_page

#: At which field a refusal is said.
_BY_FIELD = {
    "no such partner": "recipient", "answer by": "answer_by", "assess first": "assessed", "moves to": "municipality",
}  # fmt: skip
#: Who tells a change, and says whether one is so.
TELLS = (Role.CASEWORKER, Role.REGISTRAR)


def _told(row: Message) -> dict[str, Any]:
    change = change_in(row)
    people = ", ".join(name_in(one) for one in change.persons)
    return {"people": people, "what": CHANGES[change.change], "on": change.on}


@desk_page("mutations")
@require_safe
def mutations(request: HttpRequest, tenant: str) -> HttpResponse:
    """What was told and what we told, those that wait for an answer first, by their day."""
    member = require(request, *CASE_ROLES)
    looked_at("mutations")
    shown = listed(request, member, "mutation", change_standing, _told)
    return page(request, "mutations.html", rows=shown)


@desk_page("mutation")
def new(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """Tell the other side that something changes for a person of the register, and for whom of her family unit too."""
    member = require(request, *TELLS)
    found = Person.objects.filter(id=person).first()
    family = family_of(person)
    if found is None or not family:
        raise Hidden("person", person)
    require_sight(member, found)
    looked_at("person", person)
    family = [one for one in family if one.protection_level <= member.clearance]
    places = {key: row.name for key, row in partners().items() if key.startswith((MUNICIPALITIES, CANTON))}
    towns = {key: name for key, name in places.items() if key.startswith(MUNICIPALITIES)}
    recipients = towns if is_canton() else {key: name for key, name in places.items() if key not in towns}
    where, status = standing_on([person], today(request))[person]
    initial = {
        "key": uuid7(), "answer_by": today(request) + USUAL, "persons": [str(person)],
        "recipient": where.municipality if where and is_canton() else told_with([*recipients], person),
        "entry_on": status.entry_on if status else None,
    }  # fmt: skip
    people = [(str(one.id), full_name(one)) for one in family]
    form = ChangeForm(recipients, towns, people, typed(request), initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            told = telling(Telling(unit=member.unit_id, now=who(request)["now"], **form.told()))
            return begun(request, f"{base(request)}/mutations/", new=told)
        except NotPossible as refused:
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
    return page(
        request, "change.html", status=422 if form.errors else 200, form=form, name=full_name(found), person=found,
        nobody=not recipients,
    )  # fmt: skip


@desk_page("mutation")
def mutation(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A change with what was said about it. POST `act`: as of an assignment."""
    first, member = message_for_staff(message, **who(request))
    if first.kind != "mutation" or first.reference is not None:
        raise Hidden("message", message)
    looked_at("mutation", first.id)
    act, change = request.POST.get("act", ""), change_in(first)
    names = {one.number: name_in(one) for one in change.persons}
    forms_of: dict[str, forms.Form] = {
        "answer": AgreeForm(
            [*names.items()], request.POST if act == "answer" else None, initial={"key": uuid7()}, auto_id="id_a_%s"
        ),
        **words_forms(request),
    }
    trouble = ""
    if request.method == "POST":
        require(request, *TELLS)
        done = carried_out(request, first, forms_of, answering, f"{base(request)}/mutations/{first.id}/")
        if isinstance(done, HttpResponse):
            return done
        trouble = done

    def answers(told: Any) -> list[tuple[Any, ...]]:
        return [(names.get(one.number, ""), DISPUTES[one.reason]) for one in told.answers]

    acts = bool(member.roles & set(TELLS))
    return page(
        request,
        "mutation.html",
        **as_it_stands(request, first, forms_of, trouble, acts=acts, standing=change_standing, answers=answers),
        change=change,
        what=CHANGES[change.change],
        status_name=STATUSES.get(change.status, ""),
        to=name_of(change.municipality) if change.municipality else "",
        people=[_person(one, member) for one in change.persons],
        may_assign=is_canton() and change.change == "move" and Role.REGISTRAR in member.roles,
    )


def _person(one: Concerned, member: Member) -> dict[str, Any]:
    known = person_by_identifier("zemis", one.person.identifier)
    seen = known is not None and known.protection_level <= member.clearance
    return {"told": one.person, "name": name_in(one), "url": f"register/{known.id}/" if known and seen else ""}
