"""Change what is known of a person: name and contact, address, protection."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.permissions import person_for_staff
from handslag.domain.people.models import Address, Person
from handslag.domain.people.operations.persons import (
    change_person,
    confirm_lowering,
    record_address,
    set_protection,
)
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.policies import Conflict, NotPossible
from handslag.domain.tenancy.states import Role
from handslag.web.caseworker.pages import attempt, base, page, require, the_door, today, typed, version_seen, who
from handslag.web.caseworker.register import LEVELS, AddressFields, DetailsFields, ProtectionFields
from handslag.web.caseworker.wording import REFUSALS, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui.forms import DayField

#: The field that a refusal concerns.
_FIELDS = {"person name": "family_name", "address": "address", "later address": "since", "far day": "since"}


class AddressForm(AddressFields):
    """A new address."""

    since = DayField(label=gettext_lazy("Lives there from"))


class ProtectionForm(ProtectionFields):
    """Protection of the person and of her addresses."""

    address_level = forms.TypedChoiceField(
        label=gettext_lazy("Protection of her addresses"),
        coerce=int,
        choices=LEVELS,
        help_text=gettext_lazy("More protection holds at once. Less holds when a colleague has agreed."),
    )


@desk_page("change a person")
def change(request: HttpRequest, tenant: str, person: UUID) -> HttpResponse:
    """Forms, told apart by `act` (details, address, protection, confirm), each with the `version` that was seen."""
    require(request, Role.REGISTRAR)
    found, member = person_for_staff(person, **who(request))
    looked_at("person", found.id)
    data = typed(request)
    act = data.get("act", "") if data else ""
    addresses = list(Address.objects.filter(person=found).order_by("since"))
    last = addresses[-1] if addresses else None
    hidden = any(address.protection_level > member.clearance for address in addresses)
    stood = {name: getattr(found, name) for name in DetailsFields.base_fields} | {
        "protection_level": found.protection_level,
        "address_level": max((address.protection_level for address in addresses), default=0),
        "since": today(request),
    }
    if last is not None and not hidden:
        stood |= {"address": "\n".join(last.lines), "postcode": last.postcode, "city": last.city}
    shown: dict[str, forms.Form] = {
        "details": DetailsFields(data if act == "details" else None, initial=stood),
        "address": AddressForm(data if act == "address" else None, initial=stood),
        "protection": ProtectionForm(data if act == "protection" else None, initial=stood),
        "confirm": forms.Form(data if act == "confirm" else None),
    }
    form = shown.get(act, shown["details"])
    stands: list[tuple[str, str]] = []
    if request.method == "POST" and form.is_bound and form.is_valid() and not (hidden and act == "address"):
        try:
            _carry_out(request, act, found, form)
        except NotPossible as trouble:
            form.add_error(_FIELDS.get(trouble.code), refusal(trouble))
        except Conflict:
            form.add_error(None, str(REFUSALS["conflict"]))
            stands = [(str(form[name].label), str(stood.get(name, ""))) for name in form.changed_data]
        else:
            return HttpResponseRedirect(_next(request, found, member.clearance))
    return page(
        request,
        "change_person.html",
        person=found,
        name=full_name(found),
        form=form,
        details=shown["details"],
        moves=shown["address"],
        protection=shown["protection"],
        address_hidden=hidden,
        stands=stands,
    )


def _carry_out(request: HttpRequest, act: str, found: Person, form: forms.Form) -> None:
    seen = version_seen(request)
    told: dict[str, Any] = {"person": found.id, "version": seen}
    data = form.cleaned_data
    if act == "details":
        attempt(request, change_person, **told, **data)
    elif isinstance(form, AddressForm):
        rest = {"postcode": data["postcode"], "city": data["city"], "since": data["since"]}
        rest["country"] = the_door(request).the_tenant.country
        attempt(request, record_address, **told, lines=form.lines, **rest)
    elif act == "protection":
        attempt(request, set_protection, **told, level=data["protection_level"], address_level=data["address_level"])
    else:
        attempt(request, confirm_lowering, **told)


def _next(request: HttpRequest, found: Person, clearance: int) -> str:
    """Her page, or the search if she is protected now from whoever protected her."""
    level = Person.objects.only("protection_level").get(id=found.id).protection_level
    return f"{base(request)}/people/{found.id}/" if level <= clearance else f"{base(request)}/people/"
