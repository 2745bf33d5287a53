"""Cases that a municipality notifies to its canton under section 44 (F1), and until when the canton accepts each."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.exchange.queries import own_address, partners
from handslag.domain.people.models import Person
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import full_name, household_of, household_on, person_by_identifier, person_by_number
from handslag.domain.register.policies import CANTON
from handslag.domain.register.queries import deadlines_shown, family_of, standing_on, told_with
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.messages.case_notification.build import Notifying, answering, case_in, notifying
from handslag.messages.case_notification.checks import checked
from handslag.messages.case_notification.message import PERMITS, Case, Supported
from handslag.messages.case_notification.notices import municipality_of
from handslag.messages.conversation import told_on
from handslag.rules.ch.deadlines import of_decision, runs
from handslag.web.canton.assignments import is_canton
from handslag.web.canton.deadlines import row_of
from handslag.web.canton.forms import AcceptForm, NotifyForm, NumberForm
from handslag.web.canton.pages import page, require_register
from handslag.web.canton.talk import as_it_stands, begun, carried_out, listed, name_in, words_forms
from handslag.web.canton.wording import AGAINST, PERMIT_NAMES, notification_standing, refusal
from handslag.web.desk.pages import CASE_ROLES, base, require, today, typed, who
from handslag.web.entry.pages import desk_page

#: At which field a refusal is said.
_BY_FIELD = {
    "no such partner": "recipient", "answer by": "answer_by", "assess first": "assessed",
    "not decided yet": "decided_on",
}  # fmt: skip
#: Who notifies a case, and who of the canton answers.
TELLS = (Role.CASEWORKER, Role.REGISTRAR)
#: The usual time for an answer.
USUAL = timedelta(days=14)


def _told(row: Message) -> dict[str, Any]:
    case = case_in(row)
    return {"people": ", ".join(name_in(one) for one in case.persons), "decided_on": case.decided_on}


@desk_page("case notifications")
def notifications(request: HttpRequest, tenant: str) -> HttpResponse:
    """What was notified, those that wait for an answer first, by their day. POST `number`: on to the form for her."""
    require_register(request)
    member = require(request, *CASE_ROLES)
    looked_at("case notifications")
    form, may_notify = NumberForm(request.POST or None), not is_canton() and bool(member.roles & set(TELLS))
    if request.method == "POST" and form.is_valid():
        require(request, *TELLS)
        found = person_by_number(form.cleaned_data["number"], member)
        if found is not None:
            return HttpResponseRedirect(f"{base(request)}/register/{found.id}/notify/")
        form.nobody()
    told = listed(request, member, "case_notification", notification_standing, _told)
    status = 422 if form.errors else 200
    return page(request, "notifications.html", status, rows=told, form=form, may_notify=may_notify)


def household_with(person: UUID, on: date) -> list[Person]:
    """Whom a case may be about: her household here and her family unit of the register, herself first."""
    home = household_of(person, on)
    members = {row.person_id for row in household_on(home, on, on + timedelta(days=1))} if home else set()
    known = {one.id for one in family_of(person)}
    rows = Person.objects.filter(id__in={person, *members, *known}).order_by("sort_key", "id")
    return sorted(rows, key=lambda one: one.id != person)


def telling_of(request: HttpRequest, person: UUID) -> tuple[Member, Person, list[Person]]:
    """Who of a municipality tells its canton about a case, of whom, and who else it may be about. Hidden where she
    isn't seen."""
    require_register(request)
    if is_canton():
        raise Hidden("person", person)
    member = require(request, *TELLS)
    found = Person.objects.filter(id=person).first()
    if found is None:
        raise Hidden("person", person)
    require_sight(member, found)
    looked_at("person", person)
    seen = [one for one in household_with(person, today(request)) if one.protection_level <= member.clearance]
    return member, found, seen


@desk_page("case notification")
def new(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """Notify the case of a household: what speaks against it is shown first, and doesn't keep it from being sent."""
    member, found, people = telling_of(request, person)
    on = today(request)
    recipients = {key: row.name for key, row in partners().items() if key.startswith(CANTON)}
    standing = standing_on([one.id for one in people], on)
    initial: dict[str, Any] = {
        "key": uuid7(), "answer_by": on + USUAL, "heads": len(people), "recipient": told_with([*recipients], person),
    }  # fmt: skip
    for n, one in enumerate(people, 1):
        where, status = standing[one.id]
        initial |= {f"claimed-{n}": one.id == person, f"supported_since-{n}": where.since if where else None}
        if status and status.status in PERMITS:
            initial[f"permit-{n}"] = status.status
    data = typed(request)
    form = NotifyForm(recipients, [(one.id, full_name(one)) for one in people], data, initial=initial)
    against: list[tuple[str, str]] = []
    if request.method == "POST" and form.is_valid():
        told = Notifying(unit=member.unit_id, now=who(request)["now"], **form.told())
        try:
            message = notifying(told)
            against = _against(message.body["asked"], on)
            if against and not told.why.strip():
                form.add_error("why", refusal(NotPossible("against it")))
            else:
                return begun(request, f"{base(request)}/case_notifications/", new=message)
        except NotPossible as refused:
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
    return page(
        request, "notify.html", status=422 if form.errors else 200, form=form, name=full_name(found), person=found,
        nobody=not recipients, against=against,
    )  # fmt: skip


def _against(asked: dict[str, Any], on: date) -> list[tuple[str, str]]:
    """What speaks against a notification before it is sent: of whom, and what."""
    case = msgspec.convert(asked, Case)
    found = checked(case, own_address(), on)
    return [(name_in(one), str(AGAINST[code])) for one in case.persons for code in found[one.number]]


@desk_page("case notification")
def notification(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A notified case with its findings and what was said about it. POST `act`: as of an assignment."""
    first, member = message_for_staff(message, **who(request))
    if first.kind != "case_notification" or first.reference is not None:
        raise Hidden("message", message)
    looked_at("case notification", first.id)
    act, case, on = request.POST.get("act", ""), case_in(first), today(request)
    names = {one.number: name_in(one) for one in case.persons}
    ends = {
        one.number: None if one.staying else runs("residence.years", one.residence_since).last_on
        for one in case.persons
    }
    forms_of: dict[str, forms.Form] = {
        "answer": AcceptForm(
            [*names.items()], ends, request.POST if act == "answer" else None, initial={"key": uuid7()},
            auto_id="id_a_%s",
        ),
        **words_forms(request),
    }  # fmt: skip
    trouble = ""
    if request.method == "POST":
        require(request, *TELLS)
        done = carried_out(request, first, forms_of, answering, f"{base(request)}/case_notifications/{first.id}/")
        if isinstance(done, HttpResponse):
            return done
        trouble = done

    def answers(told: Any) -> list[tuple[Any, ...]]:
        return [(names.get(one.number, ""), one.last_on, AGAINST.get(one.reason, "")) for one in told.answers]

    found = checked(case, municipality_of(first), told_on(first), first)
    return page(
        request,
        "notification.html",
        **as_it_stands(
            request, first, forms_of, trouble, acts=bool(member.roles & set(TELLS)), standing=notification_standing,
            answers=answers,
        ),
        case=case,
        deadlines=[row_of(one, on) for one in deadlines_shown(of_decision(case.decided_on))],
        people=[_person(one, member, [AGAINST[code] for code in found[one.number]]) for one in case.persons],
        against=any(found.values()),
    )  # fmt: skip


def _person(one: Supported, member: Member, against: list[Any]) -> dict[str, Any]:
    known = person_by_identifier("zemis", one.person.identifier)
    seen = known is not None and known.protection_level <= member.clearance
    return {
        "told": one,
        "name": name_in(one),
        "permit": PERMIT_NAMES[one.permit],
        "url": f"register/{known.id}/" if known and seen else "",
        "against": against,
    }
