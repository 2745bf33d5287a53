"""The tenant's chart of accounts, and the day's postings as files for its ledger."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from handslag.connectors.postings import as_csv, as_sie
from handslag.domain.audit.operations import looked_at
from handslag.domain.payments.models import PostingDay
from handslag.domain.payments.operations.postings import fix_posting_day, set_chart_row
from handslag.domain.payments.queries import CHART_CODES, chart_on, posting_days, postings_of
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import attempt, base, form_key, page, require, the_door, today, typed
from handslag.web.caseworker.wording import CHART, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui.forms import DayField, read_day


class ChartForm(forms.Form):
    """An account of the tenant's ledger for one of our codes."""

    code = forms.ChoiceField(label=gettext_lazy("What it is"), choices=[(code, CHART[code]) for code in CHART_CODES])
    account = forms.CharField(label=gettext_lazy("Ledger account"), max_length=12)
    unit = forms.CharField(label=gettext_lazy("Ansvar"), max_length=12, required=False)
    activity = forms.CharField(label=gettext_lazy("Verksamhet"), max_length=12, required=False)
    since = DayField(label=gettext_lazy("Valid from"))
    source = forms.CharField(label=gettext_lazy("Where that stands"), max_length=200)


@desk_page("ledger")
def ledger(request: HttpRequest, tenant: str) -> HttpResponse:
    """The days with what was posted on them, the chart in force, and the form that sets another row of it."""
    require(request, Role.PAYER)
    form = ChartForm(typed(request) if request.method == "POST" else None, initial={"since": today(request)})
    if request.method == "POST" and form.is_valid():
        try:
            attempt(request, set_chart_row, key=form_key(request), **form.cleaned_data)
        except NotPossible as refused:
            form.add_error("account" if refused.code == "ledger account" else None, refusal(refused))
        else:
            return HttpResponseRedirect(f"{base(request)}/ledger/")
    return _ledger(request, form)


def _ledger(request: HttpRequest, form: ChartForm, trouble: str = "") -> HttpResponse:
    looked_at("ledger")
    now = request.now  # type: ignore[attr-defined]
    chart = chart_on(today(request), now)
    rows = [(CHART[code], chart.get(code)) for code in CHART_CODES]
    return page(request, "ledger.html", days=posting_days(now), rows=rows, form=form, trouble=trouble)


@desk_page("ledger")
@require_POST
def fix(request: HttpRequest, tenant: str) -> HttpResponse:
    """Fix the postings of a day that is over: `day`."""
    require(request, Role.PAYER)
    try:
        attempt(request, fix_posting_day, day=read_day(request.POST.get("day", "")))
    except ValueError:
        return _ledger(request, ChartForm(None), str(_("Choose a day.")))
    except NotPossible as refused:
        codes: list[Any] = refused.facts.get("codes", [])
        more = ": " + ", ".join(str(CHART[code]) for code in codes) if codes else ""
        return _ledger(request, ChartForm(None), refusal(refused) + more)
    return HttpResponseRedirect(f"{base(request)}/ledger/")


@desk_page("ledger")
def posting_file(request: HttpRequest, tenant: str, day: UUID, form: str) -> HttpResponse:
    """The postings of a fixed day as `csv` or `sie`: made of its entries, whose digest must be the fixed one."""
    require(request, Role.PAYER)
    found = PostingDay.objects.filter(id=day).first()
    if found is None:
        raise Hidden("posting day", day)
    looked_at("ledger", found.id)
    postings = postings_of(found.day, found.fixed_at)
    if postings.digest != found.digest:
        raise Http404(f"the postings of {found.day} are not what was fixed")
    organisation = the_door(request).the_tenant
    if form == "csv":
        content, kind = as_csv(postings.entries), "text/csv; charset=utf-8"
    else:
        number = setting("organisation_number")
        content = as_sie(
            postings.entries, organisation=organisation.name, number=number, made_on=organisation.today(found.fixed_at)
        )
        kind = "application/octet-stream"
    response = HttpResponse(content, content_type=kind)
    name = f"{organisation.slug}-{found.day}.{'csv' if form == 'csv' else 'si'}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
