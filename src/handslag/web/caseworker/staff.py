"""Who works here, with which roles and days: a colleague is admitted by one administrator, a role is proposed by one
and given by another, taken by one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.people.operations.roles import (
    NewColleague,
    admit_colleague,
    give_proposed_role,
    let_begin,
    may_begin,
    propose_role,
    withdraw_proposed_role,
)
from handslag.domain.people.operations.staff import take_role
from handslag.domain.tenancy.models import ProposedRole, RoleGrant, StaffMember, StaffUser, Unit
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role, RoleProposal
from handslag.kernel.ids import key_of
from handslag.web.caseworker.pages import attempt, base, form_key, page, require, the_member, today, typed
from handslag.web.caseworker.wording import REFUSALS, ROLES, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.entry.staff import password_link
from handslag.web.ui.forms import DayField

#: At which field a refusal is said.
_FIELDS = {
    "e-mail": "email", "admitted already": "email", "staff name": "name", "role held": "role", "role proposed": "role",
    "past day": "since", "delegation days": "last", "own role": "member",
}  # fmt: skip


class ColleagueForm(forms.Form):
    """Who gets a place."""

    email = forms.EmailField(label=gettext_lazy("E-mail: the log-in name"), max_length=120)
    name = forms.CharField(label=gettext_lazy("Name, as letters show it"), max_length=120)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"))
    clearance = forms.ChoiceField(
        label=gettext_lazy("Highest protection level to see"), choices=[(str(n), str(n)) for n in range(4)]
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        units = Unit.objects.order_by("name").values_list("id", "name")
        self.fields["unit"].choices = [(str(key), name) for key, name in units]  # type: ignore[attr-defined]

    def told(self) -> NewColleague:
        data = self.cleaned_data
        return NewColleague(data["email"], data["name"], UUID(data["unit"]), int(data["clearance"]))


class RoleForm(forms.Form):
    """Which role a colleague is to hold on which days."""

    member = forms.ChoiceField(label=gettext_lazy("Who"))
    role = forms.ChoiceField(label=gettext_lazy("Which role"), choices=list(ROLES.items()))
    since = DayField(label=gettext_lazy("From day"))
    last = DayField(label=gettext_lazy("Last day (empty: until further notice)"), required=False)

    def __init__(self, data: Any, colleagues: list[tuple[str, str]], *, initial: Any = None) -> None:
        super().__init__(data, initial=initial)
        self.fields["member"].choices = colleagues  # type: ignore[attr-defined]

    def told(self) -> dict[str, Any]:
        data = self.cleaned_data
        until = data["last"] + timedelta(days=1) if data["last"] else None
        return {"member": UUID(data["member"]), "role": data["role"], "since": data["since"], "until": until}


@desk_page("staff")
def staff(request: HttpRequest, tenant: str) -> HttpResponse:
    """Everybody who has a place here. POST `act`: `admit` (`email`, `name`, `unit`, `clearance`), `propose` (`member`,
    `role`, `since`, `last`), `give` or `withdraw` (`of`: a proposal), `take` (`of`: a member, `role`), `begin` (`of`: a
    member; the link to her first password is shown once)."""
    mine = require(request, Role.ADMINISTRATOR).id
    act, shown = request.POST.get("act", ""), typed(request)
    members = list(StaffMember.objects.filter(active=True).select_related("unit").order_by("name", "id"))
    colleagues = [(str(one.id), one.name) for one in members if one.id != mine]
    admits = ColleagueForm(shown if act == "admit" else None)
    proposes = RoleForm(shown if act == "propose" else None, colleagues, initial={"since": today(request)})
    trouble, link = "", ("", "")
    if request.method == "POST":
        form = {"admit": admits, "propose": proposes}.get(act)
        try:
            if form is None or form.is_valid():
                link = _done(request, act, form)
                if not link[1]:
                    return HttpResponseRedirect(f"{base(request)}/staff/")
        except Conflict:
            trouble = str(REFUSALS["conflict"])
        except NotPossible as refused:
            if form is not None:
                form.add_error(_FIELDS.get(refused.code), refusal(refused))
            else:
                trouble = refusal(refused)
    looked_at("staff")
    errors = next((one for one in (admits, proposes) if one.errors), None)
    return page(
        request,
        "staff.html",
        status=422 if errors or trouble else 200,
        rows=_rows(request, members),
        admits=admits,
        proposes=proposes,
        link=link,
        errors=errors,
        trouble=trouble,
    )


def _done(request: HttpRequest, act: str, form: Any) -> tuple[str, str]:
    """What was pressed, done; for whom a link was made, and the link, where one was."""
    of = key_of(request.POST.get("of", ""))
    if act == "admit":
        attempt(request, admit_colleague, new=form.told(), key=form_key(request))
    elif act == "propose":
        attempt(request, propose_role, **form.told(), key=form_key(request))
    elif act in ("give", "withdraw") and of:
        attempt(request, give_proposed_role if act == "give" else withdraw_proposed_role, proposal=of)
    elif act == "take" and of:
        attempt(request, take_role, member=of, role=request.POST.get("role", ""))
    elif act == "begin" and of:
        user = attempt(request, let_begin, member=of)
        return user.email, password_link(user)
    return "", ""


def _rows(request: HttpRequest, members: list[StaffMember]) -> list[dict[str, Any]]:
    """Each member with the roles that she holds or will hold, and those that wait for a second administrator."""
    mine, day = the_member(request).id, today(request)
    users: dict[UUID, StaffUser] = StaffUser.objects.in_bulk([one.user_id for one in members])
    held: dict[UUID, list[dict[str, Any]]] = {}
    for grant in RoleGrant.objects.filter(Q(until=None) | Q(until__gt=day)).order_by("role", "since"):
        held.setdefault(grant.member_id, []).append(_days(grant, day))
    waiting: dict[UUID, list[dict[str, Any]]] = {}
    for one in ProposedRole.objects.filter(state=RoleProposal.PROPOSED).select_related("proposed_by").order_by("at"):
        told = {**_days(one, day), "may_give": mine not in (one.proposed_by_id, one.member_id)}
        waiting.setdefault(one.member_id, []).append(told)
    return [
        {
            "row": one,
            "email": users[one.user_id].email,
            "held": held.get(one.id, []),
            "waiting": waiting.get(one.id, []),
            "may_begin": one.id != mine and may_begin(one, users[one.user_id]),
        }
        for one in members
    ]


def _days(row: RoleGrant | ProposedRole, day: Any) -> dict[str, Any]:
    return {
        "row": row,
        "role": ROLES[row.role],
        "begins": row.since if row.since > day else None,
        "last": row.until - timedelta(days=1) if row.until else None,
    }
