"""Money that came in and that nothing here expects: a payer matches it by hand, and takes a match back."""

from __future__ import annotations

from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _

from handslag.domain.accounts.models import Account
from handslag.domain.accounts.operations import match_to_account, match_to_case, match_to_claim, undo_hand_match
from handslag.domain.accounts.queries import Part, case_told, claim_told, hand_matches, owed_to_us
from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.queries import name_of
from handslag.domain.payments.models import BankLine
from handslag.domain.payments.states import LineKind, LineOutcome
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.web.canton.accounts import added
from handslag.web.canton.forms import MatchAccountForm, MatchCaseForm, MatchClaimForm
from handslag.web.canton.pages import page
from handslag.web.canton.wording import MATCHES, OVERTAKEN, REGIMES, refusal
from handslag.web.desk.pages import attempt, base, require, today, version_seen
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats

#: At which field a refusal is said.
_BY_FIELD = {
    "payment number": "number", "number posted": "number", "more than open": "to", "no such case": "case",
    "account code": "account_code", "month": "month", "counterparty": "counterparty", "booked already": "account_code",
    "no such claim": "claim", "more than claimed": "claim",
}  # fmt: skip


@desk_page("bank")
def incoming(request: HttpRequest, tenant: str, line: UUID) -> HttpResponse:
    """A line of the bank's answers by which money came in. POST, with `version`: `act` `account` (`to`, `number`),
    `case` (`case`, `account_code`, `month`, `counterparty`), `claim` (`claim`), `undo` (`why`)."""
    member = require(request, Role.PAYER)
    found = BankLine.objects.select_related("file").filter(id=line, kind=LineKind.RETURNED, payment=None).first()
    if found is None:
        raise Hidden("bank line", line)
    looked_at("bank")
    act, trouble = request.POST.get("act", ""), ""
    owed = _owed(found)
    to_account = MatchAccountForm(
        [(value, words) for value, (words, _account, _part) in owed.items()],
        request.POST if act == "account" else None, initial={"number": _number(found)},
    )  # fmt: skip
    to_case = MatchCaseForm(
        found.booked_on or today(request), request.POST if act == "case" else None,
        initial={"case": case_told(found, member, today(request))},
    )  # fmt: skip
    to_claim = MatchClaimForm(
        request.POST if act == "claim" else None, initial={"claim": claim_told(found, member, today(request))}
    )
    if request.method == "POST":
        form = {"account": to_account, "case": to_case, "claim": to_claim}.get(act)
        try:
            if form is None or form.is_valid():
                _done(request, found, act, form.cleaned_data if form else {}, owed)
                return HttpResponseRedirect(f"{base(request)}/bank/")
        except Conflict:
            trouble = str(OVERTAKEN)
        except NotPossible as refused:
            if form is None:
                trouble = refusal(refused)
            else:
                form.add_error(_BY_FIELD.get(refused.code), str(MATCHES.get(refused.code) or refusal(refused)))
    match = hand_matches(found.id).first()
    errors = next((form for form in (to_account, to_case, to_claim) if form.errors), None)
    return page(
        request,
        "incoming.html",
        status=422 if errors else 409 if trouble else 200,
        line=found,
        waits=found.outcome == LineOutcome.QUARANTINED and bool(found.amount),
        match=match,
        partner=name_of(match.account.partner) if match and match.account else "",
        to_account=to_account if owed else None,
        to_case=to_case,
        to_claim=to_claim,
        errors=errors,
        trouble=trouble,
        why=request.POST.get("why", ""),
    )


def _done(request: HttpRequest, line: BankLine, act: str, told: dict[str, Any], owed: _Owed) -> None:
    """Carry out what was asked for."""
    if act == "undo":
        match = hand_matches(line.id).first()
        if match is None:
            raise Conflict("match")
        attempt(
            request, undo_hand_match, match=match.id, version=version_seen(request), why=request.POST.get("why", "")
        )
    elif act == "account":
        _words, account, part = owed[told["to"]]
        attempt(
            request, match_to_account, line=line.id, version=version_seen(request), account=account, part=part,
            number=told["number"],
        )  # fmt: skip
    elif act == "case":
        attempt(
            request, match_to_case, line=line.id, version=version_seen(request), number=told["case"],
            account_code=told["account_code"], month=Month.parse(told["month"]), counterparty=told["counterparty"],
        )  # fmt: skip
    elif act == "claim":
        attempt(request, match_to_claim, line=line.id, version=version_seen(request), number=told["claim"])
    else:
        raise Conflict("bank line")


#: By the value of a choice: its words, the account, and the part of it (None: all that is open).
_Owed: TypeAlias = dict[str, tuple[str, UUID, tuple[str, date] | None]]


def _owed(line: BankLine) -> _Owed:
    """What partners owe in the currency of a line: each account as a whole, and each part of it that is open."""
    by: dict[UUID, list[Part]] = {}
    for one in owed_to_us(line.currency):
        by.setdefault(one.account, []).append(one)
    names = {one.id: name_of(one.partner) for one in Account.objects.filter(id__in=list(by))}
    found: _Owed = {}
    for key, parts in by.items():
        told = {"name": names[key], "amount": formats.money(added(one.figures for one in parts).open, line.currency)}
        found[str(key)] = (_("%(name)s: all that is open, the oldest first (%(amount)s)") % told, key, None)
        for one in parts:
            if one.figures.open > 0:
                what = f"{REGIMES.get(one.regime, one.regime)}, {formats.short_day(one.since)}"
                words = f"{names[key]}: {what} ({formats.money(one.figures.open, line.currency)})"
                found[f"{key}/{one.regime}/{one.since}"] = (words, key, (one.regime, one.since))
    return found


def _number(line: BankLine) -> str:
    """By which its payer may name the payment: the end-to-end reference, where there is one."""
    return "" if line.reference == "NOTPROVIDED" else line.reference[:80]
