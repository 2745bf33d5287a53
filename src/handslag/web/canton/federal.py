"""The federal statistics of a municipality: each month is looked at and sent by a person; what account codes are."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.queries import sedex_client
from handslag.domain.statistics.models import FederalDelivery, FederalStep
from handslag.domain.statistics.operations.federal import (
    class_account,
    make_federal_delivery,
    record_ending,
    send_federal_delivery,
)
from handslag.domain.statistics.queries.federal import (
    Collected,
    collect,
    message_of,
    owed_months,
    owes_federal,
    own_classes,
    shipped_classes,
    table,
    used_accounts,
)
from handslag.domain.statistics.states import DeliveryState
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel import canonical
from handslag.kernel.months import Month
from handslag.messages.as_xml import form_of
from handslag.messages.ech.frame import written
from handslag.rules.ch.codes import COSTS, INCOMES
from handslag.rules.ch.deadlines import MONTHS_UNTIL_CLOSED
from handslag.web.canton.pages import page
from handslag.web.canton.wording import ACCOUNTS_OF_A_CASE, DELIVERY_STATES, DIRECTIONS, OVERTAKEN, SEDEX_SAYS, refusal
from handslag.web.desk.pages import attempt, base, require, the_door, today, typed, version_seen
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import language_of_figures

_COLOURS = {
    DeliveryState.MADE: "warning", DeliveryState.SENT: "info", DeliveryState.ARRIVED: "success",
    DeliveryState.REFUSED: "danger", DeliveryState.EXPIRED: "danger",
}  # fmt: skip
#: So many dossiers are named of each finding.
_SHOWN = 60


class SendForm(forms.Form):
    """Why a month is sent although something is found."""

    use_required_attribute = False
    why = forms.CharField(
        label=gettext_lazy("Why it is sent although something is found"), max_length=400, required=False,
        widget=forms.Textarea(attrs={"class": "ds-input", "rows": 2}),
    )  # fmt: skip


class ClassForm(forms.Form):
    """What an account code of the case account is for the statistics."""

    use_required_attribute = False
    account = forms.ChoiceField(label=gettext_lazy("Account code"))
    category = forms.ChoiceField(label=gettext_lazy("Category"), required=False)
    source = forms.CharField(
        label=gettext_lazy("On what it rests"), help_text=gettext_lazy("The instruction and its day"), min_length=3,
        max_length=200,
    )  # fmt: skip

    def __init__(self, accounts: list[tuple[str, str]], categories: list[tuple[str, Any]], *told: Any, **more: Any):
        super().__init__(*told, **more)
        self.fields["account"].choices = [("", ""), *accounts]  # type: ignore[attr-defined]
        self.fields["category"].choices = categories  # type: ignore[attr-defined]


def _registrar(request: HttpRequest) -> Member:
    if not owes_federal():
        raise Hidden("federal statistics")
    return require(request, Role.REGISTRAR)


def account_name(direction: str, code: str) -> str:
    """What an account code is called."""
    known = (COSTS if direction == "expense" else INCOMES).get(code)
    return known.name[language_of_figures()] if known else str(ACCOUNTS_OF_A_CASE.get(code, code))


def _names(part: str) -> dict[str, str]:
    """The names of a part of the table, by code."""
    return {code: name[language_of_figures()] for code, name in table()[part].items()}


@desk_page("statistics")
def months(request: HttpRequest, tenant: str) -> HttpResponse:
    """The months that are over; POST `month` puts the delivery of one together."""
    member = _registrar(request)
    trouble = ""
    if request.method == "POST":
        try:
            made = attempt(request, make_federal_delivery, month=Month.parse(request.POST.get("month", "")))
            return HttpResponseRedirect(f"{base(request)}/federal_statistics/{made.id}/")
        except ValueError:
            trouble = refusal(NotPossible("month not over"))
        except NotPossible as refused:
            trouble = refusal(refused)
    rows = [
        {
            "month": one.month,
            "made": one.made if one.made and one.made.protection <= member.clearance else None,
            "hidden": one.made is not None and one.made.protection > member.clearance,
            "sent": one.sent,
            "state": DELIVERY_STATES[one.made.state] if one.made else "",
            "colour": _COLOURS[DeliveryState(one.made.state)] if one.made else "",
        }
        for one in owed_months(request.now)  # type: ignore[attr-defined]
    ]
    return page(
        request, "federal.html", status=422 if trouble else 200, rows=rows, trouble=trouble, ready=_ready(),
        unsure=[one[language_of_figures()] for one in table()["open"]],
    )  # fmt: skip


def _ready() -> bool:
    """Whether a month can be sent: the receiver and our own client at sedex are known."""
    return bool(setting("federal_statistics")) and sedex_client() is not None


@desk_page("statistics")
def delivery(request: HttpRequest, tenant: str, delivery: UUID) -> HttpResponse:
    """One delivery: its sums, what is found, how it went. POST `act`: `send` (`version`, `why`), `ending` (`case`,
    `reason`)."""
    member = _registrar(request)
    row, found = _row(delivery, member)
    month, act, trouble = Month.of(row.since), request.POST.get("act", ""), ""
    form = SendForm(request.POST if act == "send" else typed(request) if request.method != "POST" else None)
    form.fields["why"].required = found.found
    here = f"{base(request)}/federal_statistics/{row.id}/"
    if request.method == "POST":
        try:
            if act == "send" and form.is_valid():
                attempt(
                    request, send_federal_delivery, delivery=row.id, version=version_seen(request), **form.cleaned_data
                )  # fmt: skip
                return HttpResponseRedirect(here)
            if act == "ending":
                _record_ending(request, found, month)
                return HttpResponseRedirect(here)
        except NotPossible as refused:
            trouble = refusal(refused)
        except Conflict:
            trouble = str(OVERTAKEN)
    looked_at("federal delivery", row.id)
    currency = the_door(request).the_tenant.currency
    newer = FederalDelivery.objects.filter(since=row.since, number__gt=row.number).order_by("number").last()
    open_, differs = row.state not in (DeliveryState.SENT, DeliveryState.ARRIVED), found.digest != row.digest
    return page(
        request,
        "federal_delivery.html",
        status=422 if form.errors or trouble else 200,
        row=row,
        state=DELIVERY_STATES[row.state],
        colour=_COLOURS[DeliveryState(row.state)],
        currency=currency,
        newer=newer if newer and newer.protection <= member.clearance else None,
        differs=newer is None and differs,
        by_account=_by_account(row),
        unmapped=[(account_name(*key), key[1], many, sum_) for key, (many, sum_) in sorted(found.unmapped.items())],
        unexplained=found.unexplained[:_SHOWN],
        later=found.booked_later[:_SHOWN],
        last_month=(month - MONTHS_UNTIL_CLOSED).since,
        reasons=list(_names("reasons").items()),
        steps=[
            (one, SEDEX_SAYS.get(one.code, one.info)) for one in FederalStep.objects.filter(delivery=row).order_by("id")
        ],
        may_send=open_ and newer is None and not differs and _ready(),
        ready=_ready(),
        open=open_,
        found=found.found,
        form=form,
        trouble=trouble,
    )


def _record_ending(request: HttpRequest, found: Collected, month: Month) -> None:
    """Why support of a dossier that ends in the month ended. Hidden for one that doesn't."""
    number = request.POST.get("case", "")
    row = next((one for one in found.unexplained if one.number == number), None)
    if row is None:
        raise NotPossible("ending month")
    attempt(
        request, record_ending, case=row.id, month=month - MONTHS_UNTIL_CLOSED,
        reason=request.POST.get("reason", "")[:8],
    )  # fmt: skip


def _by_account(row: FederalDelivery) -> list[dict[str, Any]]:
    """The sums of a delivery by account, as it says them."""
    sums: dict[tuple[str, str, str], list[int]] = {}
    for each in json.loads(row.content)["dossiers"]:
        for one in each["bookings"]:
            found = sums.setdefault((one["direction"], one["account_code"], one.get("category", "")), [0, 0])
            found[0] += 1
            found[1] += one["amount"]
    names = _names("categories")
    return [
        {
            "what": account_name(direction, code), "code": code, "direction": DIRECTIONS[direction],
            "category": names.get(category, category), "many": many, "amount": amount,
        }
        for (direction, code, category), (many, amount) in sorted(sums.items())
    ]  # fmt: skip


def _row(key: UUID, member: Member) -> tuple[FederalDelivery, Collected]:
    """A delivery that she may see, and its month as it would be today: whoever in it is protected by now counts too.
    Hidden."""
    row = FederalDelivery.objects.select_related("made_by", "sent_by", "corrects").filter(id=key).first()
    found = collect(Month.of(row.since)) if row is not None and row.protection <= member.clearance else None
    if row is None or found is None or found.protection > member.clearance:
        raise Hidden("federal delivery", key)
    return row, found


@desk_page("statistics")
def message(request: HttpRequest, tenant: str, delivery: UUID) -> HttpResponse:
    """The message as it is sent, or would be."""
    row, _found = _row(delivery, _registrar(request))
    row.recipient = row.recipient or setting("federal_statistics").get("participant", "T0-none-0")
    looked_at("federal delivery", row.id)
    content = written(form_of("social_statistics"), canonical.dumps(message_of(row)))
    response = HttpResponse(content, content_type="application/xml; charset=utf-8")
    name = f"{the_door(request).the_tenant.slug}-{Month.of(row.since)}-{row.number}.xml"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@desk_page("statistics")
def accounts(request: HttpRequest, tenant: str) -> HttpResponse:
    """Every account code with its category, those without first. POST: of which category one is from now on."""
    _registrar(request)
    shipped, own, used = shipped_classes(), own_classes(), used_accounts(today(request))
    keys = sorted(
        {*shipped, *own, *used}, key=lambda key: (bool(own[key].category if key in own else shipped.get(key)), key)
    )
    choices = [(f"{kind} {code}", f"{account_name(kind, code)} ({DIRECTIONS[kind]})") for kind, code in keys]
    names = _names("categories")
    form = ClassForm(choices, [("", gettext_lazy("Not known")), *names.items()], typed(request))
    if request.method == "POST" and form.is_valid():
        direction, _space, code = form.cleaned_data["account"].partition(" ")
        told = {"category": form.cleaned_data["category"], "source": form.cleaned_data["source"]}
        try:
            attempt(request, class_account, direction=direction, account_code=code, **told)
            return HttpResponseRedirect(f"{base(request)}/federal_statistics/accounts/")
        except NotPossible as refused:
            form.add_error("source" if refused.code == "class source" else "category", refusal(refused))
    rows = [
        {
            "what": account_name(*key), "code": key[1], "direction": DIRECTIONS[key[0]], "own": own.get(key),
            "category": names.get(own[key].category if key in own else shipped.get(key, ""), ""),
            "used": key in used,
        }
        for key in keys
    ]  # fmt: skip
    return page(
        request, "federal_accounts.html", status=422 if form.errors else 200, rows=rows, form=form,
        source=table()["source"], checked_on=table()["checked_on"],
    )  # fmt: skip

