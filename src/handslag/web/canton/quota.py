"""The quota account of every municipality, at the canton: how many it shall have, has, and has open."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from handslag.domain.audit.operations import looked_at
from handslag.domain.exchange.queries import partners
from handslag.domain.register.operations import enter_residents
from handslag.domain.register.queries import quota_accounts, unclear_on
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.rules.ch.quota import SHARE, permille_on
from handslag.web.canton.assignments import MUNICIPALITIES, is_canton
from handslag.web.canton.forms import ResidentsForm
from handslag.web.canton.pages import names_of, page
from handslag.web.canton.wording import refusal
from handslag.web.desk.pages import CASE_ROLES, attempt, base, require, today, typed
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import language_of_figures


@desk_page("quota")
def quota(request: HttpRequest, tenant: str) -> HttpResponse:
    """Every municipality with its account today, the most open places first. POST: how many residents one has."""
    if not is_canton():
        raise Hidden("quota")
    member = require(request, *CASE_ROLES)
    looked_at("quota")
    on, names = today(request), names_of(request)
    towns = {key: row.name for key, row in partners().items() if key.startswith(MUNICIPALITIES)}
    form = ResidentsForm(towns, typed(request), initial={"since": on.replace(month=1, day=1)})
    if request.method == "POST":
        require(request, Role.REGISTRAR)
        if form.is_valid():
            try:
                attempt(request, enter_residents, **form.cleaned_data)
                return HttpResponseRedirect(f"{base(request)}/register/quota/")
            except NotPossible as refused:
                form.add_error(None, refusal(refused))
    rows = quota_accounts(on)
    rows.sort(key=lambda one: (one.open is None, -(one.open or 0), one.municipality))
    share, language = SHARE.on(on), language_of_figures()
    percent = f"{permille_on(on) / 10:.1f}\N{NO-BREAK SPACE}%"
    known = [one for one in rows if one.target is not None]
    total: dict[str, Any] = {
        "target": sum(one.target or 0 for one in known), "actual": sum(one.actual for one in rows),
        "open": sum(one.open or 0 for one in known),
    }  # fmt: skip
    return page(
        request, "quota.html", status=422 if form.errors else 200, form=form,
        rows=[(names.get(one.municipality, one.municipality), one) for one in rows], total=total, on=on,
        unknown=len(rows) - len(known), unclear=unclear_on(on), percent=percent,
        source=share.source, unsure=SHARE.uncertain[language] if share.status != "official" else "",
        may_enter=Role.REGISTRAR in member.roles,
    )  # fmt: skip
