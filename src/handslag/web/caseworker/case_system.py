"""The switch to another case system: for which of its units and client groups the e-service stands in front of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from handslag.connectors.casesystem.follow import SOON, chosen, trouble_of
from handslag.domain.audit.operations import looked_at
from handslag.domain.elsewhere.operations import enter_switch, settle_switch
from handslag.domain.elsewhere.policies import front
from handslag.domain.elsewhere.queries import Open, health, open_by_switch, switches
from handslag.domain.elsewhere.states import Group
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.elsewhere import GROUP_NAMES, said_of
from handslag.web.caseworker.pages import attempt, base, form_key, page, require, the_member, typed, version_seen
from handslag.web.caseworker.wording import REFUSALS, refusal
from handslag.web.entry.pages import desk_page, opened, outside_desk_page

_FIELDS = {"switch unit": "what", "switch reason": "reason"}


class SwitchForm(forms.Form):
    """What is switched: `what` is a unit's place among those of the connection and a group; on or off; why."""

    what = forms.ChoiceField(label=gettext_lazy("Unit there and client group"))
    to = forms.ChoiceField(
        label=gettext_lazy("The e-service is"),
        choices=[("on", gettext_lazy("switched on")), ("off", gettext_lazy("switched off"))],
    )
    reason = forms.CharField(label=gettext_lazy("Why, and by whose decision"), max_length=200)

    def __init__(self, data: Any, units: list[str]) -> None:
        super().__init__(data)
        self.units = units
        self.fields["what"].choices = [  # type: ignore[attr-defined]
            (f"{place}.{group}", f"{unit}: {GROUP_NAMES[group]}")
            for place, unit in enumerate(units)
            for group in Group.values
        ]

    def told(self) -> dict[str, Any]:
        """What is entered."""
        place, _dot, group = self.cleaned_data["what"].partition(".")
        on = self.cleaned_data["to"] == "on"
        return {"unit": self.units[int(place)], "group": group, "on": on, "reason": self.cleaned_data["reason"]}


@desk_page("case system")
def case_system(request: HttpRequest, tenant: str) -> HttpResponse:
    """Where it is switched on, what is open there, how the connection does, what was switched when and by whom; POST
    enters a switch."""
    require(request, Role.ADMINISTRATOR)
    form = _form(typed(request))
    if request.method == "POST" and form.is_valid():
        try:
            attempt(request, enter_switch, **form.told(), key=form_key(request))
            return HttpResponseRedirect(f"{base(request)}/case-system/")
        except NotPossible as refused:
            form.add_error(_FIELDS.get(refused.code), refusal(refused))
    return _page(request, form)


def _form(data: Any = None) -> SwitchForm:
    served = front()
    return SwitchForm(data, list(served.units) if served else [])


def _page(request: HttpRequest, form: SwitchForm, trouble: str = "", tried: str | None = None) -> HttpResponse:
    looked_at("case system")
    served, rows, mine = front(), switches(), the_member(request).id
    newest = {(row.unit_name, row.client_group): row for row in reversed(rows) if row.outcome == "confirmed"}
    waiting = {(row.unit_name, row.client_group): row for row in rows if not row.outcome}
    counts = open_by_switch(served.units) if served else {}
    places = [
        {
            "unit": unit,
            "here": served.units[unit] if served else "",
            "group": GROUP_NAMES[group],
            "on": served is not None and served.serves(unit, group),
            "switch": newest.get((unit, group)),
            "waits": (unit, group) in waiting,
            "open": found,
        }
        for (unit, group), found in counts.items()
    ]
    does = health()
    return page(
        request,
        "case_system.html",
        status=422 if form.errors or trouble else 200,
        front=served,
        places=places,
        waiting=[
            (row, GROUP_NAMES[row.client_group], mine != row.entered_by_id, counts.get(pair, Open()))
            for pair, row in waiting.items()
        ],
        history=[(row, GROUP_NAMES[row.client_group]) for row in rows if row.outcome],
        health=does,
        troubles=[said_of(one) for one in does.troubles],
        tried=tried,
        tried_trouble=said_of(tried) if tried else "",
        form=form,
        trouble=trouble,
    )


@desk_page("case system")
@require_POST
def step(request: HttpRequest, tenant: str, switch: UUID) -> HttpResponse:
    """POST `act` (confirm or take back) with `version`."""
    require(request, Role.ADMINISTRATOR)
    confirm = request.POST.get("act") == "confirm"
    try:
        attempt(request, settle_switch, switch=switch, version=version_seen(request), confirm=confirm)
    except NotPossible as refused:
        return _page(request, _form(), refusal(refused))
    except Conflict:
        return _page(request, _form(), str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/case-system/")


@outside_desk_page("case system")
def test_connection(request: HttpRequest, tenant: str) -> HttpResponse:
    """POST asks the case system for a case that nobody has, and tells whether it answered and let us in."""
    with opened(request):
        require(request, Role.ADMINISTRATOR)
        config = chosen(SOON)
    tried = None if config is None or request.method != "POST" else trouble_of(config)
    with opened(request):
        return _page(request, _form(), tried=tried)
