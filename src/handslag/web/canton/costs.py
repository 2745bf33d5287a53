"""Costs that a municipality or an institution asks a payer to approve (K1), and what the payer approves (K2)."""

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
from handslag.domain.exchange.queries import name_of, own_address, partners
from handslag.domain.exchange.states import Direction
from handslag.domain.funding.models import Approval
from handslag.domain.funding.operations import NewTariff, decide_cost, enter_tariff
from handslag.domain.funding.queries import PROVIDER, TURNS, tariffs, terms_on, turns_in
from handslag.domain.funding.queries import approvals as approved
from handslag.domain.people.models import Person
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import full_name, person_by_number
from handslag.domain.register.policies import MUNICIPALITY
from handslag.domain.register.queries import told_with
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.messages.cost_approval.build import Asking, answering, asking, cost_in, may_ask, wish_in, wish_of
from handslag.messages.cost_approval.checks import checked
from handslag.messages.cost_approval.message import Cost
from handslag.rules.ch.codes import COSTS
from handslag.web.canton.approval_changes import settled, stands
from handslag.web.canton.assignments import is_canton
from handslag.web.canton.forms import CostForm, DecideForm, NumberForm, TariffForm
from handslag.web.canton.pages import page, require_register
from handslag.web.canton.talk import as_it_stands, begun, carried_out, listed, name_in, words_forms
from handslag.web.canton.wording import COST_AGAINST, cost_standing, refusal
from handslag.web.desk.pages import CASE_ROLES, attempt, base, require, today, typed, who
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import language_of_figures

#: At which field a refusal is said.
_BY_FIELD = {
    "no such partner": "recipient", "not a payer": "recipient", "answer by": "answer_by", "assess first": "assessed",
}  # fmt: skip
_OF_RULE = {"ceiling": "unit_ceiling", "limit": "granted_up_to"}
#: Who asks.
TELLS = (Role.CASEWORKER, Role.REGISTRAR)
#: The usual time for an answer.
USUAL = timedelta(days=14)


def kinds() -> list[tuple[str, str]]:
    """The kinds of cost, as they are called."""
    language = language_of_figures()
    return [(code, kind.name[language]) for code, kind in COSTS.items()]


def kind_name(code: str) -> str:
    """What a kind of cost is called: the code itself where the list doesn't have it."""
    return COSTS[code].name[language_of_figures()] if code in COSTS else code


def _pays() -> bool:
    """Whether anybody asks us."""
    return own_address().startswith(MUNICIPALITY) or is_canton()


def _told(row: Message) -> dict[str, Any]:
    cost, wish = cost_in(row), wish_in(row)
    return {"name": name_in(cost), "kind": kind_name(cost.account_code), "amount": wish.amount, "urgent": cost.urgent}


@desk_page("cost approvals")
def approvals(request: HttpRequest, tenant: str) -> HttpResponse:
    """What was asked for, what waits for an answer first, by its day; and what was approved. POST `number`: on to the
    form for her."""
    require_register(request)
    member = require(request, *CASE_ROLES)
    looked_at("cost approvals")
    form, may_tell = NumberForm(request.POST or None), not is_canton() and bool(member.roles & set(TELLS))
    if request.method == "POST" and form.is_valid():
        require(request, *TELLS)
        found = person_by_number(form.cleaned_data["number"], member)
        if found is not None:
            return HttpResponseRedirect(f"{base(request)}/cost_approvals/new/{found.id}/")
        form.nobody()
    return page(
        request,
        "costs.html",
        422 if form.errors else 200,
        form=form,
        may_ask=may_tell,
        pays=_pays(),
        rows=listed(request, member, "cost_approval", cost_standing, _told),
        granted=[_granted(row, today(request)) for row in approved(member).annotate(turns=TURNS)[:100]],
    )


def _granted(row: Any, on: date) -> dict[str, Any]:
    terms = terms_on(row, turns_in(row.turns))
    return {
        "row": row,
        "name": full_name(row.person),
        "kind": kind_name(row.account_code),
        "partner": name_of(row.partner),
        "amount": terms.amount,
        "last_on": terms.until - timedelta(days=1),
        "changed": bool(row.turns),
        "over": terms.until <= on or not terms.amount,
    }


@desk_page("cost approval")
def new(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """Ask for approval of a cost: what speaks against it is shown first, and doesn't keep it from being sent."""
    require_register(request)
    if is_canton():
        raise Hidden("cost approval")
    member, on, own = require(request, *TELLS), today(request), own_address()
    found = Person.objects.filter(id=person).first()
    if found is None:
        raise Hidden("person", person)
    require_sight(member, found)
    looked_at("person", person)
    recipients = {key: row.name for key, row in partners().items() if may_ask(own, key)}
    initial: dict[str, Any] = {
        "key": uuid7(), "since": on, "answer_by": on + USUAL, "quantity": 1, "percent": 100,
        "recipient": told_with([*recipients], person),
    }  # fmt: skip
    form = CostForm(recipients, kinds(), typed(request), initial=initial)
    against: list[Any] = []
    if request.method == "POST" and form.is_valid():
        told = Asking(unit=member.unit_id, person=person, now=who(request)["now"], **form.cleaned_data)
        try:
            message = asking(told)
            wish = wish_of(msgspec.convert(message.body["asked"], Cost), own, told.recipient)
            against = [COST_AGAINST[code] for code in checked(wish)]
            if against and not told.why.strip():
                form.add_error("why", refusal(NotPossible("against it")))
            else:
                return begun(request, f"{base(request)}/cost_approvals/", new=message)
        except NotPossible as refused:
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
    return page(
        request, "cost_ask.html", status=422 if form.errors else 200, form=form, name=full_name(found), person=found,
        nobody=not recipients, against=against,
    )  # fmt: skip


@desk_page("cost approval")
def approval(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A request with its findings, what was said about it and what was approved. POST `act`: as of an assignment; a
    decider of the payer answers, and tells (`tell it`) or takes back (`drop it`) what a colleague `proposed`."""
    first, member = message_for_staff(message, **who(request))
    if first.kind != "cost_approval" or first.reference is not None:
        raise Hidden("message", message)
    looked_at("cost approval", first.id)
    act, cost, wish = request.POST.get("act", ""), cost_in(first), wish_in(first)
    out, decides = first.direction == Direction.OUT, Role.DECIDER in member.roles
    forms_of: dict[str, forms.Form] = {
        "answer": DecideForm(
            cost, request.POST if act == "answer" else None, initial={"key": uuid7()}, auto_id="id_a_%s"
        ),
        **words_forms(request),
    }
    trouble = ""
    done = settled(request, first, act) if request.method == "POST" else None
    if isinstance(done, HttpResponse):
        return done
    if done is not None:
        trouble = done
    elif request.method == "POST":
        require(request, *((Role.DECIDER,) if act == "answer" else (*TELLS, Role.DECIDER)))
        home = f"{base(request)}/cost_approvals/{first.id}/"
        done = carried_out(request, first, forms_of, answering, home, decide_cost)
        if isinstance(done, HttpResponse):
            return done
        trouble = done
    told = as_it_stands(
        request, first, forms_of, trouble, acts=bool(member.roles & set(TELLS)) or (decides and not out),
        standing=cost_standing,
        answers=lambda said: [(one, COST_AGAINST.get(one.reason, "")) for one in said.answers],
    )  # fmt: skip
    told["may"]["answer"] = told["may"]["answer"] and decides
    row = Approval.objects.filter(asked=first, person__protection_level__lte=member.clearance).first()
    seen = Person.objects.filter(id__in=[wish.person] if wish.person else [], protection_level__lte=member.clearance)
    return page(
        request,
        "cost.html",
        **told,
        cost=cost,
        name=name_in(cost),
        kind=kind_name(cost.account_code),
        amount=wish.amount,
        stands=stands(row, member, today(request)) if row is not None else None,
        decides=decides,
        against=[COST_AGAINST[code] for code in checked(wish, first)],
        person_url=f"register/{wish.person}/" if seen.exists() and not own_address().startswith(PROVIDER) else "",
    )


@desk_page("tariffs")
def rules(request: HttpRequest, tenant: str) -> HttpResponse:
    """What we as a payer rule of kinds of cost. POST: one more rule."""
    require_register(request)
    if not _pays():
        raise Hidden("tariffs")
    member = require(request, *CASE_ROLES)
    looked_at("tariffs")
    form = TariffForm(kinds(), typed(request), initial={"since": today(request)})
    if request.method == "POST":
        require(request, Role.DECIDER)
        if form.is_valid():
            try:
                attempt(request, enter_tariff, new=NewTariff(**form.cleaned_data))
                return HttpResponseRedirect(f"{base(request)}/cost_approvals/tariffs/")
            except NotPossible as refused:
                form.add_error(_OF_RULE.get(refused.code), refusal(refused))
    return page(
        request, "tariffs.html", status=422 if form.errors else 200, form=form, may_enter=Role.DECIDER in member.roles,
        rows=[(kind_name(row.account_code), row) for row in tariffs()],
    )  # fmt: skip
