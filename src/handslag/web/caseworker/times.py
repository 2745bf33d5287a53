"""How long renewals take, by team, beside what they took before: for whoever leads the work. Nobody is named."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from handslag.domain.audit.operations import looked_at
from handslag.domain.statistics.operations import enter_baseline
from handslag.domain.statistics.queries.times import (
    FEWEST_PEOPLE,
    FEWEST_RENEWALS,
    Team,
    baselines,
    by_team,
    renewals_measured,
)
from handslag.domain.statistics.states import Step
from handslag.domain.tenancy.policies import NotPossible
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import attempt, base, page, require, today, typed
from handslag.web.caseworker.wording import STEPS, refusal
from handslag.web.entry.pages import desk_page

#: How far back the page looks.
DAYS = 90
_ROLES = (Role.ADMINISTRATOR, Role.DECIDER)


class BaselineForm(forms.Form):
    """What a step took before."""

    step = forms.ChoiceField(label=gettext_lazy("Step"), choices=tuple(STEPS.items()))
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"),
        min_value=1,
        max_value=366 * 24 * 60,
        error_messages=dict.fromkeys(
            ("min_value", "max_value", "invalid"), gettext_lazy("Write a number of minutes above 0.")
        ),
    )
    source = forms.CharField(
        label=gettext_lazy("Who measured it, when and how"), min_length=3, max_length=200
    )  # fmt: skip


@desk_page("time per step")
def show(request: HttpRequest, tenant: str) -> HttpResponse:
    """The teams' medians; POST `step`, `minutes`, `source` enters what a step took before (administrators)."""
    member = require(request, *_ROLES)
    form = BaselineForm(typed(request))
    if request.method == "POST":
        require(request, Role.ADMINISTRATOR)
        if form.is_valid():
            try:
                attempt(request, enter_baseline, **form.cleaned_data)
                return HttpResponseRedirect(f"{base(request)}/times/")
            except NotPossible as refused:
                form.add_error({"baseline source": "source"}.get(refused.code, refused.code), refusal(refused))
    looked_at("time per step")
    before = baselines(today(request))
    now = request.now  # type: ignore[attr-defined]
    teams, whole = by_team(renewals_measured(now - timedelta(days=DAYS)))
    rows = [(team.name, team) for team in teams] + ([(_("All teams"), whole)] if len(teams) > 1 else [])
    return page(
        request,
        "times.html",
        status=422 if form.errors else 200,
        days=DAYS,
        fewest=FEWEST_RENEWALS,
        people=FEWEST_PEOPLE,
        steps=[(step, STEPS[step], before.get(step)) for step in Step],
        baselines=[span(before[step].minutes) if step in before else "" for step in Step],
        rows=[(name, team, _cells(team, before)) for name, team in rows],
        administers=Role.ADMINISTRATOR in member.roles,
        form=form,
    )


def _cells(team: Team, before: Any) -> list[tuple[str, str]]:
    if team.medians is None:
        return []
    cells = []
    for step in Step:
        took = team.medians[step]
        difference = took - before[step].minutes if step in before else None
        sign = "" if difference is None else "+" if difference > 0 else "−" if difference < 0 else "±"
        cells.append((span(took), "" if difference is None else sign + span(abs(difference))))
    return cells


def span(minutes: float) -> str:
    """A span in the largest two units that it has: 12 minutes, 5 hours, 3 days."""
    whole = round(minutes)
    if whole < 120:
        return ngettext("%(n)s minute", "%(n)s minutes", whole) % {"n": whole}
    hours = round(minutes / 60)
    if hours < 72:
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    days = round(minutes / 60 / 24)
    return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
