"""Documents on request: asked for from a case, given from the other side's case, or refused with a reason."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import Path
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.forms.boundfield import BoundField
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handslag.connectors.store.port import for_tenant
from handslag.domain.audit.operations import looked_at
from handslag.domain.casefile.permissions import case_for_staff
from handslag.domain.decisions.queries import letters_unseen, letters_without_address
from handslag.domain.documents.models import Document
from handslag.domain.documents.states import ScanState
from handslag.domain.exchange.models import Message
from handslag.domain.exchange.operations.outbox import seal_message
from handslag.domain.exchange.policies import address_protected, most_protected
from handslag.domain.exchange.queries import partners
from handslag.domain.intake.queries import sent_or_made
from handslag.domain.tenancy.keys import file_key
from handslag.domain.tenancy.permissions import Hidden
from handslag.domain.tenancy.states import Role
from handslag.messages.conversation import Opening
from handslag.messages.document_request import build
from handslag.messages.document_request.message import MOST, MOST_DOCUMENTS, NAME_LENGTH, File, Given
from handslag.messages.document_request.message import REASONS as CODES
from handslag.web.caseworker.opening import AssessedField, GroundForm, opening_form, opening_page
from handslag.web.caseworker.pages import attempt, require, the_door, today, who
from handslag.web.caseworker.wording import REASONS
from handslag.web.entry.files import document_for
from handslag.web.entry.pages import desk_page
from handslag.web.ui.formats import day

#: Kinds of file that can go by message, with the end of their names.
_TYPES = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}


class RequestForm(GroundForm):
    """Which documents are asked for, of whom, about whom, on which ground."""

    names = forms.CharField(
        label=gettext_lazy("Which documents?"),
        help_text=gettext_lazy("One a line, at most ten."),
        max_length=1300,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["basis"].label = _("On what ground may they be asked for and given?")
        self.order_fields(["recipient", "person", "names", "text", "basis"])

    def clean_names(self) -> list[str]:
        """A name a line."""
        found = [line.strip() for line in self.cleaned_data["names"].splitlines() if line.strip()]
        if len(found) > MOST_DOCUMENTS or any(len(name) > NAME_LENGTH for name in found):
            raise forms.ValidationError(_("At most ten documents, each in at most 120 characters."))
        return found


@desk_page("question")
def ask(request: HttpRequest, tenant: str, case: UUID) -> HttpResponse:
    """Ask another organisation for documents about an adult of a case."""
    found, _member = case_for_staff(case, **who(request))
    require(request, Role.CASEWORKER)
    looked_at("case", found.id)
    places = partners()
    form, level = opening_form(RequestForm, request, found, places)

    def send(new: Opening) -> UUID:
        told = build.asking(new, ground=form.on_ground(), documents=form.cleaned_data["names"])
        key: UUID = attempt(request, seal_message, new=told).id
        return key

    return opening_page(request, "request_documents.html", found, form, level, places, send)


# -- the other side ------------------------------------------------------------------------------------------------


def to_give(request: HttpRequest, first: Message) -> dict[str, Document]:
    """The documents of the person's case here that this member of staff may give: scanned, of a kind and a size that
    goes by message, and telling of nobody who is protected from her. Where an address of the household is protected, of
    what is made here only letters that tell none."""
    if first.about_id is None:
        return {}
    try:
        case, member = case_for_staff(first.about_id, **who(request))
    except Hidden:
        return {}
    unseen = letters_unseen(case, member)
    adults = [one.id for one in (case.applicant, case.co_applicant) if one is not None]
    secret = any(most_protected(one, today(request)) or address_protected(one, today(request)) for one in adults)
    may = {ScanState.CLEAN} | (set() if secret else {ScanState.OWN})
    without = letters_without_address(case.id) if secret else set()
    return {
        str(row.id): row
        for row in sent_or_made(case.id)
        if (row.scan_state in may or row.id in without)
        and row.content_type in _TYPES
        and row.size <= MOST
        and row.id not in unseen
    }


class GiveForm(forms.Form):
    """Each document that is asked for: one of the case here, or why none is given."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, request: HttpRequest, first: Message, points: list[tuple[int, str]], *args: Any, **kw: Any
    ) -> None:
        super().__init__(*args, **kw)
        self.points, self.offered = points, to_give(request, first)
        self.request = request
        files = [
            (key, f"{row.title}, {filesizeformat(row.size)}, {day(row.created_at)}")
            for key, row in self.offered.items()
        ]
        reasons = [(code, REASONS[code]) for code in CODES]
        choices = [
            ("", ""),
            *([(_("Documents of the case here"), files)] if files else []),
            (_("None, because"), reasons),
        ]
        for number, name in points:
            self.fields[f"give-{number}"] = forms.ChoiceField(label=name, choices=choices)
        if files and first.person_id and most_protected(first.person_id, today(request)):
            self.fields["assessed"] = AssessedField()

    def points_shown(self) -> list[BoundField]:
        """The fields as they stand."""
        return list(self)

    @property
    def assessed(self) -> str:
        """Why it may be told although somebody is marked."""
        text: str = self.cleaned_data.get("assessed", "")
        return text

    @property
    def answers(self) -> list[Given]:
        """What is given, read from the store, when the form is valid. Hidden for what she may not have herself."""
        tenant, by = the_door(self.request).the_tenant.id, who(self.request)
        store, found = for_tenant(Path(settings.DATA) / "files" / str(tenant), file_key()), []
        for number, _name in self.points:
            choice = self.cleaned_data[f"give-{number}"]
            row = self.offered.get(choice)
            if row is None:
                found.append(Given(number=number, reason=choice))
                continue
            document_for(row.id, by["by"], by["now"])
            looked_at("document", row.id)
            plain, end = b"".join(store.read(UUID(row.store_key))), f".{_TYPES[row.content_type]}"
            file = File(
                name=row.title.removesuffix(end)[: NAME_LENGTH - len(end)] + end,
                content_type=row.content_type,  # type: ignore[arg-type]
                size=len(plain),
                digest=hashlib.sha256(plain).hexdigest(),
                scanned="own" if row.scan_state == ScanState.OWN else "clean",
                content=b64encode(plain).decode(),
            )
            found.append(Given(number=number, file=file))
        return found
