"""A case that another municipality hands over, in words: what is told, on which ground, what is taken over of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from handslag.kernel.months import Month
from handslag.messages.case_transfer.message import REASONS as CODES
from handslag.messages.case_transfer.message import Ground, Item, Taken
from handslag.messages.document_request.message import Given
from handslag.messages.question.message import Answer
from handslag.messages.settlement.message import Answer as OfTurn
from handslag.web.caseworker.wording import REASONS, RESULTS, TRANSFER_GROUNDS
from handslag.web.ui.formats import money, month


def item_in_words(item: Item) -> str:
    """One thing that is told."""
    if item.member is not None:
        person, role = item.member.person, _("adult") if item.member.role == "adult" else _("child")
        name = f"{person.given_name} {person.family_name}".strip()
        return f"{_('Moves along')}: {name}, {person.identifier}, {role}"
    if item.address is not None:
        place = f"{item.address.postcode} {item.address.city}".strip()
        return f"{_('Address')}: " + ", ".join([*item.address.lines, *([place] if place else [])])
    if item.contact is not None:
        told = (item.contact.telephone, item.contact.email)
        return f"{_('How she is reached')}: " + ", ".join(part for part in told if part)
    decided = item.decision
    assert decided is not None
    amount = money(decided.amount, decided.currency)
    when = month(Month.parse(decided.month).since)
    return f"{when}: {RESULTS[decided.result]}, {amount}, {decided.decided_on:%Y-%m-%d}"


def ground_in_words(ground: Ground | str) -> str:
    """On which ground it is told or asked."""
    if isinstance(ground, str):
        return ground
    basis = str(TRANSFER_GROUNDS[ground.basis])
    return f"{basis}{f' {ground.consented_on:%Y-%m-%d}' if ground.consented_on else ''}: {ground.text}"


def answered(one: Answer | Taken | Given | OfTurn) -> str:
    """What was answered to one point."""
    if isinstance(one, Given):
        return f"{one.file.name}, {filesizeformat(one.file.size)}" if one.file else ""
    if one.text or one.reason or isinstance(one, Answer | OfTurn):
        return one.text
    return _("Taken over as it is")


class TransferAnswerForm(forms.Form):
    """What is taken over, thing by thing: as it is, with what is changed, or why not."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, points: list[tuple[int, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.points = points
        reasons = [("", _("Taken over")), *((code, REASONS[code]) for code in CODES)]
        for number, name in points:
            self.fields[f"reason-{number}"] = forms.ChoiceField(label=name, choices=reasons, required=False)
            self.fields[f"text-{number}"] = forms.CharField(
                label=_("What is different here"), max_length=4000, required=False,
                widget=forms.Textarea(attrs={"rows": 2}),
            )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """What isn't taken over has no change."""
        found = super().clean() or self.cleaned_data
        for number, _name in self.points:
            if found.get(f"text-{number}", "").strip() and found.get(f"reason-{number}", ""):
                self.add_error(f"text-{number}", _("Choose “Taken over”, or empty what is different."))
        return found

    def points_shown(self) -> list[BoundField]:
        """The fields; what becomes of a thing isn't marked as optional: it is always said."""
        for number, _name in self.points:
            self.fields[f"reason-{number}"].required = True
        return list(self)

    @property
    def answers(self) -> list[Taken]:
        """What was answered, when the form is valid."""
        told = self.cleaned_data
        return [
            Taken(number=number, text=told[f"text-{number}"].strip(), reason=told[f"reason-{number}"])
            for number, _name in self.points
        ]
