"""What the bank has answered, and its lines that fit no payment."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.views.decorators.http import require_POST

from handslag.domain.accounts.queries import hand_matches
from handslag.domain.audit.operations import looked_at
from handslag.domain.documents.states import ScanState
from handslag.domain.exchange.queries import name_of
from handslag.domain.payments.models import BankLine
from handslag.domain.payments.operations.bank import settle_bank_line
from handslag.domain.payments.queries import bank_files, in_quarantine, protection_in
from handslag.domain.payments.states import LineKind
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import attempt, base, page, require, the_door, version_seen
from handslag.web.caseworker.wording import LINES, REFUSALS, quarantine_reason, refusal
from handslag.web.entry.pages import desk_page


@desk_page("bank")
def bank(request: HttpRequest, tenant: str) -> HttpResponse:
    """The files of the bank's answers, and the lines that wait for a person."""
    return _bank(request)


def _bank(request: HttpRequest, trouble: str = "") -> HttpResponse:
    member = require(request, Role.PAYER)
    looked_at("bank")
    lines = [(line, _said(line), quarantine_reason(line.reason)) for line in in_quarantine()]
    answers = bank_files()
    levels = protection_in([file.document_id for file in answers])
    files = [
        (
            file,
            LINES.get(file.problem, ""),
            file.document.scan_state in (ScanState.CLEAN, ScanState.OWN),
            levels[file.document_id] > member.clearance,
        )
        for file in answers
    ]
    matched = [
        (one, name_of(one.account.partner) if one.account else one.booking.case.number if one.booking else "")
        for one in hand_matches()[:30]
    ]
    swiss = the_door(request).the_tenant.country == "CH"
    return page(request, "bank.html", lines=lines, files=files, trouble=trouble, matched=matched, swiss=swiss)


def _said(line: BankLine) -> str | Promise:
    """What the bank says in a line; money of a stranger came in, it didn't come back."""
    return LINES["came in" if line.kind == LineKind.RETURNED and not line.payment_id and not line.code else line.kind]


@desk_page("bank")
@require_POST
def settle(request: HttpRequest, tenant: str, line: UUID) -> HttpResponse:
    """Say what a line in quarantine was: `version`, `note`."""
    require(request, Role.PAYER)
    if not BankLine.objects.filter(id=line).exists():
        raise Hidden("bank line", line)
    seen = version_seen(request)
    try:
        attempt(request, settle_bank_line, line=line, version=seen, note=request.POST.get("note", ""))
    except NotPossible as refused:
        return _bank(request, refusal(refused))
    except Conflict:
        return _bank(request, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/bank/")
