"""A case goes with somebody who moves: told to another municipality, and there made a case by a registrar."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.models import Case
from handslag.domain.casefile.operations import MOVES_TO, take_over_case, transfer_case
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.models import Decision
from handslag.domain.decisions.queries import taken_decisions
from handslag.domain.decisions.states import Outcome
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.permissions import message_for_staff
from handslag.domain.exchange.policies import NEVER_LEAVES
from handslag.domain.exchange.queries import conversation, name_of, partners
from handslag.domain.people.identifiers import BadIdentifier
from handslag.domain.people.models import Membership, Person
from handslag.domain.people.operations.persons import NewPerson
from handslag.domain.people.queries import address_on, full_name, household_on, person_by_identifier
from handslag.domain.tenancy.models import StaffMember, Unit
from handslag.domain.tenancy.permissions import Member as Seeing
from handslag.domain.tenancy.policies import Conflict, NotPossible, setting
from handslag.domain.tenancy.states import Role
from handslag.kernel.months import Month
from handslag.messages.case_transfer import build
from handslag.messages.case_transfer.message import (
    Address,
    CaseTransfer,
    Contact,
    Decided,
    Handed,
    Item,
    Member,
    Taken,
)
from handslag.messages.conversation import Opening, identified, read
from handslag.messages.question.message import Person as Told
from handslag.web.caseworker.opening import GroundForm, opening_form, opening_page
from handslag.web.caseworker.pages import attempt, base, page, require, the_door, today, typed, version_seen, who
from handslag.web.caseworker.questions import to_register
from handslag.web.caseworker.register import AddressFields, ReachedFields, holders
from handslag.web.caseworker.transferred import item_in_words
from handslag.web.caseworker.wording import IDENTIFIERS, REFUSALS, TRANSFER_GROUNDS, refusal
from handslag.web.entry.pages import desk_page
from handslag.web.ui.forms import DayField

#: Kinds of things that are told of one adult.
_REACHED = ("contact", "address")
#: So many decisions are offered, newest first.
MOST_DECISIONS = 12
_RESULTS = {
    Outcome.BIFALL: "granted",
    Outcome.DELAVSLAG: "partly granted",
    Outcome.AVSLAG: "not granted",
    Outcome.AVVISNING: "not granted",
}


class TransferForm(GroundForm):
    """What another municipality is told because somebody moves there."""

    moves_on = DayField(label=gettext_lazy("Moves on"))
    items = forms.MultipleChoiceField(
        label=gettext_lazy("What is told?"),
        help_text=gettext_lazy("Only what you tick is sent: what the other side needs, and she knows of."),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one thing to tell.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields = self.fields
        fields["recipient"].label, fields["person"].label = _("Which municipality?"), _("Who moves?")
        fields["basis"].label = _("On what ground may it be told?")
        fields["ground"].help_text = _(
            "The section of law, or to what she consents and how. She sees it on her pages, and the other side too."
            " Which section carries it isn’t checked here."
        )
        fields["assessed"].help_text = _("Stays here. No address is told.")
        self.order_fields(["key", "recipient", "person", "moves_on", "items", "basis", "ground", "consented_on"])

    def clean(self) -> dict[str, Any]:
        """How and where somebody is reached is told of whoever moves, never of the other adult."""
        found = super().clean()
        reached = (key.partition("-") for key in found.get("items", ()))
        if any(kind in _REACHED and of != found.get("person") for kind, _, of in reached):
            self.add_error("items", _("Choose how and where the person who moves is reached, not the other adult."))
        return found


def _to_tell(request: HttpRequest, case: Case, by: Seeing, level: int) -> dict[str, tuple[Item, str]]:
    """What can be told of a case, by a key for the form, with what the person sees of it: everybody of the household
    (whom she is cleared for) who may move along, how and where each adult is reached (the address only where nobody of
    it is protected), the newest decisions."""
    on, applicant = today(request), case.applicant
    found: dict[str, tuple[Item, str]] = {}
    for row in household_on(case.household_id, on, Month.of(on).until):
        protection = row.person.protection_level
        if protection > by.clearance or (row.person_id == applicant.id and case.co_applicant is None):
            continue
        try:
            role: Literal["adult", "child"] = "adult" if row.role == "adult" else "child"
            member = Member(person=_told(row), role=role, marked=protection > 0)
        except NotPossible:
            continue  # without a number nobody could know her there
        found[f"member-{row.person_id}"] = Item(number=1, member=member), str(row.person_id)
    for adult in _adults(case):
        if adult.protection_level <= by.clearance and (adult.telephone or adult.email):
            contact = Contact(email=adult.email, telephone=adult.telephone, language=adult.language)
            found[f"contact-{adult.id}"] = Item(number=1, contact=contact), ""
        address = address_on(adult.id, on) if not level else None
        if address is not None and address.lines and not address.protection_level:
            place = Address(
                lines=address.lines[:4], postcode=address.postcode, city=address.city, country=address.country
            )
            found[f"address-{adult.id}"] = Item(number=1, address=place), ""
    decisions = taken_decisions(case.id)
    replaced = {one.replaces_id for one in decisions}
    for one in [one for one in decisions if one.id not in replaced][:MOST_DECISIONS]:
        found[f"decision-{one.id}"] = Item(number=1, decision=_decided(one)), str(Month.of(one.period.since))
    return found


def _adults(case: Case) -> list[Person]:
    return [one for one in (case.applicant, case.co_applicant) if one is not None]


def _in_words(case: Case, key: str, item: Item) -> str:
    """One thing as it is offered: where two adults may move, whose telephone or address it is."""
    kind, _dash, of = key.partition("-")
    adults = _adults(case)
    whose = next((f" ({full_name(one)})" for one in adults if str(one.id) == of), "")
    return item_in_words(item) + (whose if kind in _REACHED and len(adults) > 1 else "")


def _told(row: Membership) -> Told:
    return Told(**identified(row.person_id) | {"birth_on": row.person.birth_on})


def _decided(one: Decision) -> Decided:
    assert one.decided_at is not None
    return Decided(
        month=str(Month.of(one.period.since)),
        decided_on=timezone.localtime(one.decided_at).date(),
        result=_RESULTS[Outcome(one.outcome)],  # type: ignore[arg-type]
        amount=one.amount,
        currency=one.currency,
    )


@desk_page("question")
def send(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """Tell another municipality of a case, because one of its adults moves there."""
    found, member = case_for_staff(case, **who(request))
    require(request, Role.CASEWORKER)
    looked_at("case", found.id)
    places = {key: row for key, row in partners().items() if key.startswith(MOVES_TO)}
    form, level = opening_form(TransferForm, request, found, places)
    offered = {} if level >= NEVER_LEAVES else _to_tell(request, found, member, level)
    grounds = setting("case_transfer_grounds")
    form.fields["items"].choices = [  # type: ignore[attr-defined]
        (key, _in_words(found, key, item)) for key, (item, _seen) in offered.items()
    ]
    form.fields["basis"].choices = [(code, TRANSFER_GROUNDS[code]) for code in grounds]  # type: ignore[attr-defined]

    def send(new: Opening) -> UUID:
        return _send(request, new, form, offered)

    return opening_page(request, "transfer.html", found, form, level, places, send, consent_only="law" not in grounds)


def _send(request: HttpRequest, new: Opening, form: TransferForm, offered: dict[str, tuple[Item, str]]) -> UUID:
    told, ground = form.cleaned_data, form.on_ground()
    chosen = [key for key in told["items"] if key != f"member-{told['person']}"]
    row = attempt(
        request,
        transfer_case,
        case=new.about,
        new=build.handing(new, ground=ground, moves_on=told["moves_on"], items=[offered[key][0] for key in chosen]),
        moves_on=told["moves_on"],
        basis=ground.basis,
        ground=ground.text,
        consented_on=ground.consented_on,
        items=[[key.partition("-")[0], offered[key][1]] for key in chosen],
    )
    key: UUID = row.id
    return key


# -- the other side ------------------------------------------------------------------------------------------------


class TakeOverForm(ReachedFields, AddressFields):
    """What a registrar makes of it: the household's case here."""

    since = DayField(label=gettext_lazy("The household lives here, and the case is open, from"))
    unit = forms.ChoiceField(label=gettext_lazy("Unit"))
    caseworker = forms.ChoiceField(label=gettext_lazy("Caseworker"), required=False)
    field_order = ["address", "postcode", "city", "telephone", "email", "language", "since", "unit", "caseworker"]


def _accepted(first: Message) -> tuple[Handed, list[Item], list[tuple[Item, str]]]:
    """What was handed over, of it what we took over, and what we said of it that is different."""
    told = read(first)
    assert isinstance(told, CaseTransfer) and told.asked is not None
    items = {item.number: item for item in told.asked.items}
    answers = [
        answer
        for row in conversation(first)
        if row.direction == "out" and row.transport in ("handed over", "delivered")
        for answer in read(row).answers
        if isinstance(answer, Taken) and not answer.reason
    ]
    changed = [(items[answer.number], answer.text) for answer in answers if answer.text.strip()]
    return told.asked, [items[answer.number] for answer in answers], changed


@desk_page("question")
def take_over(request: HttpRequest, tenant: str, message: UUID) -> HttpResponse:
    """A registrar looks at what was accepted of another municipality's case, and makes a case here of it."""
    first, member = message_for_staff(message, **who(request))
    require(request, Role.REGISTRAR)
    looked_at("question", first.about_id or first.id)
    if not to_register(first):
        return HttpResponseRedirect(f"{base(request)}/questions/{first.id}/")
    handed, items, changed = _accepted(first)
    address = next((item.address for item in items if item.address), None)
    contact = next((item.contact for item in items if item.contact), None)
    staff = StaffMember.objects.filter(active=True, id__in=holders(Role.CASEWORKER, today(request))).order_by("name")
    form = TakeOverForm(
        typed(request),
        initial={
            "address": "\n".join(address.lines) if address else "",
            "postcode": address.postcode if address else "",
            "city": address.city if address else "",
            "telephone": contact.telephone if contact else "",
            "email": contact.email if contact else "",
            "since": handed.moves_on,
            "unit": str(member.unit_id),
        },
    )
    language: Any = form.fields["language"]
    if contact and contact.language in dict(language.choices):
        language.initial = contact.language
    form.fields["unit"].choices = [(str(u.id), u.name) for u in Unit.objects.order_by("name")]  # type: ignore[attr-defined]
    form.fields["caseworker"].choices = [("", _("Nobody yet")), *((str(s.id), s.name) for s in staff)]  # type: ignore[attr-defined]
    moving = [Member(person=handed.person, role="adult", marked=handed.marked)]
    moving += [item.member for item in items if item.member]
    if request.method == "POST" and form.is_valid():
        try:
            case = _take_over(request, first, form, moving)
        except Conflict:
            form.add_error(None, str(REFUSALS["conflict"]))
        except NotPossible as refused:
            form.add_error("since" if refused.code == "far day" else None, refusal(refused))
        except BadIdentifier as bad:
            form.add_error(None, str(IDENTIFIERS.get(bad.code, bad.code)))
        else:
            return HttpResponseRedirect(f"{base(request)}/cases/{case}/")
    return page(
        request,
        "take_over.html",
        status=422 if form.errors else 200,
        row=first,
        partner=name_of(first.partner),
        moving=[
            (
                f"{one.person.given_name} {one.person.family_name}".strip(), one.person.identifier, one.role,
                person_by_identifier(one.person.identifier_type, one.person.identifier) is not None,
            )
            for one in moving
        ],
        decisions=[item_in_words(item) for item in items if item.decision],
        changed=[(item_in_words(item), text) for item, text in changed],
        form=form,
    )  # fmt: skip


def _take_over(request: HttpRequest, first: Message, form: TakeOverForm, moving: list[Member]) -> UUID:
    told = form.cleaned_data
    people = [
        (
            NewPerson(
                identifier_type=one.person.identifier_type,
                identifier=one.person.identifier,
                given_name=one.person.given_name,
                family_name=one.person.family_name,
                birth_on=one.person.birth_on,
                address_lines=form.lines,
                postcode=told["postcode"],
                city=told["city"],
                country=the_door(request).the_tenant.country,
                language=told["language"],
                telephone="" if place else told["telephone"],
                email="" if place else told["email"],
                protection_level=int(one.marked),
            ),
            one.role,
        )
        for place, one in enumerate(moving)
    ]
    case: Case = attempt(
        request,
        take_over_case,
        message=first.id,
        version=version_seen(request),
        people=people,
        since=told["since"],
        unit=UUID(told["unit"]),
        caseworker=UUID(told["caseworker"]) if told["caseworker"] else None,
    )
    return case.id
