"""Register: find people, register a person, a household, a case; who moves in or out; accounts; the end."""

from __future__ import annotations

import base64
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.operations import close_case, move_in, move_out, open_case
from handslag.domain.casefile.permissions import (
    case_for_staff,
    household_for_staff,
    may_change_household,
    person_for_staff,
)
from handslag.domain.casefile.queries import case_numbered, cases_with
from handslag.domain.payments.policies import said_to_bank
from handslag.domain.people.accounts import account_problems
from handslag.domain.people.identifiers import BadIdentifier, normal_identifier
from handslag.domain.people.models import Account, Address, Household, Membership, Person
from handslag.domain.people.names import BANK_NAME, stored_name
from handslag.domain.people.operations.accounts import confirm_account_change, refuse_account_change
from handslag.domain.people.operations.persons import (
    NewPerson,
    form_household,
    record_account,
    refer_registration,
    register_person,
)
from handslag.domain.people.queries import (
    account_change_of,
    full_name,
    holds,
    kept_for,
    merges_of,
    merges_waiting,
    numbers_of,
    person_by_number,
    persons_named,
    records_of,
    representations_of,
    seen_by_staff,
)
from handslag.domain.people.states import ChangeState, HouseholdRole
from handslag.domain.tenancy.door import acting_door
from handslag.domain.tenancy.keys import seal, unseal
from handslag.domain.tenancy.models import StaffMember, Unit
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.rules.facts import MOST_ROWS
from handslag.web.caseworker.pages import (
    CASE_ROLES,
    attempt,
    base,
    page,
    require,
    rows_in,
    the_door,
    today,
    typed,
    version_seen,
    who,
)
from handslag.web.caseworker.wording import ACTS_BY, IDENTIFIERS, REFUSALS, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui.forms import DayField

#: Rows of the form for a household, and how many come with each "More rows"; the calculation takes no more members.
ROWS, MORE_ROWS, MOST = 8, 4, MOST_ROWS

IDENTIFIER_NAMES = {
    "personnummer": gettext_lazy("Personal identity number (personnummer)"),
    "samordningsnummer": gettext_lazy("Coordination number (samordningsnummer)"),
    "ahvn13": "AHVN13",
    "zemis": "ZEMIS",
    "temporary": gettext_lazy("Temporary number"),
}
ACCOUNT_NAMES = {
    "bban": gettext_lazy("Bank account"),
    "bankgiro": "Bankgiro",
    "plusgiro": "Plusgiro",
    "iban": "IBAN",
}
ROLE_NAMES = {"adult": gettext_lazy("adult"), "child": gettext_lazy("child")}


class AccountFields(forms.Form):
    """Where somebody is paid."""

    account_kind = forms.ChoiceField(
        label=gettext_lazy("Kind of account"), choices=list(ACCOUNT_NAMES.items()), initial="bban", required=False
    )
    clearing = forms.CharField(label=gettext_lazy("Clearing number"), max_length=5, required=False)
    account_number = forms.CharField(label=gettext_lazy("Account number"), max_length=34, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        number = data.get("account_number", "").replace(" ", "").replace("-", "")
        if number:
            kind = data.get("account_kind") or "bban"
            wrong = [p for p in account_problems(kind, number, data.get("clearing", "")) if p.certain]
            for problem in wrong:
                field = "clearing" if problem.field == "clearing" else "account_number"
                self.add_error(field, _("This account number can’t be right. Check the digits."))
            data["account_number"], data["account_kind"] = number, kind
        return data

    @property
    def account(self) -> tuple[str, str, str] | None:
        data = self.cleaned_data
        if not data.get("account_number"):
            return None
        return data["account_kind"], data["clearing"], data["account_number"]


LEVELS = [
    (0, gettext_lazy("No protection")),
    (1, gettext_lazy("1: confidentiality marking")),
    (2, gettext_lazy("2: protected registration")),
    (3, gettext_lazy("3: fictitious identity")),
]


class ReachedFields(forms.Form):
    """How a person is reached, and in which language."""

    email = forms.EmailField(label=gettext_lazy("E-mail"), required=False)
    telephone = forms.CharField(label=gettext_lazy("Telephone"), max_length=40, required=False)
    language = forms.ChoiceField(
        label=gettext_lazy("Language of letters"), choices=[("sv", "Svenska"), ("en", "English")], initial="sv"
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if acting_door().the_tenant.country == "CH":
            language = self.fields["language"]
            language.choices = [("de", "Deutsch"), ("fr", "Français"), ("en", "English")]  # type: ignore[attr-defined]
            language.initial = "de"


class DetailsFields(ReachedFields):
    """What a person is called and how she is reached."""

    given_name = forms.CharField(label=gettext_lazy("Given name"), max_length=120, required=False)
    family_name = forms.CharField(label=gettext_lazy("Family name"), max_length=120, required=False)
    field_order = ["given_name", "family_name", "email", "telephone", "language"]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not stored_name(data.get("given_name", "")) and not stored_name(data.get("family_name", "")):
            self.add_error("family_name", _("Enter at least one name."))
        return data


class AddressFields(forms.Form):
    """Where she lives."""

    address = forms.CharField(
        label=gettext_lazy("Address"), widget=forms.Textarea(attrs={"rows": 2}), max_length=400, required=False
    )
    postcode = forms.CharField(label=gettext_lazy("Postcode"), max_length=12, required=False)
    city = forms.CharField(label=gettext_lazy("Town"), max_length=80, required=False)

    @property
    def lines(self) -> list[str]:
        """The lines of the address as they are stored."""
        return [line.strip()[:120] for line in self.cleaned_data["address"].splitlines() if line.strip()][:4]


class ProtectionFields(forms.Form):
    """How she is protected."""

    protection_level = forms.TypedChoiceField(label=gettext_lazy("Protection"), coerce=int, initial=0, choices=LEVELS)


class PersonForm(DetailsFields, AddressFields, ProtectionFields, AccountFields):
    """A new person."""

    identifier_type = forms.ChoiceField(
        label=gettext_lazy("Type of number"), choices=list(IDENTIFIER_NAMES.items()), initial="personnummer"
    )
    identifier = forms.CharField(
        label=gettext_lazy("Number"), max_length=40, help_text=gettext_lazy("Twelve digits, for example 19900615-9806.")
    )
    birth_on = DayField(
        label=gettext_lazy("Day of birth"),
        required=False,
        help_text=gettext_lazy("Only if the number doesn’t say it."),
        full_year=True,
    )
    field_order = [
        "identifier_type", "identifier", "given_name", "family_name", "birth_on", "address", "postcode", "city",
        "email", "telephone", "language", "protection_level", "account_kind", "clearing", "account_number",
    ]  # fmt: skip

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if acting_door().the_tenant.country == "CH":
            self.fields["identifier_type"].initial, self.fields["account_kind"].initial = "ahvn13", "iban"
            self.fields["identifier"].help_text = _("AHVN13, for example 756.9217.0769.85, or the ZEMIS number.")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("identifier") and data.get("identifier_type"):
            try:
                _value, born = normal_identifier(data["identifier_type"], data["identifier"])
            except BadIdentifier as bad:
                self.add_error("identifier", str(IDENTIFIERS.get(bad.code, bad.code)))
            else:
                if born is None and data.get("birth_on") is None and "birth_on" not in self.errors:
                    self.add_error("birth_on", _("Enter the day of birth: this number doesn’t say it."))
        return data


def _remember(request: HttpRequest, text: str) -> None:
    """Keep what is searched for in the session, sealed: no address bears a person's number or name."""
    request.session["search"] = base64.b64encode(seal(text.encode(), f"search {base(request)}")).decode()


def _remembered(request: HttpRequest) -> str:
    try:
        return unseal(base64.b64decode(request.session.get("search", "")), f"search {base(request)}").decode()
    except (InvalidTag, ValueError):
        return ""


@desk_page("people")
def people(request: HttpRequest, tenant: str) -> HttpResponse:
    """POST `q`: a person by the exact number or by words of the name, a case by its number; its hits stand at
    `?found`, again where one comes back to them. `?q=` is answered too."""
    member = require(request, *CASE_ROLES)
    if (data := typed(request)) is not None:
        _remember(request, data.get("q", "").strip()[:200])
        return HttpResponseRedirect(f"{base(request)}/people/?found")
    text = _remembered(request) if "found" in request.GET else request.GET.get("q", "").strip()[:200]
    case = case_numbered(text, member, who(request)["now"]) if text else None
    if case is not None:
        return HttpResponseRedirect(f"{base(request)}/cases/{case.id}/")
    exact = person_by_number(text, member) if text else None
    found = [exact] if exact else persons_named(text, member)
    if Role.REGISTRAR not in member.roles:
        found = [person for person in found if _related(request, person)]
    if text:
        looked_at("search")
    for person in found:
        looked_at("person", person.id)
    seen = seen_by_staff(member, found)
    return page(
        request,
        "people.html",
        q=text,
        found=[seen[person.id] for person in found],
        may_register=Role.REGISTRAR in member.roles,
        waiting=merges_waiting(member) if Role.REGISTRAR in member.roles else 0,
    )


def _related(request: HttpRequest, person: Person) -> bool:
    try:
        person_for_staff(person.id, **who(request))
    except Hidden:
        return False
    return True


@desk_page("register a person")
def new_person(request: HttpRequest, tenant: str) -> HttpResponse:
    """Register a person; leads to her page."""
    require(request, Role.REGISTRAR)
    form = PersonForm(typed(request))
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        new = NewPerson(
            identifier_type=data["identifier_type"],
            identifier=data["identifier"],
            given_name=data["given_name"],
            family_name=data["family_name"],
            birth_on=data["birth_on"],
            address_lines=form.lines,
            postcode=data["postcode"],
            city=data["city"],
            country=the_door(request).the_tenant.country,
            email=data["email"],
            telephone=data["telephone"],
            language=data["language"],
            protection_level=data["protection_level"],
            account=form.account,
        )
        try:
            person = attempt(request, register_person, new=new)
        except NotPossible as trouble:
            if trouble.code == "not here":
                attempt(request, refer_registration, identifier_type=new.identifier_type, identifier=new.identifier)
            of_day = trouble.code == "birth to come" and new.birth_on
            form.add_error("birth_on" if of_day else "identifier", refusal(trouble))
        else:
            return HttpResponseRedirect(f"{base(request)}/people/{person.id}/")
    return page(request, "new_person.html", form=form)


@desk_page("person")
def person(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """Who somebody is: numbers, addresses, households over time, accounts, cases. A record that was merged into another
    leads to that one."""
    kept = kept_for(person)
    if kept != person:
        person_for_staff(kept, **who(request))
        return HttpResponseRedirect(f"{base(request)}/people/{kept}/")
    return _person(request, person)


def _person(
    request: HttpRequest, key: UUID, form: AccountFields | None = None, trouble: str = "", reason: str = ""
) -> HttpResponse:
    found, member = person_for_staff(key, **who(request))
    looked_at("person", found.id)
    records = records_of(found.id)
    memberships = list(Membership.objects.filter(person__in=records).order_by("-since"))
    others = list(
        Membership.objects.select_related("person")
        .filter(household_id__in=[m.household_id for m in memberships])
        .order_by("since", "id")
    )
    seen = seen_by_staff(member, [m.person for m in others])
    accounts = list(Account.objects.filter(person=found).order_by("-since"))
    now_on = today(request)
    change = account_change_of(found.id)
    agents = [one for one in representations_of(found.id) if holds(one, now_on)]
    named = seen_by_staff(member, [one.representative for one in agents])
    return page(
        request,
        "person.html",
        person=found,
        name=full_name(found),
        records=records,
        banked=said_to_bank(full_name(found), BANK_NAME),
        identifiers=[(IDENTIFIER_NAMES[i.type], i.value) for i in numbers_of([found.id]).get(found.id, [])],
        addresses=[
            (a, a.protection_level > member.clearance) for a in Address.objects.filter(person=found).order_by("-since")
        ],
        households=[
            {
                "since": m.since,
                "until": m.until,
                "members": [
                    {"seen": seen[o.person_id], "role": ROLE_NAMES[o.role], "since": o.since, "until": o.until}
                    for o in others
                    if o.household_id == m.household_id
                ],
                "current": m.until is None or m.until > now_on,
                "url": f"{base(request)}/households/{m.household_id}/"
                if may_change_household(m.household_id, **who(request))
                else "",
            }
            for m in memberships
        ],
        agents=[
            (named[one.representative_id].name or _("Protected person"), ACTS_BY.get(one.ground, one.ground))
            for one in agents
        ],
        accounts=[(ACCOUNT_NAMES[a.kind], a) for a in accounts],
        cases=cases_with(found.id, member, who(request)["now"]),
        may_register=Role.REGISTRAR in member.roles,
        may_record=Role.REGISTRAR in member.roles and all(a.until and a.until <= now_on for a in accounts),
        form=form or AccountFields(),
        merges=merges_of(found.id, member) if Role.REGISTRAR in member.roles else [],
        change=change if change is not None and change.state == ChangeState.ASKED else None,
        trouble=trouble,
        reason=reason,
    )


@desk_page("person")
@require_POST
def new_account(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """Record the account of a person who has none."""
    require(request, Role.REGISTRAR)
    form = AccountFields(request.POST)
    if form.is_valid() and form.account is None:
        form.add_error("account_number", _("Enter the account number."))
    if form.is_valid() and form.account:
        kind, clearing, number = form.account
        try:
            attempt(request, record_account, person=person, kind=kind, clearing=clearing, number=number)
        except NotPossible as trouble:
            form.add_error(None, refusal(trouble))
        else:
            return HttpResponseRedirect(f"{base(request)}/people/{person}/")
    return _person(request, person, form)


@desk_page("person")
@require_POST
def check_account(request: HttpRequest, tenant: str, person: UUID, change: UUID) -> HttpResponse:
    """A change of account that the person asked for: POST `version`, and `act` confirm, or refuse with `reason`."""
    require(request, Role.REGISTRAR)
    seen = version_seen(request)
    reason = request.POST.get("reason", "")
    try:
        if request.POST.get("act") == "confirm":
            attempt(request, confirm_account_change, change=change, version=seen)
        else:
            attempt(request, refuse_account_change, change=change, version=seen, reason=reason)
    except NotPossible as refused:
        return _person(request, person, trouble=refusal(refused), reason=reason)
    except Conflict:
        return _person(request, person, trouble=str(REFUSALS["conflict"]), reason=reason)
    return HttpResponseRedirect(f"{base(request)}/people/{person}/")


@desk_page("register a household")
def new_household(request: HttpRequest, tenant: str) -> HttpResponse:
    """Form a household: `since`, and rows `number-N`, `role-N`; `act` more adds rows. `?person=` fills the first row.
    Leads to the case."""
    member = require(request, Role.REGISTRAR)
    data = typed(request)
    if data is None:
        empty = [{"number": "", "role": "adult" if n == 0 else "", "error": ""} for n in range(ROWS)]
        first = request.GET.get("person", "")
        if first:
            empty[0]["number"] = _number_of(request, first)
        return page(request, "new_household.html", rows=empty, since=today(request).replace(day=1).isoformat())
    there = max(rows_in(data, "number", MOST), ROWS)
    rows: list[dict[str, str]] = [
        {"number": data.get(f"number-{n}", "").strip()[:60], "role": data.get(f"role-{n}", ""), "error": ""}
        for n in range(there)
    ]
    if data.get("act") == "more":
        rows += [{"number": "", "role": "", "error": ""}] * min(MORE_ROWS, MOST - there)
        return page(request, "new_household.html", rows=rows, since=data.get("since", ""), first_new=there)
    members: list[tuple[UUID, str]] = []
    errors: list[tuple[str, str]] = []
    for n, row in enumerate(rows):
        number, role = row["number"], row["role"]
        if not number:
            continue
        found = person_by_number(number, member)
        if found is None:
            row["error"] = _("Nobody with this number is registered here. Register the person first.")
        elif role not in HouseholdRole.values:
            row["error"] = _("Choose whether this is an adult or a child.")
        elif found.id in [key for key, _role in members]:
            row["error"] = _("This person stands in the list already.")
        else:
            members.append((found.id, role))
        if row["error"]:
            errors.append((f"id_number-{n}", row["error"]))
    try:
        since = DayField().clean(data.get("since", ""))
    except forms.ValidationError as wrong:
        errors.insert(0, ("id_since", wrong.messages[0]))
    if not errors and request.method == "POST":
        try:
            home = attempt(request, form_household, members=members, since=since)
        except NotPossible as trouble:
            errors.append(("id_since" if trouble.code == "far day" else "id_number-0", refusal(trouble)))
        else:
            return HttpResponseRedirect(f"{base(request)}/cases/new/?household={home.id}")
    return page(request, "new_household.html", rows=rows, since=data.get("since", ""), errors=errors)


def _number_of(request: HttpRequest, key: str) -> str:
    try:
        found, member = person_for_staff(UUID(key), **who(request))
    except ValueError:
        return ""
    except Hidden as hidden:
        looked_at(hidden.what, hidden.subject, outcome="refused")
        return ""
    looked_at("person", found.id)
    return seen_by_staff(member, [found])[found.id].identifier


class MoveForm(forms.Form):
    """Somebody moves in."""

    number = forms.CharField(label=gettext_lazy("Number"), max_length=60)
    role = forms.ChoiceField(label=gettext_lazy("Is"), choices=list(ROLE_NAMES.items()), initial="child")
    since = DayField(label=gettext_lazy("Belongs to the household from"))


class LeaveForm(forms.Form):
    """Somebody moves out."""

    person = forms.ChoiceField(label=gettext_lazy("Who moves out"))
    until = DayField(
        label=gettext_lazy("First day elsewhere"),
        help_text=gettext_lazy("Until the day before, the person counts here."),
    )


@desk_page("household")
def household(request: HttpRequest, tenant: str, household: UUID) -> HttpResponse:
    """Who belongs to a household, over time. POST `action` in: number, role, since; out: person, until."""
    home, member = household_for_staff(household, **who(request))
    looked_at("household", home.id)
    rows = list(Membership.objects.select_related("person").filter(household=home).order_by("since", "id"))
    seen = seen_by_staff(member, [row.person for row in rows])
    data = typed(request)
    action = data.get("action", "") if data else ""
    comes = MoveForm(data if action == "in" else None, initial={"since": today(request)})
    goes = LeaveForm(data if action == "out" else None)
    there = [row for row in rows if row.until is None]
    goes.fields["person"].choices = [  # type: ignore[attr-defined]
        ("", _("Choose")),
        *((str(row.person_id), seen[row.person_id].name) for row in there),
    ]
    form = goes if action == "out" else comes
    if request.method == "POST" and action in ("in", "out") and form.is_valid():
        try:
            if action == "in":
                found = person_by_number(form.cleaned_data["number"], member)
                if found is None:
                    unknown = _("Nobody with this number is registered here. Register the person first.")
                    form.add_error("number", unknown)
                else:
                    day = form.cleaned_data["since"]
                    told = {"person": found.id, "role": form.cleaned_data["role"], "since": day}
                    attempt(request, move_in, household=home.id, **told)
            else:
                who_goes = UUID(form.cleaned_data["person"])
                attempt(request, move_out, household=home.id, person=who_goes, until=form.cleaned_data["until"])
        except NotPossible as trouble:
            day = "since" if trouble.code == "far day" else "number"
            form.add_error(day if action == "in" else "until", refusal(trouble))
        if not form.errors:
            return HttpResponseRedirect(f"{base(request)}/households/{home.id}/")
    return page(
        request,
        "household.html",
        rows=[(seen[row.person_id], ROLE_NAMES[row.role], row.since, row.until) for row in rows],
        comes=comes,
        goes=goes,
        form=form,
    )


class CloseForm(forms.Form):
    """The end of a case."""

    closed_on = DayField(label=gettext_lazy("Closed from"))
    reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=400, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


@desk_page("close a case")
def close(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """Close a case: POST `closed_on`, `reason`, `version`."""
    found, _member = case_for_staff(case, **who(request))
    require(request, Role.CASEWORKER, Role.DECIDER)
    looked_at("case", found.id)
    form = CloseForm(typed(request), initial={"closed_on": today(request)})
    if request.method == "POST" and form.is_valid():
        try:
            attempt(
                request,
                close_case,
                case=found.id,
                version=version_seen(request),
                **form.cleaned_data,
            )
        except NotPossible as trouble:
            form.add_error("closed_on" if trouble.code == "day before opening" else "reason", refusal(trouble))
        except Conflict:
            form.add_error(None, str(REFUSALS["conflict"]))
        else:
            return HttpResponseRedirect(f"{base(request)}/cases/{found.id}/")
    return page(request, "close_case.html", form=form, case=found, name=full_name(found.applicant))


class CaseForm(forms.Form):
    """A new case of a household."""

    applicant = forms.ChoiceField(label=gettext_lazy("Who applies"), widget=forms.RadioSelect)
    unit = forms.ChoiceField(label=gettext_lazy("Unit"))
    caseworker = forms.ChoiceField(label=gettext_lazy("Caseworker"), required=False)
    opened_on = DayField(label=gettext_lazy("Opened on"))

    def __init__(self, data: Any, *, adults: list[Any], units: list[Any], staff: list[Any], initial: Any) -> None:
        super().__init__(data, initial=initial)
        self.fields["applicant"].choices = adults  # type: ignore[attr-defined]
        self.fields["unit"].choices = units  # type: ignore[attr-defined]
        self.fields["caseworker"].choices = [("", _("Nobody yet")), *staff]  # type: ignore[attr-defined]


@desk_page("open a case")
def new_case(request: HttpRequest, tenant: str) -> HttpResponse:
    """Open a case of a household (`?household=`); leads to the case."""
    member = require(request, Role.REGISTRAR)
    try:
        home = Household.objects.get(id=UUID(request.GET.get("household", "")))
    except (ValueError, Household.DoesNotExist) as missing:
        raise Hidden("household") from missing
    adults = [
        m.person
        for m in Membership.objects.select_related("person")
        .filter(household=home, role="adult", until=None)
        .order_by("id")
    ]
    if any(person.protection_level > member.clearance for person in adults):
        raise Hidden("household", home.id)
    looked_at("household", home.id)
    since = Membership.objects.filter(household=home).order_by("since").values_list("since", flat=True).first()
    staff = StaffMember.objects.filter(active=True, id__in=holders(Role.CASEWORKER, today(request))).order_by("name")
    units = Unit.objects.order_by("name")
    form = CaseForm(
        typed(request),
        adults=[(str(p.id), full_name(p)) for p in adults],
        units=[(str(u.id), u.name) for u in units],
        staff=[(str(s.id), s.name) for s in staff],
        initial={
            "applicant": str(adults[0].id) if adults else "",
            "unit": str(member.unit_id),
            "opened_on": since or today(request),
        },
    )
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        other = [p.id for p in adults if str(p.id) != data["applicant"]]
        try:
            case = attempt(
                request,
                open_case,
                applicant=UUID(data["applicant"]),
                co_applicant=other[0] if other else None,
                household=home.id,
                unit=UUID(data["unit"]),
                caseworker=UUID(data["caseworker"]) if data["caseworker"] else None,
                opened_on=data["opened_on"],
            )
        except NotPossible as trouble:
            form.add_error(None, refusal(trouble))
        else:
            return HttpResponseRedirect(f"{base(request)}/cases/{case.id}/")
    return page(request, "new_case.html", form=form, adults=[full_name(p) for p in adults])


def holders(role: Role, day: Any) -> Any:
    """The keys of the members of staff who hold a role on a day."""
    from django.db.models import Q

    from handslag.domain.tenancy.models import RoleGrant

    return (
        RoleGrant.objects.filter(role=role, since__lte=day).filter(Q(until=None) | Q(until__gt=day)).values("member_id")
    )
