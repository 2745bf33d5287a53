"""The register of delegations: who may decide what, by whose decision; entered by one, confirmed by another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.people.operations.delegations import (
    NewDelegation,
    confirm_delegation,
    end_delegation,
    enter_delegation,
)
from handslag.domain.tenancy.models import Delegation, StaffMember
from handslag.domain.tenancy.policies import AUTOMATED_MONTHS, Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Decides, Role
from handslag.web.caseworker.pages import attempt, base, form_key, page, require, the_member, today, typed, version_seen
from handslag.web.caseworker.wording import DECIDES, REFUSALS, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui.forms import AmountField, DayField

_FIELDS = {
    "delegation kind": "kind",
    "delegation to": "to",
    "amount": "most",
    "automated months": "months",
    "clause": "clause",
    "delegation source": "source",
    "delegation days": "last",
}


_NOBODY = "nobody"


class DelegationForm(forms.Form):
    """What is delegated to whom. `to` is a role, the key of a member of staff, or `nobody`: it is automated."""

    kind = forms.ChoiceField(label=gettext_lazy("Which decisions"), choices=[(k, DECIDES[k]) for k in Decides.values])
    to = forms.ChoiceField(label=gettext_lazy("To whom"))
    most = AmountField(
        label=gettext_lazy("Up to which amount"), help_text=gettext_lazy("Empty: no limit"), required=False
    )
    months = forms.IntegerField(
        label=gettext_lazy("Months in a row without a person, at most"),
        help_text=gettext_lazy(
            "Only where nobody decides: after so many months of a case a person decides one. No law names a number."
        ),
        required=False,
        min_value=1,
        max_value=12,
    )
    clause = forms.CharField(label=gettext_lazy("Clause of the delegation order"), max_length=80)
    source = forms.CharField(label=gettext_lazy("Whose decision, of which day"), max_length=110)
    since = DayField(label=gettext_lazy("From day"))
    last = DayField(label=gettext_lazy("Last day (empty: until further notice)"), required=False)

    def __init__(self, data: Any, *, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        staff = StaffMember.objects.filter(active=True).order_by("name", "id")
        roles = [(role.value, str(_ROLES[role])) for role in (Role.DECIDER, Role.CASEWORKER)]
        nobody = (_NOBODY, gettext("nobody: it is automated"))
        self.fields["to"].choices = [*roles, *((str(m.id), m.name) for m in staff), nobody]  # type: ignore[attr-defined]

    def told(self) -> NewDelegation:
        """What is entered."""
        data = self.cleaned_data
        to_role = data["to"] in (Role.DECIDER, Role.CASEWORKER)
        return NewDelegation(
            kind=data["kind"],
            role=data["to"] if to_role else "",
            member=None if to_role or data["to"] == _NOBODY else UUID(data["to"]),
            most=data["most"],
            clause=data["clause"],
            source=data["source"],
            since=data["since"],
            until=data["last"] + timedelta(days=1) if data["last"] else None,
            months=data["months"] if data["kind"] == Decides.AUTOMATED else None,
        )


_ROLES = {Role.DECIDER: gettext_lazy("Every decider"), Role.CASEWORKER: gettext_lazy("Every caseworker")}


@desk_page("delegations")
def delegations(request: HttpRequest, tenant: str) -> HttpResponse:
    """The register; POST enters a delegation."""
    require(request, Role.ADMINISTRATOR)
    form = DelegationForm(typed(request), initial={"since": today(request), "months": AUTOMATED_MONTHS})
    if request.method == "POST" and form.is_valid():
        try:
            attempt(request, enter_delegation, new=form.told(), key=form_key(request))
            return HttpResponseRedirect(f"{base(request)}/delegations/")
        except NotPossible as refused:
            form.add_error(_FIELDS.get(refused.code), refusal(refused))
    return _register(request, form)


def _register(request: HttpRequest, form: DelegationForm, trouble: str = "") -> HttpResponse:
    looked_at("delegations")
    mine, day = the_member(request).id, today(request)
    known = Delegation.objects.select_related("member", "entered_by", "confirmed_by")
    found = list(known.order_by("kind", "-since", "id"))
    rows = [
        {
            "row": row,
            "what": DECIDES[row.kind],
            "to": row.member.name if row.member else _ROLES[Role(row.role)] if row.role else gettext("nobody"),
            "last": row.until - timedelta(days=1) if row.until else None,
            "over": row.until is not None and row.until <= day,
            "may_confirm": row.confirmed_at is None and mine not in (row.entered_by_id, row.member_id),
        }
        for row in found
    ]
    return page(
        request,
        "delegations.html",
        status=422 if form.errors or trouble else 200,
        rows=rows,
        in_use=any(row.confirmed_at and row.kind != Decides.AUTOMATED for row in found),
        fallback=setting("delegation"),
        form=form,
        trouble=trouble,
    )


@desk_page("delegations")
@require_POST
def step(request: HttpRequest, tenant: str, delegation: UUID) -> HttpResponse:
    """POST `act` (confirm or end) with `version`."""
    require(request, Role.ADMINISTRATOR)
    does = confirm_delegation if request.POST.get("act") == "confirm" else end_delegation
    try:
        attempt(request, does, delegation=delegation, version=version_seen(request))
    except NotPossible as refused:
        return _register(request, DelegationForm(None), refusal(refused))
    except Conflict:
        return _register(request, DelegationForm(None), str(REFUSALS["conflict"]))
    return HttpResponseRedirect(f"{base(request)}/delegations/")
