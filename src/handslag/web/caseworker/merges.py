"""Two records of one person: looked at side by side, proposed by one registrar, confirmed by another, undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.permissions import person_for_staff
from handslag.domain.casefile.queries import cases_with
from handslag.domain.casefile.states import CaseState
from handslag.domain.decisions.queries import decided_months
from handslag.domain.people.models import Account, Address, Identifier, Membership, Merge, Person
from handslag.domain.people.operations.merges import case_ended_with, confirm_merge, end_merge, propose_merge
from handslag.domain.people.queries import account_on, address_on, full_name, merges_seen_by, person_by_number
from handslag.domain.tenancy.permissions import Hidden, Member
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import attempt, base, page, require, today, typed, version_seen, who
from handslag.web.caseworker.register import IDENTIFIER_NAMES, LEVELS
from handslag.web.caseworker.wording import GOES_ON, OWN, REFUSALS, refusal
from handslag.web.entry.pages import desk_page


@dataclass(frozen=True)
class Side:
    """One of the two records, as it stands by itself."""

    person: Person
    name: str
    numbers: list[tuple[Any, str]]
    address: Address | None
    address_hidden: bool
    account: Account | None
    protection: Any
    household: bool
    cases: list[Case]


def _side(request: HttpRequest, person: Person, member: Member) -> Side:
    on = today(request)
    address = address_on(person.id, on)
    return Side(
        person=person,
        name=full_name(person),
        numbers=[(IDENTIFIER_NAMES[i.type], i.value) for i in Identifier.objects.filter(person=person).order_by("id")],
        address=address,
        address_hidden=address is not None and address.protection_level > member.clearance,
        account=account_on(person.id, on),
        protection=dict(LEVELS)[person.protection_level],
        household=Membership.objects.filter(person=person).exists(),
        cases=cases_with(person.id, member, who(request)["now"], alone=True),
    )


def _refusal(refused: NotPossible) -> str:
    """Why two records aren't merged, with what still goes on by the one that would lead on."""
    found = dict.fromkeys(str(GOES_ON.get(table, OWN)) for table in refused.facts.get("running", ()))
    return f"{refusal(refused)} {'; '.join(found)}." if found else refusal(refused)


def _decided_twice(sides: list[Side], member: Member, now: datetime) -> list[tuple[date, int, int]]:
    """The months that are decided in a file of each of two records, with what is granted for it there (minor units)."""
    one, other = (
        decided_months(case.id for case in cases_with(side.person.id, member, now, alone=True)) for side in sides
    )
    return [(since, one[since], other[since]) for since in sorted(one.keys() & other.keys(), reverse=True)]


class ProposalForm(forms.Form):
    """Which record stays, and how it is known."""

    kept = forms.ChoiceField(label=gettext_lazy("Which record stays"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("How you know that it is one person"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, data: Any, sides: list[Side]) -> None:
        # by whom something goes on can only be the one that stays
        first = max(sides, key=lambda side: (any(case.state == CaseState.OPEN for case in side.cases), side.household))
        super().__init__(data, initial={"kept": str(first.person.id)})
        self.fields["kept"].choices = [  # type: ignore[attr-defined]
            (str(side.person.id), f"{side.name}, {', '.join(value for _type, value in side.numbers)}") for side in sides
        ]


@desk_page("merge records")
def propose(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """POST `number`: the other record, both side by side; with `act` propose, `kept` and `reason` it is proposed that
    they are merged."""
    require(request, Role.REGISTRAR)
    found, member = person_for_staff(person, **who(request))
    looked_at("person", found.id)
    data = typed(request)
    number = data.get("number", "").strip()[:60] if data else ""
    other = person_by_number(number, member) if number else None
    if other is None or other.id == found.id:
        trouble = [("id_number", _("Nobody else with this number is registered here."))] if number else []
        told = {"name": full_name(found), "number": number, "errors": trouble}
        return page(request, "merge_find.html", 422 if trouble else 200, person=found, **told)
    looked_at("person", other.id)
    sides = [_side(request, one, member) for one in (found, other)]
    form = ProposalForm(data if data and data.get("act") == "propose" else None, sides)
    if request.method == "POST" and form.is_valid():
        kept = UUID(form.cleaned_data["kept"])
        (gone,) = {found.id, other.id} - {kept}
        try:
            row = attempt(request, propose_merge, gone=gone, kept=kept, reason=form.cleaned_data["reason"])
        except NotPossible as refused:
            form.add_error("kept", _refusal(refused))
        else:
            return HttpResponseRedirect(f"{base(request)}/people/merges/{row.id}/")
    status = 422 if form.errors else 200
    twice = _decided_twice(sides, member, who(request)["now"])
    return page(request, "merge_propose.html", status, person=found, sides=sides, twice=twice, number=number, form=form)


#: How far a merge is.
STATES = {
    "waits": gettext_lazy("waits for a colleague"),
    "holds": pgettext_lazy("two records", "merged"),
    "undone": gettext_lazy("undone"),
    "taken back": gettext_lazy("taken back"),
}


def state_of(row: Merge) -> str:
    """How far a merge is: a key of STATES."""
    if row.ended_at is not None:
        return "undone" if row.confirmed_at else "taken back"
    return "holds" if row.confirmed_at else "waits"


@desk_page("merges")
def merges(request: HttpRequest, tenant: str) -> HttpResponse:
    """All merges of people whom this registrar may see: those that wait first, then the newest."""
    member = require(request, Role.REGISTRAR)
    looked_at("merges")
    known = sorted(merges_seen_by(member).order_by("-proposed_at"), key=lambda row: state_of(row) != "waits")
    rows = [(row, state_of(row), STATES[state_of(row)], full_name(row.kept), full_name(row.gone)) for row in known]
    return page(request, "merges.html", rows=rows)


@desk_page("merge")
def merge(request: HttpRequest, tenant: str, merge: UUID) -> HttpResponse:
    """Both records side by side. POST `act` confirm, or end with `reason`; each with `version`."""
    member = require(request, Role.REGISTRAR)
    row = merges_seen_by(member).filter(id=merge).first()
    if row is None:
        raise Hidden("merge", merge)
    for record in (row.kept_id, row.gone_id):
        looked_at("person", record)
    trouble, reason = "", (typed(request) or request.POST).get("reason", "")
    if request.method == "POST":
        told: dict[str, Any] = {"merge": row.id, "version": version_seen(request)}
        try:
            if request.POST.get("act") == "confirm":
                attempt(request, confirm_merge, **told)
            else:
                attempt(request, end_merge, **told, reason=reason)
            return HttpResponseRedirect(f"{base(request)}/people/merges/{row.id}/")
        except NotPossible as refused:
            trouble = _refusal(refused)
        except Conflict:
            trouble = str(REFUSALS["conflict"])
    state = state_of(row)
    ended = Case.objects.filter(closed_by_merge=row).first()
    if state == "waits":
        ended = case_ended_with(row.gone, row.kept, today(request))
    sides = [_side(request, one, member) for one in (row.kept, row.gone)]
    return page(
        request,
        "merge.html",
        422 if trouble else 200,
        row=row,
        state=state,
        said=STATES[state],
        sides=sides,
        ended=ended,
        twice=_decided_twice(sides, member, who(request)["now"]),
        may_confirm=state == "waits" and row.proposed_by_id != member.id,
        trouble=trouble,
        reason=reason,
    )
