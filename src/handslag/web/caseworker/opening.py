"""How a conversation with another organisation begins, whatever it is about: with whom, about whom, by when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from handslag.domain.casefile.models import Case
from handslag.domain.exchange.policies import NEVER_LEAVES, most_protected
from handslag.domain.people.queries import full_name
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.ids import uuid7
from handslag.messages.case_transfer.message import Ground
from handslag.messages.conversation import Opening
from handslag.web.caseworker.case import case_name
from handslag.web.caseworker.pages import base, page, today, typed, who
from handslag.web.caseworker.wording import TRANSFER_GROUNDS, refusal
from handslag.web.ui.forms import DayField

#: The usual time for an answer.
USUAL = timedelta(days=14)
#: At which field a refusal is said.
_BY_FIELD = {
    "no such partner": "recipient",
    "protected exchange": "person",
    "no number": "person",
    "assess first": "assessed",
    "answer by": "answer_by",
    "protected address": "items",
    "nothing told": "items",
    "transfer ground": "basis",
    "consent day": "consented_on",
}


class AssessedField(forms.CharField):
    """Why it may be told although somebody in the household is marked."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy(
                "Somebody in the household has protected personal data. Why may it be told all the same?"
            ),
            help_text=gettext_lazy("Stays here, with the question."),
            max_length=1000,
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
        )


class OpeningForm(forms.Form):
    """What every first message is made of; each kind adds what it is about."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    recipient = forms.ChoiceField(label=gettext_lazy("Whom do you ask?"))
    person = forms.ChoiceField(label=gettext_lazy("About whom?"), widget=forms.RadioSelect)
    text = forms.CharField(
        label=gettext_lazy("What they should know"),
        help_text=gettext_lazy("Write no address."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    answer_by = DayField(label=gettext_lazy("Answer needed by"))
    assessed = AssessedField()
    test = forms.BooleanField(label=gettext_lazy("Only a test: nothing follows from it"), required=False)


class GroundForm(OpeningForm):
    """The same with a ground that is a section of law or her consent."""

    basis = forms.ChoiceField(widget=forms.RadioSelect, choices=list(TRANSFER_GROUNDS.items()))
    ground = forms.CharField(
        label=gettext_lazy("The ground in words"),
        help_text=gettext_lazy("The section of law, or to what she consents and how. The other side sees it."),
        max_length=400,
    )
    consented_on = DayField(label=gettext_lazy("Consented on"), required=False)

    def clean(self) -> dict[str, Any]:
        """Consent has its day, and nothing else has."""
        found = super().clean() or self.cleaned_data
        if found.get("basis") == "consent" and not found.get("consented_on") and "consented_on" not in self.errors:
            self.add_error("consented_on", _("Enter the day on which she consented."))
        if found.get("basis") == "law":
            found["consented_on"] = None
        return found

    def on_ground(self) -> Ground:
        """What was said of it, when the form is valid."""
        told = self.cleaned_data
        return Ground(basis=told["basis"], text=told["ground"].strip(), consented_on=told["consented_on"])


Form = TypeVar("Form", bound=OpeningForm)


def opening_form(kind: type[Form], request: HttpRequest, case: Case, places: Mapping[str, Any]) -> tuple[Form, int]:
    """The form with the adults of the case and the organisations that can be reached, and the highest protection in
    the household."""
    adults = [one for one in (case.applicant, case.co_applicant) if one is not None]
    level = max(most_protected(one.id, today(request)) for one in adults)
    form = kind(
        typed(request),
        initial={
            "key": uuid7(),
            "person": str(case.applicant_id),
            "answer_by": today(request) + USUAL,
            "basis": "consent",
        },
    )
    form.fields["recipient"].choices = [("", ""), *((key, row.name) for key, row in places.items())]  # type: ignore[attr-defined]
    form.fields["person"].choices = [(str(one.id), full_name(one)) for one in adults]  # type: ignore[attr-defined]
    if not level:
        del form.fields["assessed"]
    return form, level


def opening_of(request: HttpRequest, case: Case, told: dict[str, Any]) -> Opening:
    """What a first message needs, of a valid form."""
    return Opening(
        key=told["key"],
        recipient=told["recipient"],
        person=UUID(told["person"]),
        about=case.id,
        unit=case.unit_id,
        number=case.number,
        answer_by=told["answer_by"],
        text=told["text"],
        assessed=told.get("assessed", ""),
        test=told["test"],
        now=who(request)["now"],
    )


def opening_page(
    request: HttpRequest, template: str, case: Case, form: OpeningForm, level: int, places: Mapping[str, Any],
    send: Callable[[Opening], UUID], **shown: Any,
) -> HttpResponse:  # fmt: skip
    """The page of a form; sent by `send`, which gives the message's key, where it was posted and is in order."""
    if request.method == "POST" and form.is_valid():
        try:
            sent = send(opening_of(request, case, form.cleaned_data))
        except NotPossible as refused:
            if refused.code == "sent already":
                return HttpResponseRedirect(f"{base(request)}/questions/{refused.facts['message']}/")
            place = _BY_FIELD.get(refused.code)
            form.add_error("text" if place == "items" and place not in form.fields else place, refusal(refused))
        else:
            return HttpResponseRedirect(f"{base(request)}/questions/{sent}/")
    return page(
        request, template, status=422 if form.errors else 200, case=case, name=case_name(case), form=form,
        nobody=not places, never=level >= NEVER_LEAVES, **shown,
    )  # fmt: skip
