"""All open cases calculated for a month: begun by an administrator, who sees how far and how much; each caseworker sees
what it says of the cases that she works. Nothing is decided, proposed or told by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.entitlement.models import Forecast, Precalculation
from handslag.domain.entitlement.operations.precalculations import continue_precalculation, start_precalculation
from handslag.domain.entitlement.queries.precalculations import forecasts_for, found_in, problems_in, runs
from handslag.domain.entitlement.states import RunKind
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.web.caseworker.case import case_name, changes_in
from handslag.web.caseworker.norms import title_of
from handslag.web.caseworker.pages import CASE_ROLES, attempt, base, language, number_in, page, require, the_door, today
from handslag.web.caseworker.wording import BASES, NOT_CALCULATED, REFUSALS, RUN_KINDS, RUN_STATES, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui import formats
from handslag.web.ui.forms import read_month

_ROLES = (*CASE_ROLES, Role.ADMINISTRATOR)
_AT_A_TIME = 50
#: The views of a run's cases, each with what belongs to it and its order.
_VIEWS: dict[str, tuple[Q, tuple[Any, ...]]] = {
    "problems": (~Q(problem=""), ("problem",)),
    "less": (Q(after__lt=F("before")), (F("after") - F("before"),)),
    "more": (Q(after__gt=F("before")), (F("before") - F("after"),)),
    "same": (Q(problem="") & (Q(after=F("before")) | Q(before=None)), ()),
}


@dataclass(frozen=True)
class ShownForecast:
    """What a run says of one case, in words; of people above her clearance only that they are there."""

    masked: bool
    name: str = ""
    number: str = ""
    link: str = ""
    before: str = ""
    after: str = ""
    difference: str = ""
    basis: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()
    problem: str = ""
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShownRun:
    """A run in words."""

    row: Precalculation
    kind: str
    state: str
    value: str


def _shown_run(row: Precalculation) -> ShownRun:
    value = title_of(row.norm.name, row.norm.entry, language()) if row.norm else ""
    return ShownRun(row, str(RUN_KINDS[row.kind]), str(RUN_STATES[row.state]), value)


def shown(row: Forecast, member: Member, home: str, lang: str) -> ShownForecast:
    """What a run says of a case, as this member of staff may see it."""
    adults = [p for p in (row.case.applicant, row.case.co_applicant) if p is not None]
    if max(p.protection_level for p in adults) > member.clearance:
        return ShownForecast(True)
    told = {
        "name": case_name(row.case),
        "number": row.case.number,
        "link": f"{home}/cases/{row.case_id}/",
    }
    if row.problem:
        return ShownForecast(False, **told, problem=str(NOT_CALCULATED[row.problem]), told=tuple(row.told))
    assert row.after is not None
    return ShownForecast(
        False,
        **told,
        before="" if row.before is None else formats.money(row.before, row.currency),
        after=formats.money(row.after, row.currency),
        difference="" if row.before is None else formats.change(row.difference, row.currency),
        basis=str(BASES[row.basis]),
        changes=tuple(changes_in(row, lang)),
    )


@desk_page("precalculations")
def show(request: HttpRequest, tenant: str) -> HttpResponse:
    """The newest runs, and for administrators the form that begins one."""
    require(request, *_ROLES)
    return _show(request)


def _show(request: HttpRequest, trouble: str = "") -> HttpResponse:
    member = require(request, *_ROLES)
    return page(
        request,
        "precalculations.html",
        runs=[_shown_run(row) for row in runs()],
        may_start=Role.ADMINISTRATOR in member.roles,
        kinds=[(kind.value, RUN_KINDS[kind]) for kind in (RunKind.MONTH, RunKind.NORMS)],
        kind=request.POST.get("kind", RunKind.MONTH),
        month=request.POST.get("month", str(Month.of(today(request)) + 1)),
        trouble=trouble,
    )


@desk_page("precalculations")
@require_POST
def start(request: HttpRequest, tenant: str) -> HttpResponse:
    """Begin a run: `kind` (month, norms; value with `norm`), `month` as 2026-03."""
    require(request, Role.ADMINISTRATOR)
    data = request.POST
    try:
        told: dict[str, Any] = {"kind": RunKind(data.get("kind", "")), "norm": None}
        told["month"] = read_month(data.get("month", ""))
        if told["kind"] == RunKind.VALUE:
            told["norm"] = UUID(data.get("norm", ""))
    except ValueError:
        return _show(request, _("Write the month as 2026-03."))
    try:
        run = attempt(request, start_precalculation, **told)
    except NotPossible as refused:
        return _show(request, refusal(refused))
    return HttpResponseRedirect(f"{base(request)}/precalculations/{run.id}/")


@desk_page("precalculations")
@require_POST
def go_on(request: HttpRequest, tenant: str, calculation: UUID) -> HttpResponse:
    """Let a halted run go on."""
    require(request, Role.ADMINISTRATOR)
    try:
        attempt(request, continue_precalculation, run=calculation)
    except Conflict:
        return _look(request, calculation, str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/precalculations/{calculation}/")


@desk_page("precalculations")
def look(request: HttpRequest, tenant: str, calculation: UUID) -> HttpResponse:
    """One run: how far it is, what it found, and what it says of the cases that this member of staff works."""
    return _look(request, calculation)


def _look(request: HttpRequest, run: UUID, trouble: str = "") -> HttpResponse:
    member, lang = require(request, *_ROLES), language()
    found = Precalculation.objects.select_related("norm").filter(id=run).first()
    if found is None:
        raise Hidden("precalculation", run)
    looked_at("precalculation", found.id)
    works = bool(member.roles & set(CASE_ROLES))
    mine = forecasts_for(found, member) if works else Forecast.objects.none()
    sums = found_in(mine)
    view = request.GET.get("view", "")
    if view not in _VIEWS:
        view = next((name for name in _VIEWS if getattr(sums, name)), "problems")
    listed = Paginator(_listed(mine, view), _AT_A_TIME).get_page(number_in(request.GET.get("page", "")) or 1)
    names = {"problems": _("Not calculated"), "less": _("Less"), "more": _("More"), "same": _("The same")}
    currency = the_door(request).the_tenant.currency
    return page(
        request,
        "precalculation.html",
        one=_shown_run(found),
        administers=Role.ADMINISTRATOR in member.roles,
        more=formats.money(found.more_by, currency),
        less=formats.money(found.less_by, currency),
        same=found.done - found.more - found.less - found.problems,
        rate=found.done * 1000 // found.milliseconds if found.milliseconds else 0,
        problems=[(NOT_CALCULATED[why], unit, cases) for why, unit, cases in problems_in(found)],
        works=works,
        view=view,
        views=[
            {"url": f"?view={name}", "label": names[name], "count": getattr(sums, name), "current": name == view}
            for name in _VIEWS
        ],
        listed=listed,
        rows=[shown(row, member, base(request), lang) for row in listed],
        query=f"view={view}&",
        trouble=trouble,
    )


def _listed(rows: QuerySet[Forecast], view: str) -> QuerySet[Forecast]:
    belongs, order = _VIEWS[view]
    return rows.filter(belongs).order_by(*order, "case__number", "id")
