"""The accounts of municipalities, providers and the canton: where the claimed money lies, down to its sources; where a
partner is paid, and paying it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from handslag.domain.accounts.models import Account, Entry, PaidTo, PaymentOrder, Posting
from handslag.domain.accounts.operations import (
    NewPaidTo,
    confirm_paid_to,
    end_paid_to,
    order_payment,
    record_paid_to,
    release_payment,
    tell_account,
    withdraw_payment,
)
from handslag.domain.accounts.queries import (
    Figures,
    Part,
    advices,
    bills_open,
    comparisons,
    details_of,
    due_of,
    entries_of,
    orders_of,
    paid_to,
    parts_of,
    payments_standing,
    rest_of,
    said_of,
)
from handslag.domain.accounts.states import FAILED, LedgerAccount, Move, OrderState, Rests, Side
from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import message_for_staff, messages_of
from handslag.domain.exchange.queries import conversation, name_of, partners
from handslag.domain.exchange.states import Business, Direction
from handslag.domain.payments.queries import file_refusal
from handslag.domain.settlement.models import Statement
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.ids import key_of, uuid7
from handslag.messages.conversation import read
from handslag.messages.payment_advice.build import advised
from handslag.messages.payment_advice.message import Advice
from handslag.messages.reconciliation.build import asking
from handslag.messages.reconciliation.message import Reconciliation
from handslag.web.canton.forms import PaidToForm
from handslag.web.canton.pages import page
from handslag.web.canton.wording import (
    ADVISED,
    ANNOUNCED,
    COMPARED,
    DIFFERS,
    FIGURES,
    MOVES,
    ORDERS,
    OVERTAKEN,
    POSTED,
    REGIMES,
    RESTS,
    SIDES,
    refusal,
    why_refused,
)
from handslag.web.desk.pages import (
    CASE_ROLES,
    attempt,
    base,
    form_key,
    number_in,
    require,
    the_member,
    today,
    typed,
    version_seen,
    who,
)
from handslag.web.entry.pages import desk_page

ROLES = (*CASE_ROLES, Role.PAYER)
_COLOURS: dict[str, str] = {Business.ACCEPTED: "success", Business.REJECTED: "danger"}
#: So many entries a page.
A_PAGE = 100
#: At which field a refusal is said.
_BY_FIELD = {"holder": "holder", "iban": "iban", "qr iban": "qr_iban", "no such partner": "partner"}
#: The columns of a table of figures, and which entries each is made of.
COLUMNS = ("claimed", "in_check", "cut", "expired", "accepted", "netted", "paid", "open")
_MADE_OF: dict[str, dict[str, Any]] = {
    **{name: {"move": name} for name in ("claimed", "cut", "expired", "accepted", "netted", "paid")},
    "in_check": {"lies": LedgerAccount.IN_CHECK.value},
    "open": {"lies": LedgerAccount.OPEN.value},
}


def added(parts: Iterable[Figures]) -> Figures:
    """The figures of several together."""
    rows = list(parts)
    return Figures(**{name: sum(getattr(one, name) for one in rows) for name in COLUMNS})


def _cells(figures: Figures, link: str = "") -> list[tuple[Any, int, str]]:
    """The figures in the order of the columns: (what it is, amount, the address of what it is made of)."""
    made_of = {name: "&".join(f"{key}={value}" for key, value in _MADE_OF[name].items()) for name in COLUMNS}
    return [
        (FIGURES[name], getattr(figures, name), f"{link}{made_of[name].replace(' ', '+')}" if link else "")
        for name in COLUMNS
    ]


def _heads() -> list[Any]:
    return [FIGURES[name] for name in COLUMNS]


@desk_page("accounts")
def accounts(request: HttpRequest, tenant: str) -> HttpResponse:
    """The money by partner, those first where something has waited for too long. POST: record where a partner is
    paid of which there is no account yet."""
    member = require(request, *ROLES)
    looked_at("accounts")
    now = who(request)["now"]
    by: dict[tuple[UUID, str], list[Part]] = {}
    for part in parts_of():
        by.setdefault((part.account, part.currency), []).append(part)
    names = {key: row.name for key, row in partners().items()}
    found: dict[UUID, Account] = {row.id: row for row in Account.objects.all()}
    rows: list[dict[str, Any]] = [
        {
            "account": found[key],
            "name": names.get(found[key].partner, found[key].partner),
            "side": SIDES[found[key].side],
            "currency": currency,
            "late": [one for one in parts if one.late(now)],
            "figures": added(one.figures for one in parts),
        }
        for (key, currency), parts in by.items()
    ]
    without: list[dict[str, Any]] = [
        {"account": row, "name": names.get(row.partner, row.partner), "side": SIDES[row.side], "currency": "CHF",
         "late": [], "figures": Figures()}
        for row in found.values() if row.id not in {key for key, _currency in by}
    ]  # fmt: skip
    rows = sorted([*rows, *without], key=lambda one: (not one["late"], one["name"], one["side"]))
    totals = {
        (side, currency): added(
            one["figures"] for one in rows if one["account"].side == side and one["currency"] == currency
        )
        for side, currency in sorted({(one["account"].side, one["currency"]) for one in rows})
    }
    form = PaidToForm(_open_to(names, found), typed(request), auto_id="id_%s")
    if request.method == "POST" and form.is_valid():
        require(request, Role.REGISTRAR, Role.PAYER)
        told = dict(form.cleaned_data)
        try:
            row = attempt(
                request, record_paid_to, partner=told.pop("partner"), side=Side.PAYER, new=NewPaidTo(**told),
                key=form_key(request),
            )  # fmt: skip
        except NotPossible as refused:
            form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
        else:
            return HttpResponseRedirect(f"{base(request)}/accounts/{row.account_id}/")
    return page(
        request,
        "accounts.html",
        status=422 if form.errors else 200,
        rows=[{**one, "cells": _cells(one["figures"])} for one in rows],
        totals=[
            (SIDES[side], currency, _cells(figures)) for (side, currency), figures in totals.items()
        ] if len(rows) > 1 else [],
        heads=_heads(),
        late=sum(bool(one["late"]) for one in rows),
        form=form,
        may_record=bool(member.roles & {Role.REGISTRAR, Role.PAYER}),
    )  # fmt: skip


def _open_to(names: dict[str, str], found: dict[UUID, Account]) -> list[tuple[str, str]]:
    """The partners that we have no account of as their payer."""
    there = {row.partner for row in found.values() if row.side == Side.PAYER}
    return [(key, name) for key, name in names.items() if key not in there]


def _found(key: UUID) -> Account:
    row = Account.objects.filter(id=key).first()
    if row is None:
        raise Hidden("account", key)
    return row


@desk_page("account")
def account(request: HttpRequest, tenant: str, account: UUID) -> HttpResponse:
    """One account: its figures by regime and period, where the partner is paid, orders to pay it. POST `act`:
    `details` (record), `confirm`, `end` (`of`, `version`), `order` (`currency`, `amount`, of a bill `bill`), `release`,
    `withdraw` (`of`, `version`), `tell` (ask the partner whether its account is the same)."""
    row, member = _found(account), require(request, *ROLES)
    looked_at("account", row.id)
    act, trouble = request.POST.get("act", ""), ""
    form = PaidToForm(None, request.POST if act == "details" else None)
    if request.method == "POST":
        try:
            if _done(request, row, act, form):
                return HttpResponseRedirect(f"{base(request)}/accounts/{row.id}/")
        except Conflict:
            trouble = str(OVERTAKEN)
        except NotPossible as refused:
            if act == "details":
                form.add_error(_BY_FIELD.get(refused.code), refusal(refused))
            else:
                trouble = refusal(refused)
    now, link = who(request)["now"], f"{base(request)}/accounts/{row.id}/entries/?"
    parts, details = parts_of(row.id), details_of(row.id)
    to = paid_to(row.id)
    holds = next((one for one in details if to and one.id == to.id), None)
    orders = orders_of(row.id)
    by_currency = {
        currency: added(one.figures for one in parts if one.currency == currency)
        for currency in sorted({one.currency for one in parts})
    }
    standing, said = {one.id: _standing(one) for one in orders}, said_of(one.id for one in orders)
    waiting = {(one.currency, one.bill_id): one.amount for one in orders if standing[one.id][1]}
    bills = bills_open(row.id)
    rest = rest_of(parts, bills)
    told = {(one["told"].payment, one["told"].state): one for one in _advices(row, today(request))}
    pays, mine = Role.PAYER in member.roles and row.side == Side.PAYER, the_member(request).id
    return page(
        request,
        "account.html",
        status=422 if form.errors else 409 if trouble else 200,
        account=row,
        name=name_of(row.partner),
        side=SIDES[row.side],
        heads=_heads(),
        parts=[
            (REGIMES.get(one.regime, one.regime), one.since, one.until - timedelta(days=1), one.late(now), one.currency,
             _cells(one.figures, f"{link}regime={one.regime.replace(' ', '+')}&since={one.since}&"))
            for one in parts
        ],
        totals=[(currency, _cells(figures, link)) for currency, figures in by_currency.items()],
        holds=holds,
        details=[(one, one.recorded_by_id != mine) for one in details if one is not holds],
        form=form,
        payer=row.side == Side.PAYER,
        advices=[] if row.side == Side.PAYER else list(told.values()),
        compared=_compared(row),
        may_tell=bool(member.roles & {Role.REGISTRAR, Role.CASEWORKER}) and bool(parts),
        may_record=bool(member.roles & {Role.REGISTRAR, Role.PAYER}),
        payable=[
            (currency, open_) for currency in by_currency
            if pays and (open_ := sum(one.figures.open for one in rest if one.currency == currency)) > 0
            and (currency, None) not in waiting and holds
        ],
        bills=[_bill_of(one, rest, bills, waiting, to) for one in bills] if row.side == Side.PAYER else [],
        owed=[(currency, -figures.open) for currency, figures in by_currency.items() if figures.open < 0],
        orders=[
            {
                "row": one, "state": standing[one.id][0], "may_take_back": pays and standing[one.id][1],
                "may_release": one.state == OrderState.ORDERED and one.ordered_by_id != mine,
                "said": said[one.id].line if one.id in said else None,
                "failed": one.state in FAILED,
                "told": told.get((one.number, "failed" if one.state in FAILED else "paid")),
                "refused": why_refused(file_refusal(one.id)) if one.state == OrderState.RELEASED else "",
            }
            for one in orders
        ],
        pays=pays,
        errors=form if form.errors else None,
        trouble=trouble,
    )  # fmt: skip


def _bill_of(
    one: Part, rest: list[Part], bills: list[Part], waiting: dict[tuple[str, UUID | None], int], to: PaidTo | None
) -> dict[str, Any]:
    """A bill that is paid by its own reference: what is open of it, and what of that can be ordered now."""
    assert one.bill is not None
    others = [amount for (currency, bill), amount in waiting.items() if currency == one.currency and bill]
    mine = [part for part in rest if part.currency == one.currency]
    due = due_of(one, mine, [part for part in bills if part.currency == one.currency], sum(others))
    confirmed = to is not None and one.bill.iban in (to.iban, to.qr_iban)
    ordered = (one.currency, one.bill.id) in waiting
    return {"part": one, "bill": one.bill, "due": due, "confirmed": confirmed, "ordered": ordered,
            "less": one.figures.open - due}  # fmt: skip


def _advices(row: Account, on: date) -> list[dict[str, Any]]:
    """The payments that were told between us and a partner, newest first, each with how it stands; where one has failed
    only that."""
    arrived = payments_standing(row.side) if row.side == Side.CLAIMANT else set()
    failed: set[str] = set()
    shown = []
    for one in advices(about_id=row.id)[:A_PAGE]:
        told = advised(one)
        if row.side == Side.PAYER or told.payment not in failed:
            state, colour = _told_so(one, told, (row.partner, told.payment) in arrived, on)
            shown.append({"row": one, "told": told, "state": state, "colour": colour})
        failed |= {told.payment} if told.state == "failed" else set()
    return shown


def _told_so(one: Message, told: Advice, arrived: bool, on: date) -> tuple[Any, str]:
    """How a payment that was told stands, in words, and the colour of its tag."""
    if one.direction == Direction.OUT:
        return ADVISED.get(one.business, ADVISED[Business.NONE])
    if one.business == Business.REJECTED:
        return ANNOUNCED["differs"]
    if told.state == "failed":
        return ANNOUNCED["failed"]
    return ANNOUNCED["arrived" if arrived else "late" if told.value_on < on else "announced"]


@desk_page("advice")
@require_safe
def advice(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A payment as it was told: who may see accounts sees it; it names nobody."""
    require(request, *ROLES)
    first = advices(id=message).first()
    if first is None:
        raise Hidden("message", message)
    looked_at("payment advice", first.id)
    told, out = advised(first), first.direction == Direction.OUT
    side = Side.PAYER if out else Side.CLAIMANT
    arrived = not out and (first.partner, told.payment) in payments_standing(side)
    state, colour = _told_so(first, told, arrived, today(request))
    known = Statement.objects.filter(side=side, reference__in=told.settlements)
    pages = {row.reference: f"statements/{row.id}/" for row in known if row.partner == first.partner}
    return page(
        request,
        "advice.html",
        row=first,
        name=name_of(first.partner),
        out=out,
        account=Account.objects.filter(id=first.about_id).first() if first.about_id else None,
        told=told,
        state=state,
        colour=colour,
        parts=[
            (REGIMES.get(one.regime, one.regime), one.since, one.until - timedelta(days=1), one.netted, one.paid)
            for one in told.parts
        ],
        settlements=[(reference, pages.get(reference, "")) for reference in told.settlements],
    )  # fmt: skip


def _standing(order: PaymentOrder) -> tuple[str, bool]:
    """How an order stands, in words, and whether it can be taken back."""
    if order.state == OrderState.RELEASED and order.execution_on is None:
        return str(POSTED), False
    return str(ORDERS[order.state]), order.state in (OrderState.ORDERED, OrderState.RELEASED)


def _compared(row: Account) -> dict[str, Any] | None:
    """How the account last compared with the partner's: by the newest message that told it."""
    newest = comparisons(row).first()
    if newest is None:
        return None
    state = COMPARED.get(newest.business, COMPARED[Business.NONE])
    return {"row": newest, "state": state, "colour": _COLOURS.get(newest.business, "info")}


@desk_page("reconciliation")
@require_safe
def reconciliation(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """One comparison: what was told, by whom, and what differs."""
    first, _member = message_for_staff(message, **who(request))
    if first.kind != "reconciliation" or first.reference is not None:
        raise Hidden("message", message)
    looked_at("reconciliation", first.id)
    told, out = read(first), first.direction == Direction.OUT
    assert isinstance(told, Reconciliation) and told.asked is not None
    said = [read(one) for one in conversation(first)[1:]]
    states = {
        "different": DIFFERS["different"],
        "missing here": DIFFERS["there" if out else "here"],
        "missing with you": DIFFERS["here" if out else "there"],
    }
    return page(
        request,
        "reconciliation.html",
        row=first,
        name=name_of(first.partner),
        out=out,
        account=Account.objects.filter(id=first.about_id).first() if first.about_id else None,
        state=COMPARED.get(first.business, COMPARED[Business.NONE]),
        colour=_COLOURS.get(first.business, "info"),
        digest=told.asked.digest,
        parts=len(told.asked.parts),
        differences=[
            (REGIMES.get(one.regime, one.regime), one.since, RESTS[one.rests_on], one.reference, states[one.state])
            for reply in said if isinstance(reply, Reconciliation)
            for answer in reply.answers for one in answer.differences
        ],
    )  # fmt: skip


def _done(request: HttpRequest, row: Account, act: str, form: PaidToForm) -> bool:
    """Carry out what was asked for; False where the form wants another look."""
    if act == "details":
        require(request, Role.REGISTRAR, Role.PAYER)
        if not form.is_valid():
            return False
        attempt(
            request, record_paid_to, partner=row.partner, side=Side(row.side), new=NewPaidTo(**form.cleaned_data),
            key=form_key(request),
        )  # fmt: skip
        return True
    key = key_of(request.POST.get("of", ""))
    if act in ("confirm", "end") and key:
        verb = confirm_paid_to if act == "confirm" else end_paid_to
        attempt(request, verb, details=key, version=version_seen(request))
    elif act in ("release", "withdraw") and key:
        attempt(
            request, release_payment if act == "release" else withdraw_payment, order=key, version=version_seen(request)
        )
    elif act == "tell":
        new = asking(key=form_key(request) or uuid7(), account=row, unit=the_member(request).unit_id)
        attempt(request, tell_account, account=row.id, new=new)
    elif act == "order":
        attempt(
            request, order_payment, account=row.id, currency=request.POST.get("currency", ""),
            amount=_whole(request.POST.get("amount", "")), bill=key_of(request.POST.get("bill", "")),
        )  # fmt: skip
    else:
        raise Conflict("account")
    return True


@desk_page("entries")
@require_safe
def entries(request: HttpRequest, tenant: str, account: UUID) -> HttpResponse:
    """What a figure of an account is made of: `move` or the ledger account where it `lies`, `regime`, `since`."""
    row = _found(account)
    require(request, *ROLES)
    looked_at("account", row.id)
    rows = Entry.objects.filter(account_id=row.id).select_related("posting")
    told: dict[str, str] = {name: request.GET.get(name, "") for name in ("move", "lies", "regime", "since")}
    if told["move"] in Move.values:
        rows = rows.filter(move=told["move"])
    if told["lies"] in LedgerAccount.values:
        rows = rows.filter(credited=told["lies"]) | rows.filter(debited=told["lies"])
    if told["regime"]:
        rows = rows.filter(regime=told["regime"])
    if (since := _day(told["since"])) is not None:
        rows = rows.filter(since=since)
    shown = Paginator(rows.order_by("posting__number", "place"), A_PAGE).get_page(
        number_in(request.GET.get("page", "1")) or 1
    )
    lies = told["lies"] if told["lies"] in LedgerAccount.values else ""
    return page(
        request,
        "entries.html",
        account=row,
        name=name_of(row.partner),
        what=FIGURES.get(told["move"] or lies.replace(" ", "_"), _("All entries")),
        rows=[_entry(one, lies) for one in shown],
        shown=shown,
    )


def _whole(text: str) -> int:
    """An amount in minor units as a form carries it; 0 for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _entry(one: Entry, lies: str = "") -> dict[str, Any]:
    """An entry as a table shows it; what leaves the ledger account in question counts less."""
    return {
        "row": one,
        "move": MOVES[one.move],
        "amount": -one.amount if one.credited == lies else one.amount,
        "regime": REGIMES.get(one.regime, one.regime),
        "last": one.until - timedelta(days=1),
        "cites": RESTS[one.cites],
    }


@desk_page("posting")
@require_safe
def posting(request: HttpRequest, tenant: str, account: UUID, posting: UUID) -> HttpResponse:
    """All that one source moved, with the source."""
    row, member = _found(account), require(request, *ROLES)
    found = Posting.objects.filter(id=posting, account_id=row.id).first()
    if found is None:
        raise Hidden("posting", posting)
    looked_at("account", row.id)
    key = key_of(found.reference)
    message = messages_of(member).filter(message_id=key, partner=row.partner).first() if key else None
    return page(
        request,
        "posting.html",
        account=row,
        name=name_of(row.partner),
        posting=found,
        rests_on=RESTS[found.rests_on],
        rows=[_entry(one) for one in entries_of([found.id]).get(found.id, [])],
        source=_source(found, message),
    )


def _source(found: Posting, message: Message | None) -> str:
    """Where the source of a posting is shown here, after the organisation's own address; "" for nowhere."""
    if message is not None:
        return f"/questions/{message.id}/"
    bill = Message.objects.filter(kind="provider_bill", digest=found.content, partner=found.account.partner).first()
    if bill is not None:
        return f"/provider_bills/{bill.id}/"
    if found.rests_on in (Rests.STATEMENT, Rests.ANSWER):
        named, _mark, _number = found.reference.replace("!", "#").partition("#")
        statement = Statement.objects.filter(side=found.account.side, reference=named).first()
        return f"/statements/{statement.id}/" if statement else ""
    return f"/accounts/{found.account_id}/#orders" if found.rests_on == Rests.PAYMENT else ""
