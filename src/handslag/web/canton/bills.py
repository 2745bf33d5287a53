"""Bills of institutions for what a payer approved for their people (I4), and what the payer says of them."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from handslag.domain.accounts.operations import decide_bill
from handslag.domain.accounts.queries import account_of, paid_to
from handslag.domain.accounts.states import Side
from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.exchange.queries import name_of, own_address
from handslag.domain.exchange.states import Direction
from handslag.domain.funding.models import Approval
from handslag.domain.funding.queries import PROVIDER
from handslag.domain.people.permissions import require_sight
from handslag.domain.people.queries import full_name
from handslag.domain.people.references import reference_kind
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import uuid7
from handslag.messages.cost_approval.build import cost_in
from handslag.messages.provider_bill.build import Billing, answering, approval_of, bill_in, billing, taken
from handslag.messages.provider_bill.checks import Billed, billed_in, checked, left_of
from handslag.web.canton.approval_changes import stands
from handslag.web.canton.costs import TELLS, USUAL, kind_name
from handslag.web.canton.forms import BillForm, PaidForm
from handslag.web.canton.pages import page, require_register
from handslag.web.canton.talk import as_it_stands, begun, carried_out, listed, name_in, words_forms
from handslag.web.canton.wording import BILL_AGAINST, bill_standing, refusal
from handslag.web.desk.pages import CASE_ROLES, base, require, today, typed, who
from handslag.web.entry.pages import desk_page

#: At which field a refusal is said.
_BY_FIELD = {
    "swiss iban": "iban", "reference": "reference", "answer by": "answer_by", "assess first": "assessed",
}  # fmt: skip


def _told(row: Message) -> dict[str, Any]:
    bill = bill_in(row)
    return {"name": name_in(bill), "bill": bill.bill, "amount": bill.amount}


@desk_page("bills")
@require_safe
def bills(request: HttpRequest, tenant: str) -> HttpResponse:
    """What was billed: what waits for an answer first, by its day."""
    require_register(request)
    member = require(request, *CASE_ROLES)
    looked_at("bills")
    return page(request, "bills.html", rows=listed(request, member, "provider_bill", bill_standing, _told))


@desk_page("bill")
def new(request: HttpRequest, tenant: str, approval: UUID) -> HttpResponse:
    """An institution bills under an approval for one of its people: what speaks against it is shown first, and doesn't
    keep it from being sent."""
    require_register(request)
    member, on = require(request, *TELLS), today(request)
    row = Approval.objects.filter(id=approval, payer=False).select_related("person", "asked").first()
    if row is None or not own_address().startswith(PROVIDER):
        raise Hidden("approval", approval)
    require_sight(member, row.person)
    looked_at("cost approval", row.asked_id)
    account = account_of(row.partner, Side.CLAIMANT)
    to = paid_to(account.id) if account else None
    initial = {
        "key": uuid7(), "unit_price": cost_in(row.asked).unit_price, "quantity": 1, "answer_by": on + USUAL,
        "iban": (to.qr_iban or to.iban) if to else "",
    }  # fmt: skip
    form, against = BillForm(typed(request), initial=initial), list[Any]()
    if request.method == "POST" and form.is_valid():
        told = form.told
        try:
            message = billing(Billing(approval=row, unit=member.unit_id, now=who(request)["now"], **told))
            found = checked(
                Billed(
                    approval=row, partner=row.partner, payer=False, bill=told["bill"],
                    reference=message.body["asked"].get("reference", ""), since=told["since"], last_on=told["last_on"],
                    unit_price=told["unit_price"], amount=message.body["asked"]["amount"], iban=told["iban"],
                    billed_on=on,
                )
            )  # fmt: skip
            against = [BILL_AGAINST[code] for code in found]
            if against and not told["why"].strip():
                form.add_error("why", refusal(NotPossible("against it")))
            else:
                return begun(request, f"{base(request)}/provider_bills/", new=message)
        except NotPossible as refused:
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
    return page(
        request, "bill_new.html", status=422 if form.errors else 200, form=form, against=against,
        stands=stands(row, member, on), name=full_name(row.person), partner=name_of(row.partner),
        kind=kind_name(row.account_code), left=left_of(row, on),
    )  # fmt: skip


@desk_page("bill")
def bill(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A bill with its findings and what was said about it. POST `act`: as of an assignment; a decider of the payer
    answers."""
    first, member = message_for_staff(message, **who(request))
    if first.kind != "provider_bill" or first.reference is not None:
        raise Hidden("message", message)
    looked_at("bill", first.id)
    act, told, found = request.POST.get("act", ""), bill_in(first), checked(billed_in(first), first)
    out, decides, row = first.direction == Direction.OUT, Role.DECIDER in member.roles, approval_of(first)
    posted = request.POST if act == "answer" else None
    forms_of: dict[str, forms.Form] = {
        "answer": PaidForm(posted, initial={"key": uuid7()}, auto_id="id_a_%s"), **words_forms(request),
    }  # fmt: skip
    trouble = ""
    if request.method == "POST":
        require(request, *((Role.DECIDER,) if act == "answer" else (*TELLS, Role.DECIDER)))
        decided = partial(decide_bill, bill=taken(first, row) if row is not None else None, found=found)
        done = carried_out(request, first, forms_of, answering, f"{base(request)}/provider_bills/{first.id}/", decided)
        if isinstance(done, HttpResponse):
            return done
        trouble = done
    shown = as_it_stands(
        request, first, forms_of, trouble, acts=bool(member.roles & set(TELLS)) or (decides and not out),
        standing=bill_standing, answers=lambda said: [(one, BILL_AGAINST.get(one.reason, "")) for one in said.answers],
    )  # fmt: skip
    shown["may"]["answer"] = shown["may"]["answer"] and decides
    sees = row is not None and row.person.protection_level <= member.clearance
    account = account_of(first.partner, Side.CLAIMANT if out else Side.PAYER)
    return page(
        request,
        "bill.html",
        **shown,
        bill=told,
        name=name_in(told),
        reference_kind=reference_kind(told.reference) or "NON",
        stands=stands(row, member, today(request)) if row is not None and sees else None,
        kind=kind_name(row.account_code) if row is not None else "",
        against=[BILL_AGAINST[code] for code in found],
        account=account,
    )
