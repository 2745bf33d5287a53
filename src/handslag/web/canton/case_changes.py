"""What changes in cases under section 44 (F2), that support ends or begins again (F4), and whom another municipality
takes over (F5)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from django import forms
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.exchange.queries import name_of, own_address, partners
from handslag.domain.people.queries import full_name, person_by_identifier
from handslag.domain.register.policies import CANTON, MUNICIPALITY
from handslag.domain.register.queries import deadlines_shown, told_with
from handslag.domain.statistics.queries.federal import table
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.ids import uuid7
from handslag.messages.case_change.build import Changing, answering, changed_in, changing
from handslag.messages.case_change.checks import checked
from handslag.messages.case_change.message import CHANGES, Changed, first_open
from handslag.messages.case_change.notices import municipality_of
from handslag.messages.conversation import told_on
from handslag.messages.mutation.message import Concerned
from handslag.rules.ch.deadlines import of_end, of_last_payment
from handslag.web.canton.assignments import USUAL
from handslag.web.canton.deadlines import row_of
from handslag.web.canton.forms import CaseChangeForm, NotedForm
from handslag.web.canton.notifications import TELLS, telling_of
from handslag.web.canton.pages import page, require_register
from handslag.web.canton.talk import as_it_stands, begun, carried_out, listed, name_in, words_forms
from handslag.web.canton.wording import CASE_CHANGES, CASE_DISPUTES, DISPUTES, change_standing, refusal
from handslag.web.desk.pages import CASE_ROLES, base, require, today, typed, who
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import language_of_figures

#: At which field a refusal is said.
_BY_FIELD = {
    "no such partner": "recipient", "answer by": "answer_by", "assess first": "assessed", "moves to": "municipality",
    "not ended yet": "on",
}  # fmt: skip


def _told(row: Message) -> dict[str, Any]:
    told = changed_in(row)
    people = ", ".join(name_in(one) for one in told.persons)
    return {"people": people, "what": CASE_CHANGES[told.change], "on": told.on}


@desk_page("case changes")
@require_safe
def listed_changes(request: HttpRequest, tenant: str) -> HttpResponse:
    """What was told and what we told, those that wait for an answer first, by their day."""
    require_register(request)
    member = require(request, *CASE_ROLES)
    looked_at("case changes")
    return page(request, "case_changes.html", rows=listed(request, member, "case_change", change_standing, _told))


@desk_page("case change")
def new(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """Tell the canton what changes in the case of a household: what speaks against it is shown first, and doesn't keep
    it from being sent."""
    member, found, people = telling_of(request, person)
    on = today(request)
    places = {key: row.name for key, row in partners().items()}
    recipients = {key: name for key, name in places.items() if key.startswith(CANTON)}
    towns = {key: name for key, name in places.items() if key.startswith(MUNICIPALITY)}
    initial: dict[str, Any] = {
        "key": uuid7(), "answer_by": on + USUAL, "persons": [str(person)],
        "recipient": told_with([*recipients], person),
    }  # fmt: skip
    if request.GET.get("change") in CHANGES:
        initial["change"] = request.GET["change"]
    names = [(str(one.id), full_name(one)) for one in people]
    form = CaseChangeForm(recipients, towns, names, typed(request), initial=initial)
    against: list[tuple[str, str]] = []
    if request.method == "POST" and form.is_valid():
        told = Changing(unit=member.unit_id, now=who(request)["now"], **form.told())
        try:
            message = changing(told)
            against = _against(message.body["asked"], on)
            if against and not told.why.strip():
                form.add_error("why", refusal(NotPossible("speaks against it")))
            else:
                return begun(request, f"{base(request)}/case_changes/", new=message)
        except NotPossible as refused:
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
    return page(
        request, "case_change_new.html", status=422 if form.errors else 200, form=form, name=full_name(found),
        person=found, nobody=not recipients, against=against,
    )  # fmt: skip


def _against(asked: dict[str, Any], on: date) -> list[tuple[str, str]]:
    """What speaks against a change before it is sent: of whom, and what."""
    told = msgspec.convert(asked, Changed)
    found = checked(told, own_address(), on)
    return [(name_in(one), str(CASE_DISPUTES[code])) for one in told.persons for code in found[one.number]]


@desk_page("case change")
def case_change(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A change of a case with its findings and what was said about it. POST `act`: as of an assignment."""
    first, member = message_for_staff(message, **who(request))
    if first.kind != "case_change" or first.reference is not None:
        raise Hidden("message", message)
    looked_at("case change", first.id)
    act, told, on = request.POST.get("act", ""), changed_in(first), today(request)
    names = {one.number: name_in(one) for one in told.persons}
    forms_of: dict[str, forms.Form] = {
        "answer": NotedForm(
            [*names.items()], first_open(told) is not None, told.change == "resumed",
            request.POST if act == "answer" else None, initial={"key": uuid7()}, auto_id="id_a_%s",
        ),
        **words_forms(request),
    }  # fmt: skip
    trouble = ""
    if request.method == "POST":
        require(request, *TELLS)
        done = carried_out(request, first, forms_of, answering, f"{base(request)}/case_changes/{first.id}/")
        if isinstance(done, HttpResponse):
            return done
        trouble = done

    def answers(said: Any) -> list[tuple[Any, ...]]:
        words = {"": DISPUTES[""], **CASE_DISPUTES}
        return [(names.get(one.number, ""), words[one.reason], one.last_on) for one in said.answers]

    found = checked(told, municipality_of(first), told_on(first), first)
    ends = deadlines_shown([*of_end(told.on), *of_last_payment(told.on)]) if told.change == "ended" else []
    acts = bool(member.roles & set(TELLS))
    return page(
        request,
        "case_change.html",
        **as_it_stands(request, first, forms_of, trouble, acts=acts, standing=change_standing, answers=answers),
        change=told,
        what=CASE_CHANGES[told.change],
        reason=reason_name(told.bfs_code),
        other=name_of(told.municipality) if told.municipality else "",
        deadlines=[row_of(one, on) for one in ends],
        people=[_person(one, member, [CASE_DISPUTES[code] for code in found[one.number]]) for one in told.persons],
        against=any(found.values()),
    )


def reason_name(code: str) -> str:
    """Why support ended, by the table of the federal statistics; a code that it hasn't as it came."""
    name = table()["reasons"].get(code)
    return str(name[language_of_figures()]) if name else code


def _person(one: Concerned, member: Member, against: list[Any]) -> dict[str, Any]:
    known = person_by_identifier("zemis", one.person.identifier)
    seen = known is not None and known.protection_level <= member.clearance
    url = f"register/{known.id}/" if known and seen else ""
    return {"told": one.person, "name": name_in(one), "url": url, "against": against}
