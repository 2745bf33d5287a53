"""The inbox: what has been applied for and waits; take one, take the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.intake.models import InboxItem
from handslag.domain.intake.operations import take_from_inbox
from handslag.domain.intake.queries import (
    VIEWS,
    changes,
    inbox,
    inbox_counts,
    month_of_application,
    next_in_inbox,
)
from handslag.domain.tenancy.policies import Conflict
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.web.caseworker.pages import CASE_ROLES, attempt, base, language, page, require
from handslag.web.caseworker.wording import CHANNELS, REFUSALS
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats
from handslag.web.ui.site import Link

PAGE = 25


@dataclass(frozen=True)
class Waiting:
    """An application as the inbox shows it: a row of the list."""

    item: InboxItem
    month: Month
    signers: list[dict[str, str]]
    channel: str
    changed: str


@desk_page("inbox")
def show(request: HttpRequest, tenant: str) -> HttpResponse:
    """`?view=mine|unit|waiting`, `?page=`: 25 applications, oldest first."""
    return _show(request)


def _show(request: HttpRequest, note: str = "") -> HttpResponse:
    member = require(request, *CASE_ROLES)
    counts = inbox_counts(member)
    view = request.GET.get("view", "")
    if view not in VIEWS:
        view = next((v for v in VIEWS if counts[v]), "mine")
    number = request.GET.get("page", "1")
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 5 and int(number) else 1
    rows = [_row(item) for item in inbox(member, view, (at - 1) * PAGE, PAGE)]
    looked_at("inbox")
    names = {"mine": pgettext("inbox", "Mine"), "unit": _("Unit"), "waiting": _("All waiting")}
    return page(
        request,
        "inbox.html",
        views=[Link(names[v], f"?view={v}", v == view, counts[v]) for v in VIEWS],
        view=names[view],
        rows=rows,
        note=note,
        may_take=Role.CASEWORKER in member.roles,
        earlier=f"?view={view}&page={at - 1}" if at > 1 else "",
        later=f"?view={view}&page={at + 1}" if at * PAGE < counts[view] else "",
    )


def _row(item: Any) -> Waiting:
    return Waiting(
        item,
        Month.of(item.period_since),
        item.signers,
        str(CHANNELS[item.application.channel]),
        _changed(item.application.document, item.document_before),
    )


def _changed(document: dict[str, Any], before: dict[str, Any] | None) -> str:
    """What differs from the application before, in a few words."""
    parts = []
    if document["answers"]["message"]:
        parts.append(_("has a message"))
    if not document["answers"]["household"]["same"]:
        parts.append(_("household changed"))
    if before is None:
        parts.append(_("first application here"))
    for change in changes(document, before) if before is not None else ():
        names = COSTS if change.kind == "costs" else INCOMES
        name = names[change.code].name[language()]
        if change.before is None:
            parts.append(pgettext("inbox", "new: %(name)s") % {"name": name})
        elif change.now is None:
            parts.append(pgettext("inbox", "gone: %(name)s") % {"name": name})
        else:
            parts.append(f"{name} {formats.change(change.now - change.before)}")
    return ", ".join(parts) or _("as last month")


@desk_page("inbox")
@require_POST
def take(request: HttpRequest, tenant: str, item: UUID) -> HttpResponse:
    """Take one application: POST `version`. Leads to its case and month."""
    version = request.POST.get("version", "")
    seen = int(version) if version.isascii() and version.isdigit() and len(version) < 9 else 0
    try:
        taken = attempt(request, take_from_inbox, item=item, version=seen)
    except Conflict:
        return _show(request, str(REFUSALS["conflict"]))
    return _to_case(request, taken)


@desk_page("inbox")
@require_POST
def take_next(request: HttpRequest, tenant: str) -> HttpResponse:
    """Take the oldest application that waits; when a colleague is quicker, the one after it."""
    member = require(request, Role.CASEWORKER)
    for _try in range(3):
        item = next_in_inbox(member)
        if item is None:
            return _show(request, _("Nothing waits. Well done."))
        try:
            return _to_case(request, attempt(request, take_from_inbox, item=item.id, version=item.version))
        except Conflict:
            continue
    return _show(request, str(REFUSALS["conflict"]))


def _to_case(request: HttpRequest, item: InboxItem) -> HttpResponse:
    month = month_of_application(item.application_id)
    return HttpResponseRedirect(f"{base(request)}/cases/{item.case_id}/periods/{month}/")
