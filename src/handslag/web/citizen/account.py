"""The account that I am paid into: asking for another one, by a step-up of my own; a member of staff checks it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import structlog
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from handslag.connectors.eid.port import Cancelled, EidError, TooWeak
from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.queries import cases_of
from handslag.domain.people.accounts import account_problems, digits, iban_ok
from handslag.domain.people.models import Person
from handslag.domain.people.operations.accounts import (
    ask_account_change,
    begin_account_change,
    change_to_sign,
    withdraw_account_change,
)
from handslag.domain.people.queries import account_change_of, account_on, number_of_log_in
from handslag.domain.people.references import is_qr_iban
from handslag.domain.tenancy.door import Actor, acting_door
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.ids import uuid7
from handslag.web.citizen import eid
from handslag.web.citizen.person import me
from handslag.web.entry import kept
from handslag.web.entry.pages import citizen_page, opened, outside_page

log = structlog.get_logger("citizen")


class AccountForm(forms.Form):
    """Clearing and account number of a Swedish bank account."""

    use_required_attribute = False
    clearing = forms.CharField(
        label=_("Clearing number"),
        help_text=_("Four or five digits. It stands in your bank’s app."),
        max_length=9,
        error_messages={"required": _("Write the clearing number.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    number = forms.CharField(
        label=_("Account number"),
        max_length=34,
        error_messages={"required": _("Write the account number.")},
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        """Digits only, and a number that can be right."""
        data = super().clean() or {}
        if "clearing" in data and "number" in data:
            data["clearing"], data["number"] = digits(data["clearing"]), digits(data["number"])
            for problem in account_problems("bban", data["number"], data["clearing"]):
                if problem.certain:
                    where = "clearing" if problem.field == "clearing" else "number"
                    self.add_error(where, _("That can’t be right. Check the digits in your bank’s app."))
                    break
        return data


class IbanForm(forms.Form):
    """The IBAN of a Swiss bank account."""

    use_required_attribute = False
    number = forms.CharField(
        label=_("IBAN"),
        help_text=_("It begins with CH and stands in your bank’s app."),
        max_length=42,
        error_messages={"required": _("Write the IBAN.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_number(self) -> str:
        """Letters and digits only, and an account that we can pay into: no QR-IBAN, which only bills have."""
        number = digits(self.cleaned_data["number"]).upper()
        if not iban_ok(number) or not number.startswith(("CH", "LI")) or is_qr_iban(number):
            raise forms.ValidationError(_("That can’t be right. Check the IBAN in your bank’s app."))
        return number


def _form(country: str, typed: Any) -> tuple[str, AccountForm | IbanForm]:
    """The kind of account that people have in a country, and its form."""
    return ("iban", IbanForm(typed)) if country == "CH" else ("bban", AccountForm(typed))


@require_http_methods(["GET", "HEAD", "POST"])
@outside_page("account", whose=("account", "tenant"))
def account(request: HttpRequest, tenant: str) -> HttpResponse:
    """Where I am paid, and what became of the change that I asked for; POST another account: to the e-ID."""
    by: Actor = request.entrance[1]  # type: ignore[attr-defined]
    assert by.id is not None
    typed = request.POST if request.method == "POST" else kept.take(request, by)
    with opened(request) as door:
        kind, form = _form(door.the_tenant.country, typed)
    if request.method != "POST" or not form.is_valid():
        return _shown(request, by, form)
    change, told = uuid7(), {"kind": kind, "clearing": "", **form.cleaned_data}
    with opened(request):
        _paid_here(request)
        choice = eid.chosen()
        number = number_of_log_in(by, request.session["citizen"].get("login"))
    try:
        where, begun = eid.begin(
            tenant,
            choice,
            "sign",
            language=get_language() or "sv",
            digest=change_to_sign(change, by.id, **told),
            number=number,
            account=str(change),
        )
    except EidError as trouble:
        log.warning("signing not begun", code=trouble.code, reason=trouble.reason)
        return _shown(request, by, form, "away")
    try:
        with opened(request):
            now = request.now  # type: ignore[attr-defined]
            state = begun["flow"]["state"]
            begin_account_change(tenant=tenant, by=by, now=now, change=change, state=state, **told)
    except NotPossible:
        form.add_error("number", _("You are paid into this account already."))
        return _shown(request, by, form)
    eid.remember(request, begun)
    return HttpResponseRedirect(where)


def _paid_here(request: HttpRequest) -> Person:
    """Me; Hidden unless a case of mine is worked, and so paid, here, and for a representative."""
    person = me(request)
    if acting_door().the_actor.through is not None or all(case.worked_in is not None for case in cases_of(person.id)):
        raise Hidden("account", person.id)
    return person


def _shown(request: HttpRequest, by: Actor, form: AccountForm | IbanForm, trouble: str = "") -> HttpResponse:
    assert by.id is not None
    with opened(request) as door:
        person = _paid_here(request)
        looked_at("account", person.id)
        eid.leads_there(request, eid.chosen())
        now_on = account_on(person.id, door.the_tenant.today(request.now))  # type: ignore[attr-defined]
        facts = {
            "form": form,
            "account_end": now_on.number[-4:] if now_on else "",
            "change": account_change_of(person.id),
            "trouble": trouble or request.GET.get("trouble", ""),
        }
        return render(request, "citizen/account.html", facts, status=422 if form.errors else 200)


def finish(request: HttpRequest, by: Actor, begun: dict[str, Any]) -> HttpResponse:
    """The browser is back from the e-ID."""
    tenant, here = begun["tenant"], reverse("account", args=[begun["tenant"]])
    eid.forget(request, begun)
    try:
        identity = eid.finish(begun, request)
    except Cancelled:
        return HttpResponseRedirect(f"{here}?trouble=cancelled")
    except TooWeak:
        return HttpResponseRedirect(f"{here}?trouble=weak")
    except EidError as trouble:
        log.warning("signing failed", code=trouble.code, reason=trouble.reason)
        return HttpResponseRedirect(f"{here}?trouble=away")
    try:
        with opened(request):
            ask_account_change(
                tenant=tenant,
                by=by,
                now=request.now,  # type: ignore[attr-defined]
                state=begun["flow"]["state"],
                identifier=identity.identifier,
                issuer=identity.issuer,
                acr=identity.acr,
                digest=begun["flow"]["digest"],
                evidence=identity.evidence,
            )
    except NotPossible as refusal:
        told = {"other person": "?trouble=person", "other content": "?trouble=away"}.get(refusal.code, "")
        return HttpResponseRedirect(f"{here}{told}")
    return HttpResponseRedirect(here)


@require_POST
@citizen_page("account", instead=("account", "tenant"), whose=("account", "tenant"))
def withdraw(request: HttpRequest, tenant: str, change: UUID) -> HttpResponse:
    """Take back the change that nobody has checked yet."""
    me(request)
    by = request.door.the_actor  # type: ignore[attr-defined]
    try:
        withdraw_account_change(tenant=tenant, by=by, now=request.now, change=change)  # type: ignore[attr-defined]
    except NotPossible:
        pass  # it was checked just now: the page says what became of it
    return HttpResponseRedirect(reverse("account", args=[tenant]))
