"""What is typed between canton and municipality: who is assigned, when she arrived, what counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from handslag.domain.people.identifiers import BadIdentifier, normal_identifier
from handslag.domain.people.qr_bill import BadQrBill, read_qr_bill
from handslag.domain.settlement.checks import Finding
from handslag.domain.settlement.models import Line
from handslag.domain.settlement.operations import NewReclaimLine
from handslag.domain.settlement.queries import length, within
from handslag.domain.settlement.states import LineKind, Outcome, Reason
from handslag.domain.statistics.queries.federal import table
from handslag.kernel.months import Month
from handslag.messages.approval_change.message import NOT_NOTED, Kept
from handslag.messages.approval_change.message import REASONS as LIMIT_CODES
from handslag.messages.assignment.build import Assigning
from handslag.messages.assignment.message import ACCOMMODATION as ACCOMMODATION_CODES
from handslag.messages.assignment.message import MOST, STATUSES, Arrival, Assigned
from handslag.messages.assignment.message import REASONS as REASON_CODES
from handslag.messages.case_change.message import CHANGES as CASE_CODES
from handslag.messages.case_change.message import FACTS, Noted
from handslag.messages.case_change.message import REASONS as CASE_REASONS
from handslag.messages.case_notification.build import Claimed
from handslag.messages.case_notification.message import PERMITS, Accepted
from handslag.messages.case_notification.message import REASONS as AGAINST_CODES
from handslag.messages.cost_approval.build import wish_of
from handslag.messages.cost_approval.message import REASONS as COST_CODES
from handslag.messages.cost_approval.message import Approved, Cost
from handslag.messages.mutation.message import CHANGES as CHANGE_CODES
from handslag.messages.mutation.message import REASONS as DISPUTE_CODES
from handslag.messages.mutation.message import Agreed
from handslag.messages.provider_bill.message import REASONS as BILL_CODES
from handslag.messages.provider_bill.message import Paid
from handslag.messages.question.message import Person
from handslag.rules.ch.codes import INCOMES
from handslag.web.canton.wording import (
    ACCOMMODATION,
    AGAINST,
    APPROVAL_CHANGED,
    BILL_AGAINST,
    CASE_CHANGES,
    CASE_DISPUTES,
    CHANGES,
    CHECKS,
    COST_AGAINST,
    DISPUTES,
    NOT_KEPT,
    NUMBERS,
    PERMIT_NAMES,
    QR_CODES,
    REASONS,
    ROLES,
)
from handslag.web.canton.wording import STATUSES as STATUS_NAMES
from handslag.web.ui import formats
from handslag.web.ui.forms import AmountField, DayField


def _area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows})


def _what_they_should_know() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("What they should know"), help_text=gettext_lazy("Write no address."), max_length=4000,
        required=False, widget=_area(3),
    )  # fmt: skip


def _why_it_may_be_told() -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("If her data are marked as confidential: why may it be told all the same?"),
        help_text=gettext_lazy("Stays here."), max_length=1000, required=False, widget=_area(2),
    )  # fmt: skip


def _only_a_test() -> forms.BooleanField:
    return forms.BooleanField(label=gettext_lazy("Only a test: nothing follows from it"), required=False)


class AssignForm(forms.Form):
    """A family unit that is assigned to a municipality: `count` people."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    recipient = forms.ChoiceField(label=gettext_lazy("To which municipality?"))
    arrival_on = DayField(
        label=gettext_lazy("Arrives on"), help_text=gettext_lazy("This day or later: the municipality says which.")
    )
    answer_by = DayField(label=gettext_lazy("Answer needed by"))
    centre = forms.CharField(label=gettext_lazy("Lives now in the centre"), max_length=120, required=False)
    moves_from = forms.ChoiceField(
        label=gettext_lazy("Moves from the municipality"),
        help_text=gettext_lazy("Only if a municipality is responsible for her today."),
        required=False,
    )
    text = _what_they_should_know()
    assessed = _why_it_may_be_told()
    test = _only_a_test()

    def __init__(self, places: Mapping[str, str], count: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.count = max(1, min(count, MOST))
        self.fields["recipient"].choices = [("", ""), *places.items()]  # type: ignore[attr-defined]
        self.fields["moves_from"].choices = [("", _("None: first assignment")), *places.items()]  # type: ignore[attr-defined]
        self.told: list[Assigned] = []
        for n in range(1, self.count + 1):
            fields: dict[str, forms.Field] = {
                "number": forms.CharField(label=_("ZEMIS number"), max_length=36),
                "given_name": forms.CharField(label=_("Given name"), max_length=120),
                "family_name": forms.CharField(label=_("Family name"), max_length=120),
                "birth_on": DayField(label=_("Born on"), full_year=True),
                "role": forms.ChoiceField(label=_("Is"), choices=list(ROLES.items())),
                "status": forms.ChoiceField(label=_("Status"), choices=[(c, STATUS_NAMES[c]) for c in STATUSES]),
                "status_since": DayField(label=_("Status since")),
                "entry_on": DayField(label=_("Entry into Switzerland on")),
                "special_needs": forms.CharField(
                    label=_("Special needs"), max_length=1000, required=False, widget=_area(2)
                ),
                "quota_credit": forms.BooleanField(
                    label=_("Counts towards the quota of the municipality"), required=False, initial=True
                ),
            }
            self.fields |= {f"{name}-{n}": field for name, field in fields.items()}

    def people(self) -> list[list[BoundField]]:
        """The fields of each person."""
        return [[self[name] for name in self.fields if name.endswith(f"-{n}")] for n in range(1, self.count + 1)]

    def about(self) -> list[BoundField]:
        """The fields of the assignment as a whole."""
        return [self[name] for name in self.fields if "-" not in name and name != "key"]

    def clean(self) -> dict[str, Any]:
        """Numbers are ZEMIS numbers, each once; a status begins on the day of entry at the earliest."""
        found = super().clean() or self.cleaned_data
        numbers: set[str] = set()
        for n in range(1, self.count + 1):
            if f"number-{n}" in found:
                try:
                    found[f"number-{n}"] = normal_identifier("zemis", found[f"number-{n}"])[0]
                except BadIdentifier as bad:
                    self.add_error(f"number-{n}", str(NUMBERS.get(bad.code, bad.code)))
                    continue
                if found[f"number-{n}"] in numbers:
                    self.add_error(f"number-{n}", _("This number is here twice."))
                    continue
                numbers.add(found[f"number-{n}"])
            since, entry = found.get(f"status_since-{n}"), found.get(f"entry_on-{n}")
            if since and entry and since < entry:
                self.add_error(f"status_since-{n}", _("A status begins on the day of entry at the earliest."))
        if not self.errors:
            self.told = [self._person(found, n) for n in range(1, self.count + 1)]
        return found

    def _person(self, found: dict[str, Any], n: int) -> Assigned:
        told = {
            name: found[f"{name}-{n}"]
            for name in ("role", "status", "status_since", "entry_on", "special_needs", "quota_credit")
        }
        person = Person(
            identifier_type="zemis",
            identifier=found[f"number-{n}"],
            given_name=found[f"given_name-{n}"].strip(),
            family_name=found[f"family_name-{n}"].strip(),
            birth_on=found[f"birth_on-{n}"],
        )
        return Assigned(number=n, person=person, **told | {"special_needs": told["special_needs"].strip()})

    def assigning(self, unit: UUID, now: Any) -> Assigning:
        """What the message is built of, when the form is valid."""
        names = ("key", "recipient", "arrival_on", "centre", "moves_from", "answer_by", "text", "assessed", "test")
        told = {name: self.cleaned_data[name] for name in names}
        return Assigning(unit=unit, persons=self.told, now=now, **told)


class ArrivalForm(forms.Form):
    """Each person assigned: the day on which she arrived and how she lives, or why she isn't taken."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, names: list[tuple[int, str]], arrival_on: date | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = names
        living = [("", ""), *((code, ACCOMMODATION[code]) for code in ACCOMMODATION_CODES)]
        reasons = [("", _("She is taken")), *((code, REASONS[code]) for code in REASON_CODES)]
        for number, _name in names:
            self.fields[f"arrived_on-{number}"] = DayField(label=_("Arrived on"), required=False, initial=arrival_on)
            self.fields[f"accommodation-{number}"] = forms.ChoiceField(
                label=_("Lives in"), choices=living, required=False
            )
            self.fields[f"reason-{number}"] = forms.ChoiceField(
                label=_("If she isn’t taken, why"), choices=reasons, required=False
            )

    def people(self) -> list[tuple[str, list[BoundField]]]:
        """Each name with its fields; none is marked as optional: a day and a place, or a reason, is always said."""
        for field in self.fields.values():
            field.required = True
        parts = ("arrived_on", "accommodation", "reason")
        return [(name, [self[f"{part}-{number}"] for part in parts]) for number, name in self.names]

    def clean(self) -> dict[str, Any]:
        """Each person has a day and an accommodation, or a reason."""
        found = super().clean() or self.cleaned_data
        for number, _name in self.names:
            if found.get(f"reason-{number}"):
                continue
            if not found.get(f"arrived_on-{number}") and f"arrived_on-{number}" not in self.errors:
                self.add_error(f"arrived_on-{number}", _("Enter the day on which she arrived, or choose a reason."))
            if not found.get(f"accommodation-{number}"):
                self.add_error(f"accommodation-{number}", _("Choose how she lives, or a reason why she isn’t taken."))
        return found

    @property
    def answers(self) -> list[Arrival]:
        """What was said, when the form is valid. A reason stands alone."""
        told = self.cleaned_data
        return [
            Arrival(number=number, reason=told[f"reason-{number}"])
            if told[f"reason-{number}"]
            else Arrival(
                number=number,
                arrived_on=told[f"arrived_on-{number}"],
                accommodation=told[f"accommodation-{number}"],
            )
            for number, _name in self.names
        ]


class _TellsOfPeople(forms.Form):
    """What is told of `people` (key and name) to one of the `recipients`, and perhaps to which of the `towns` they
    move: addresses with their names."""

    def __init__(
        self, recipients: Mapping[str, str], towns: Mapping[str, str], people: list[tuple[str, str]], *args: Any,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.fields["recipient"].choices = [("", ""), *recipients.items()]  # type: ignore[attr-defined]
        self.fields["municipality"].choices = [("", ""), *towns.items()]  # type: ignore[attr-defined]
        self.fields["persons"].choices = people  # type: ignore[attr-defined]


class ChangeForm(_TellsOfPeople):
    """What changes for people of a family unit, from which day on."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    persons = forms.MultipleChoiceField(label=gettext_lazy("For whom?"), widget=forms.CheckboxSelectMultiple)
    change = forms.ChoiceField(label=gettext_lazy("What changes?"), widget=forms.RadioSelect)
    on = DayField(
        label=gettext_lazy("On which day?"),
        help_text=gettext_lazy(
            "The day of a move, departure or death; the last day on which somebody who disappeared was there; "
            "the first day of a status, of own earnings, or without them."
        ),
    )
    municipality = forms.ChoiceField(label=gettext_lazy("Moves to"), required=False)
    status = forms.ChoiceField(label=gettext_lazy("Which status?"), required=False)
    entry_on = DayField(
        label=gettext_lazy("Entry into Switzerland on"), help_text=gettext_lazy("With a new status."), required=False
    )
    last_on = DayField(
        label=gettext_lazy("Last day of own earnings"), help_text=gettext_lazy("If it is known."), required=False
    )
    recipient = forms.ChoiceField(label=gettext_lazy("Whom do you tell?"))
    answer_by = DayField(label=gettext_lazy("Answer needed by"))
    text = _what_they_should_know()
    assessed = _why_it_may_be_told()
    test = _only_a_test()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["status"].choices = [("", ""), *((c, STATUS_NAMES[c]) for c in STATUSES)]  # type: ignore[attr-defined]
        self.fields["change"].choices = [(code, CHANGES[code]) for code in CHANGE_CODES]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A status comes with the day of entry, a move with the municipality; own earnings end after they begin."""
        found = super().clean() or self.cleaned_data
        change, on = found.get("change"), found.get("on")
        if change == "move" and not found.get("municipality"):
            self.add_error("municipality", _("Choose where she moves to."))
        if change == "status" and not found.get("status"):
            self.add_error("status", _("Choose the new status."))
        if change == "status" and "entry_on" not in self.errors:
            if not found.get("entry_on"):
                self.add_error("entry_on", _("Enter the day of entry into Switzerland."))
            elif on and on < found["entry_on"]:
                self.add_error("on", _("A status begins on the day of entry at the earliest."))
        if change == "earnings" and on and found.get("last_on") and found["last_on"] < on:
            self.add_error("last_on", _("The last day isn’t before the first."))
        return found

    def told(self) -> dict[str, Any]:
        """What the message is built of, when the form is valid: what doesn't belong to the change isn't told."""
        told = dict(self.cleaned_data)
        belongs = {"status": ("status", "entry_on"), "move": ("municipality",), "earnings": ("last_on",)}
        mine = belongs.get(told["change"], ())
        for name, empty in (("status", ""), ("entry_on", None), ("municipality", ""), ("last_on", None)):
            told[name] = told[name] if name in mine else empty
        return told | {"persons": [UUID(key) for key in told["persons"]]}


class AgreeForm(forms.Form):
    """Whether a change is so, for each person."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, names: list[tuple[int, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = names
        answers = [("-", DISPUTES[""]), *((code, DISPUTES[code]) for code in DISPUTE_CODES)]
        for number, name in names:
            self.fields[f"reason-{number}"] = forms.ChoiceField(label=name, choices=[("", ""), *answers])

    def people(self) -> list[BoundField]:
        """The field of each person."""
        return [self[f"reason-{number}"] for number, _name in self.names]

    @property
    def answers(self) -> list[Agreed]:
        """What was said, when the form is valid."""
        said = self.cleaned_data
        return [Agreed(number=n, reason=said[f"reason-{n}"].removeprefix("-")) for n, _name in self.names]


class NumberForm(forms.Form):
    """Whose case is notified."""

    use_required_attribute = False
    number = forms.CharField(
        label=gettext_lazy("Number of the person"), help_text=gettext_lazy("ZEMIS or AHV number."), max_length=36
    )

    def nobody(self) -> None:
        """Say that nobody with this number is known here."""
        self.add_error("number", _("Nobody with this number is registered here: register her first."))


class NotifyForm(forms.Form):
    """A household whose case is notified under section 44: each of its people with her own days."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    decided_on = DayField(label=gettext_lazy("Support was decided on"))
    heads = forms.IntegerField(
        label=gettext_lazy("Heads in the household"),
        help_text=gettext_lazy("Everybody who lives there, also for whom nothing is claimed."),
        min_value=1,
        max_value=99,
    )
    cohabitation = forms.BooleanField(
        label=gettext_lazy("They live with a partner who isn’t supported"), required=False
    )
    need = AmountField(label=gettext_lazy("Expected need a month"))
    income = AmountField(label=gettext_lazy("Expected income a month"))
    recipient = forms.ChoiceField(label=gettext_lazy("Which canton do you tell?"))
    answer_by = DayField(label=gettext_lazy("Answer needed by"))
    why = forms.CharField(
        label=gettext_lazy("Why it is claimed, if something speaks against it"),
        help_text=gettext_lazy("For example why it is notified later than 30 days after the decision."),
        max_length=1000,
        required=False,
        widget=_area(2),
    )
    text = _what_they_should_know()
    assessed = _why_it_may_be_told()
    test = _only_a_test()

    def __init__(
        self, recipients: Mapping[str, str], people: list[tuple[UUID, str]], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.who = people[:MOST]
        self.fields["recipient"].choices = [("", ""), *recipients.items()]  # type: ignore[attr-defined]
        permits = [("", ""), *((code, PERMIT_NAMES[code]) for code in PERMITS)]
        for n in range(1, len(self.who) + 1):
            self.fields |= {
                f"claimed-{n}": forms.BooleanField(label=_("Claim reimbursement for her"), required=False),
                f"nationality-{n}": forms.CharField(
                    label=_("Nationality"), help_text=_("Two letters, for example ER; XX for none."), max_length=2,
                    required=False,
                ),
                f"permit-{n}": forms.ChoiceField(label=_("Permit"), choices=permits, required=False),
                f"permit_until-{n}": DayField(label=_("Permit valid until"), required=False),
                f"residence_since-{n}": DayField(
                    label=_("In the canton since"), help_text=_("Without a break."), required=False
                ),
                f"supported_since-{n}": DayField(label=_("Claimed from"), required=False),
                f"staying-{n}": forms.BooleanField(
                    label=_("She only stays here, without a domicile in the canton (section 44 para. 2)"),
                    help_text=_("In the canton since: the first day of her stay."), required=False,
                ),
            }  # fmt: skip

    def people(self) -> list[tuple[str, list[BoundField]]]:
        """Each name with her fields; what is needed of somebody for whom it is claimed isn't marked as optional."""
        for name, field in self.fields.items():
            field.required = field.required or name.startswith(("nationality-", "permit-", "residence_", "supported_"))
        return [
            (name, [self[field] for field in self.fields if field.endswith(f"-{n}")])
            for n, (_key, name) in enumerate(self.who, 1)
        ]

    def about(self) -> list[BoundField]:
        """The fields of the case as a whole."""
        return [self[name] for name in self.fields if "-" not in name and name != "key"]

    def clean(self) -> dict[str, Any]:
        """It is claimed for somebody, and each of them has her permit and days; not more of them than heads."""
        found = super().clean() or self.cleaned_data
        chosen = [n for n in range(1, len(self.who) + 1) if found.get(f"claimed-{n}")]
        if not chosen:
            self.add_error("claimed-1", _("Choose for whom reimbursement is claimed."))
        for n in chosen:
            nation = str(found.get(f"nationality-{n}") or "").strip().upper()
            found[f"nationality-{n}"] = nation
            if not (len(nation) == 2 and nation.isascii() and nation.isalpha()):
                self.add_error(f"nationality-{n}", _("Write the two letters of the country, XX for none."))
            if not found.get(f"permit-{n}"):
                self.add_error(f"permit-{n}", _("Choose the permit."))
            for name, told in (
                ("residence_since", _("Enter since when she has lived in the canton.")),
                ("supported_since", _("Enter the first day that is claimed.")),
            ):
                if not found.get(f"{name}-{n}") and f"{name}-{n}" not in self.errors:
                    self.add_error(f"{name}-{n}", told)
            lives, begins = found.get(f"residence_since-{n}"), found.get(f"supported_since-{n}")
            if lives and begins and begins < lives:
                self.add_error(f"supported_since-{n}", _("Nothing is claimed from before she lived in the canton."))
        if found.get("heads") and found["heads"] < len(chosen):
            self.add_error("heads", _("There are at least as many heads as people for whom it is claimed."))
        return found

    def told(self) -> dict[str, Any]:
        """What the message is built of, when the form is valid."""
        told = self.cleaned_data
        names = ("nationality", "permit", "permit_until", "residence_since", "supported_since", "staying")
        persons = [
            Claimed(person=key, **{name: told[f"{name}-{n}"] for name in names})
            for n, (key, _name) in enumerate(self.who, 1)
            if told[f"claimed-{n}"]
        ]
        return {"persons": persons, **{name: value for name, value in told.items() if "-" not in name}}


class CaseChangeForm(_TellsOfPeople):
    """What changes in a case under section 44, for whom, from which day on."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    persons = forms.MultipleChoiceField(label=gettext_lazy("For whom?"), widget=forms.CheckboxSelectMultiple)
    change = forms.ChoiceField(label=gettext_lazy("What changes?"), widget=forms.RadioSelect)
    on = DayField(
        label=gettext_lazy("On which day?"),
        help_text=gettext_lazy(
            "The first day on which it is so; the last day of support where it ends; the day of a move."
        ),
    )
    before = forms.CharField(label=gettext_lazy("How it was"), max_length=400, required=False)
    after = forms.CharField(
        label=gettext_lazy("How it is now"), help_text=gettext_lazy("Needed while support goes on."), max_length=400,
        required=False,
    )  # fmt: skip
    cause = forms.CharField(
        label=gettext_lazy("Why support ends"), help_text=gettext_lazy("Needed where it ends."), max_length=400,
        required=False,
    )  # fmt: skip
    bfs_code = forms.ChoiceField(label=gettext_lazy("Main reason for the federal statistics"), required=False)
    balance = AmountField(
        label=gettext_lazy("Balance of the case account"),
        help_text=gettext_lazy("What was spent beyond what came in, on the last day of support."), required=False,
    )  # fmt: skip
    restitution = AmountField(label=gettext_lazy("Still to be paid back"), required=False)
    municipality = forms.ChoiceField(label=gettext_lazy("Moves to"), required=False)
    plan = forms.CharField(
        label=gettext_lazy("Plan of integration"),
        help_text=gettext_lazy("With a move: only what the new municipality needs. The file goes by a hand-over."),
        max_length=2000,
        required=False,
        widget=_area(3),
    )
    open_costs = AmountField(
        label=gettext_lazy("Open costs"), help_text=gettext_lazy("With a move: approved and not spent yet."),
        required=False,
    )  # fmt: skip
    recipient = forms.ChoiceField(label=gettext_lazy("Which canton do you tell?"))
    answer_by = DayField(label=gettext_lazy("Answer needed by"))
    why = forms.CharField(
        label=gettext_lazy("Why it is told, if something speaks against it"), max_length=1000, required=False,
        widget=_area(2),
    )  # fmt: skip
    text = _what_they_should_know()
    assessed = _why_it_may_be_told()
    test = _only_a_test()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["change"].choices = [(code, CASE_CHANGES[code]) for code in CASE_CODES if code != "takeover"]  # type: ignore[attr-defined]
        reasons = table()["reasons"].items()
        self.fields["bfs_code"].choices = [  # type: ignore[attr-defined]
            ("", ""), *((code, name[formats.language_of_figures()]) for code, name in reasons)
        ]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """What goes on is said as it is now, an end has its cause, a move its municipality."""
        found = super().clean() or self.cleaned_data
        change = found.get("change")
        if change in FACTS and not found.get("after", "").strip():
            self.add_error("after", _("Write how it is now."))
        if change == "ended" and not found.get("cause", "").strip():
            self.add_error("cause", _("Write why support ends."))
        if change == "move" and not found.get("municipality"):
            self.add_error("municipality", _("Choose where she moves to."))
        return found

    def told(self) -> dict[str, Any]:
        """What the message is built of, when the form is valid: what doesn't belong to the change isn't told."""
        told = dict(self.cleaned_data)
        belongs = {"ended": ("cause", "bfs_code", "balance", "restitution"), "move": ("municipality", "plan",
                   "open_costs"), **dict.fromkeys(FACTS, ("before", "after"))}  # fmt: skip
        for name in ("before", "after", "cause", "bfs_code", "municipality", "plan"):
            told[name] = told[name] if name in belongs.get(told["change"], ()) else ""
        for name in ("balance", "restitution", "open_costs"):
            told[name] = told[name] if name in belongs.get(told["change"], ()) else None
        return told | {"persons": [UUID(key) for key in told["persons"]]}


class NotedForm(forms.Form):
    """Whether a change of a case is so for each person, and where one belongs, until when she is reimbursed by now.
    `days`: whether a last day may be said; `needed`: whether it must be."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, names: list[tuple[int, str]], days: bool, needed: bool, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names, self.days, self.needed = names, days, needed
        answers = [("-", DISPUTES[""]), *((code, CASE_DISPUTES[code]) for code in CASE_REASONS)]
        for number, name in names:
            self.fields[f"reason-{number}"] = forms.ChoiceField(label=name, choices=[("", ""), *answers])
            if days:
                self.fields[f"last_on-{number}"] = DayField(
                    label=_("Reimbursed until"), required=False,
                    help_text=_("The last day.") if needed else _("Only if her claim ends by this change."),
                )  # fmt: skip

    def people(self) -> list[BoundField]:
        """The fields of each person; a last day that must be said isn't marked as optional."""
        for name, field in self.fields.items():
            field.required = field.required or (self.needed and name.startswith("last_on-"))
        return [self[name] for name in self.fields if name != "key"]

    def clean(self) -> dict[str, Any]:
        """Where support begins again, each person for whom it is so has a last day; nobody else has one."""
        found = super().clean() or self.cleaned_data
        for number, _name in self.names:
            reason, last = found.get(f"reason-{number}"), found.get(f"last_on-{number}")
            if self.needed and reason == "-" and not last and f"last_on-{number}" not in self.errors:
                self.add_error(f"last_on-{number}", _("Enter the last day that is reimbursed, or choose a reason."))
            if last and reason not in ("-", "", None):
                self.add_error(f"last_on-{number}", _("Leave it empty where it isn’t so."))
        return found

    @property
    def answers(self) -> list[Noted]:
        """What was said, when the form is valid."""
        said = self.cleaned_data
        return [
            Noted(number=n, reason=said[f"reason-{n}"].removeprefix("-"), last_on=said.get(f"last_on-{n}"))
            for n, _name in self.names
        ]


class AcceptForm(forms.Form):
    """Until when the claim for each person is accepted, or why it isn't."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(
        self, names: list[tuple[int, str]], ends: Mapping[int, date | None], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.names = names
        reasons = [("", _("It is accepted")), *((code, AGAINST[code]) for code in AGAINST_CODES)]
        for number, _name in names:
            self.fields[f"last_on-{number}"] = DayField(
                label=_("Reimbursed until"), required=False, initial=ends[number],
                help_text=_("Ten years of residence end on this day.") if ends[number]
                else _("She only stays: until when?"),
            )  # fmt: skip
            self.fields[f"reason-{number}"] = forms.ChoiceField(
                label=_("If it isn’t accepted, why"), choices=reasons, required=False
            )

    def people(self) -> list[tuple[str, list[BoundField]]]:
        """Each name with her fields; none is marked as optional: a day or a reason is always said."""
        for field in self.fields.values():
            field.required = True
        return [(name, [self[f"last_on-{number}"], self[f"reason-{number}"]]) for number, name in self.names]

    def clean(self) -> dict[str, Any]:
        """Each person has a day, or a reason."""
        found = super().clean() or self.cleaned_data
        for number, _name in self.names:
            said = found.get(f"reason-{number}") or found.get(f"last_on-{number}")
            if not said and f"last_on-{number}" not in self.errors:
                self.add_error(f"last_on-{number}", _("Enter the last day that is reimbursed, or choose a reason."))
        return found

    @property
    def answers(self) -> list[Accepted]:
        """What was said, when the form is valid. A reason stands alone."""
        told = self.cleaned_data
        return [
            Accepted(number=n, reason=told[f"reason-{n}"])
            if told[f"reason-{n}"]
            else Accepted(number=n, last_on=told[f"last_on-{n}"])
            for n, _name in self.names
        ]


class CostForm(forms.Form):
    """A cost that a payer is asked to approve; `kinds`: those that there are, by code."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    account_code = forms.ChoiceField(label=gettext_lazy("Kind of cost"))
    what = forms.CharField(label=gettext_lazy("What is it?"), max_length=250)
    cause = forms.CharField(label=gettext_lazy("Why is it needed?"), max_length=1000, widget=_area(3))
    since = DayField(label=gettext_lazy("First day"))
    last_on = DayField(label=gettext_lazy("Last day"))
    unit_price = AmountField(label=gettext_lazy("Price of one"))
    quantity = forms.IntegerField(
        label=gettext_lazy("How many?"), help_text=gettext_lazy("Sessions, days, months: 1 for one bill."), min_value=1,
        max_value=10_000,
    )  # fmt: skip
    percent = forms.IntegerField(
        label=gettext_lazy("Share that the payer shall bear, in percent"), min_value=1, max_value=100
    )
    other_payer = forms.CharField(
        label=gettext_lazy("Who else was asked to pay?"), help_text=gettext_lazy("For example the health insurer."),
        max_length=120, required=False,
    )  # fmt: skip
    other_pays = AmountField(
        label=gettext_lazy("What they pay"), help_text=gettext_lazy("0 if they pay nothing."), required=False
    )
    offers = forms.CharField(
        label=gettext_lazy("Offers that were compared"), max_length=1000, required=False, widget=_area(2)
    )
    urgent = forms.BooleanField(label=gettext_lazy("It is urgent"), required=False)
    recipient = forms.ChoiceField(label=gettext_lazy("Who shall bear it?"))
    answer_by = DayField(label=gettext_lazy("Answer needed by"))
    why = forms.CharField(
        label=gettext_lazy("Why it is asked for, if something speaks against it"), max_length=1000, required=False,
        widget=_area(2),
    )  # fmt: skip
    text = _what_they_should_know()
    assessed = _why_it_may_be_told()
    test = _only_a_test()

    def __init__(self, recipients: Mapping[str, str], kinds: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recipient"].choices = [("", ""), *recipients.items()]  # type: ignore[attr-defined]
        self.fields["account_code"].choices = [("", ""), *kinds]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """It has days and a price; who else was asked pays an amount, or nothing, and less than all."""
        found = super().clean() or self.cleaned_data
        since, last = found.get("since"), found.get("last_on")
        if since and last and last < since:
            self.add_error("last_on", _("The last day isn’t before the first."))
        price, other = found.get("unit_price"), found.get("other_pays")
        if price == 0:
            self.add_error("unit_price", _("Write what one costs."))
        if (other is not None) != bool((found.get("other_payer") or "").strip()) and "other_pays" not in self.errors:
            self.add_error(
                "other_pays" if other is None else "other_payer", _("Write who was asked, and what they pay.")
            )
        if price and found.get("quantity") and other is not None and other >= price * found["quantity"]:
            self.add_error("other_pays", _("Then nothing is left to ask for."))
        return found


class DecideForm(forms.Form):
    """What becomes of a request: all of it, a part of it, or nothing; what isn't approved has a reason and words."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label=gettext_lazy("What do you approve?"), widget=forms.RadioSelect,
        choices=[("full", gettext_lazy("All that is asked for")), ("part", gettext_lazy("A part of it")),
                 ("none", gettext_lazy("Nothing"))],
    )  # fmt: skip
    amount = AmountField(label=gettext_lazy("At most"), required=False)
    percent = forms.IntegerField(label=gettext_lazy("Share, in percent"), min_value=1, max_value=100, required=False)
    since = DayField(label=gettext_lazy("From"), required=False)
    last_on = DayField(label=gettext_lazy("Until"), required=False)
    reason = forms.ChoiceField(label=gettext_lazy("Why not all of it"), required=False)
    text = forms.CharField(
        label=gettext_lazy("In words"), help_text=gettext_lazy("They read it."), max_length=4000, required=False,
        widget=_area(3),
    )  # fmt: skip

    def __init__(self, cost: Cost, data: Any = None, *, initial: dict[str, Any], auto_id: str) -> None:
        self.asked = {
            "amount": wish_of(cost, "", "").amount, "percent": cost.percent, "since": cost.since,
            "last_on": cost.last_on,
        }  # fmt: skip
        super().__init__(data, initial=self.asked | initial, auto_id=auto_id)
        self.fields["reason"].choices = [("", ""), *((code, COST_AGAINST[code]) for code in COST_CODES)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A part has all that belongs to it; less than all has a reason and words."""
        found = super().clean() or self.cleaned_data
        if found.get("outcome") in ("part", "none"):
            if not found.get("reason"):
                self.add_error("reason", _("Choose why not all of it is approved."))
            if not (found.get("text") or "").strip():
                self.add_error("text", _("Write why, so that they understand it."))
        if found.get("outcome") == "part":
            for name in self.asked:
                if not found.get(name) and name not in self.errors:
                    self.add_error(name, _("Write what is approved."))
            if found.get("since") and found.get("last_on") and found["last_on"] < found["since"]:
                self.add_error("last_on", _("The last day isn’t before the first."))
        return found

    @property
    def answers(self) -> list[Approved]:
        """What was said, when the form is valid; the number is given when it is sealed."""
        told = self.cleaned_data
        text, outcome = (told["text"] or "").strip(), told["outcome"]
        if outcome == "none":
            return [Approved(number=1, text=text, reason=told["reason"], by_rules=False)]
        given = self.asked if outcome == "full" else {name: told[name] for name in self.asked}
        reason: Any = "" if outcome == "full" else told["reason"]
        return [Approved(number=1, text=text, approval="-", reason=reason, by_rules=False, **given)]


class ApprovalChangeForm(forms.Form):
    """What the payer changes an approval to."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    amount = AmountField(
        label=gettext_lazy("At most, in all"),
        help_text=gettext_lazy("What was billed before counts in. 0: nothing any more."),
    )
    last_on = DayField(
        label=gettext_lazy("Last day"),
        help_text=gettext_lazy("To end it now: today. No day that is over can be taken."),
    )
    billed_from = DayField(
        label=gettext_lazy("For what is billed from"),
        help_text=gettext_lazy("What is billed before this day stays as it was. Leave them time to read it."),
    )
    reason = forms.ChoiceField(label=gettext_lazy("Why is it changed?"))
    text = forms.CharField(
        label=gettext_lazy("In words"), help_text=gettext_lazy("They read it."), max_length=4000, widget=_area(3)
    )
    assessed = _why_it_may_be_told()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [("", ""), *((code, APPROVAL_CHANGED[code]) for code in LIMIT_CODES)]  # type: ignore[attr-defined]

    def clean_text(self) -> str:
        """Without the spaces around it."""
        return str(self.cleaned_data["text"]).strip()


class KeptForm(forms.Form):
    """Why a change of an approval isn't noted: the system notes it where it knows the approval."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(label=gettext_lazy("Why can’t it be noted?"))
    text = forms.CharField(
        label=gettext_lazy("In words"), help_text=gettext_lazy("They read it."), max_length=4000, required=False,
        widget=_area(3),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [("", ""), *((code, NOT_KEPT[code]) for code in NOT_NOTED)]  # type: ignore[attr-defined]

    @property
    def answers(self) -> list[Kept]:
        """What was said, when the form is valid."""
        return [Kept(number=1, reason=self.cleaned_data["reason"], text=self.cleaned_data["text"].strip())]


class BillForm(forms.Form):
    """A bill under an approval: how it is paid as the text of its QR code says, or typed by hand."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    bill = forms.RegexField(
        regex=r"^[0-9A-Za-z][0-9A-Za-z./-]*$", label=gettext_lazy("Number of the bill"), max_length=40,
        help_text=gettext_lazy("Your own. Each number once."),
        error_messages={"invalid": gettext_lazy("Write it with letters, digits, dots, slashes and hyphens only.")},
    )  # fmt: skip
    since = DayField(label=gettext_lazy("First day"))
    last_on = DayField(label=gettext_lazy("Last day"))
    quantity = forms.IntegerField(
        label=gettext_lazy("How many?"), help_text=gettext_lazy("Sessions, days, months."), min_value=1,
        max_value=10_000,
    )  # fmt: skip
    unit_price = AmountField(label=gettext_lazy("Price of one"))
    code = forms.CharField(
        label=gettext_lazy("Text of the QR code"),
        help_text=gettext_lazy("Scan the code of your QR-bill into this field, or fill in the two below."),
        max_length=2000, required=False, widget=_area(3),
    )  # fmt: skip
    iban = forms.CharField(label=gettext_lazy("IBAN or QR-IBAN"), max_length=42, required=False)
    reference = forms.CharField(
        label=gettext_lazy("Reference (QRR or SCOR)"), help_text=gettext_lazy("Empty if the bill has none."),
        max_length=40, required=False,
    )  # fmt: skip
    answer_by = DayField(label=gettext_lazy("Answer needed by"))
    why = forms.CharField(
        label=gettext_lazy("Why it is billed, if something speaks against it"), max_length=1000, required=False,
        widget=_area(2),
    )  # fmt: skip
    text = _what_they_should_know()
    assessed = _why_it_may_be_told()
    test = _only_a_test()

    def clean(self) -> dict[str, Any]:
        """It has days and a price, and its QR-bill is over the same amount in francs."""
        found = super().clean() or self.cleaned_data
        since, last, price = found.get("since"), found.get("last_on"), found.get("unit_price")
        if since and last and last < since:
            self.add_error("last_on", _("The last day isn’t before the first."))
        if price == 0:
            self.add_error("unit_price", _("Write what one costs."))
        code = (found.get("code") or "").strip()
        if not code and not (found.get("iban") or "").strip():
            self.add_error("iban", _("Write where it is paid, or scan the code."))
        if code and "code" not in self.errors:
            try:
                bill = read_qr_bill(code)
            except BadQrBill as fault:
                self.add_error("code", str(QR_CODES[fault.code]))
                return found
            if bill.currency != "CHF":
                self.add_error("code", str(QR_CODES["currency"]))
            elif bill.amount not in (None, (price or 0) * (found.get("quantity") or 0)):
                self.add_error("code", _("The QR-bill is over another amount than quantity times price."))
            else:
                found |= {"iban": bill.iban, "reference": bill.reference}
        return found

    @property
    def told(self) -> dict[str, Any]:
        """What was typed, when the form is valid, as a bill is made of it."""
        return {name: told for name, told in self.cleaned_data.items() if name != "code"}


class PaidForm(forms.Form):
    """What becomes of a bill: it is paid as a whole, or there is a reason and words."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        label=gettext_lazy("Will it be paid?"), widget=forms.RadioSelect,
        choices=[("paid", gettext_lazy("Yes, as a whole")), ("refused", gettext_lazy("No"))],
    )  # fmt: skip
    reason = forms.ChoiceField(label=gettext_lazy("Why not"), required=False)
    text = forms.CharField(
        label=gettext_lazy("In words"),
        help_text=gettext_lazy(
            "They read it. Needed where it isn’t paid, or paid although something speaks against it."
        ),
        max_length=4000, required=False, widget=_area(3),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = [("", ""), *((code, BILL_AGAINST[code]) for code in BILL_CODES)]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """What isn't paid has a reason and words."""
        found = super().clean() or self.cleaned_data
        if found.get("outcome") == "refused":
            if not found.get("reason"):
                self.add_error("reason", _("Choose why it isn’t paid."))
            if not (found.get("text") or "").strip():
                self.add_error("text", _("Write why, so that they understand it."))
        return found

    @property
    def answers(self) -> list[Paid]:
        """What was said, when the form is valid."""
        told = self.cleaned_data
        reason: Any = told["reason"] if told["outcome"] == "refused" else ""
        return [Paid(number=1, text=told["text"].strip(), reason=reason)]


class TariffForm(forms.Form):
    """What the payer rules of a kind of cost from a day on."""

    use_required_attribute = False
    account_code = forms.ChoiceField(label=gettext_lazy("Kind of cost"))
    since = DayField(label=gettext_lazy("Holds from"))
    unit_ceiling = AmountField(
        label=gettext_lazy("Highest price of one"), help_text=gettext_lazy("Empty: any price."), required=False
    )
    granted_up_to = AmountField(
        label=gettext_lazy("Granted in full, by nobody, up to"),
        help_text=gettext_lazy("Only what nothing speaks against. 0: a person always decides."),
    )
    first_payer = forms.CharField(
        label=gettext_lazy("Who else pays first"), help_text=gettext_lazy("For example the health insurer."),
        max_length=120, required=False,
    )  # fmt: skip
    needs_approval = forms.BooleanField(label=gettext_lazy("Reimbursed only with an approval"), required=False)
    changed_by_two = forms.BooleanField(
        label=gettext_lazy("An approval is changed or ended by two people"), required=False
    )

    def __init__(self, kinds: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account_code"].choices = [("", ""), *kinds]  # type: ignore[attr-defined]


class ResidentsForm(forms.Form):
    """How many residents a municipality has."""

    use_required_attribute = False
    municipality = forms.ChoiceField(label=gettext_lazy("Municipality"))
    since = DayField(label=gettext_lazy("Holds from"))
    residents = forms.IntegerField(label=gettext_lazy("Residents"), min_value=1, max_value=10_000_000)

    def __init__(self, towns: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["municipality"].choices = [("", ""), *towns.items()]  # type: ignore[attr-defined]


class BackForm(forms.Form):
    """Another day is asked for, or something else."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=gettext_lazy("Which other day do you ask for, or what do you need to know?"),
        max_length=4000,
        widget=_area(3),
    )
    until = DayField(label=gettext_lazy("Needed by"))


class WordsForm(forms.Form):
    """What is said about an assignment: an answer to what was asked back, a reminder, a recall."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(label=gettext_lazy("What you say"), max_length=4000, widget=_area(3))


class PaidToForm(forms.Form):
    """Where a partner is paid and whom to ask there; with `partners`, which partner it is."""

    use_required_attribute = False
    holder = forms.CharField(label=gettext_lazy("Holder of the account"), max_length=70)
    street = forms.CharField(label=gettext_lazy("Street"), max_length=70, required=False)
    house_number = forms.CharField(label=gettext_lazy("House number"), max_length=16, required=False)
    postcode = forms.CharField(label=gettext_lazy("Postcode"), max_length=16)
    town = forms.CharField(label=gettext_lazy("Town"), max_length=35)
    country = forms.ChoiceField(
        label=gettext_lazy("Country"), choices=[(code, code) for code in ("CH", "LI", "DE", "FR", "AT", "IT")]
    )
    iban = forms.CharField(label=gettext_lazy("IBAN"), max_length=42)
    qr_iban = forms.CharField(
        label=gettext_lazy("QR-IBAN"),
        help_text=gettext_lazy("For payments with a QR reference, if there is one."),
        max_length=32,
        required=False,
    )
    contact_name = forms.CharField(label=gettext_lazy("Whom to ask"), max_length=120, required=False)
    contact_email = forms.EmailField(label=gettext_lazy("E-mail"), max_length=120, required=False)
    contact_phone = forms.CharField(label=gettext_lazy("Telephone"), max_length=40, required=False)

    def __init__(self, partners: list[tuple[str, str]] | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if partners is not None:
            field = forms.ChoiceField(label=_("Who is paid?"), choices=[("", ""), *partners])
            self.fields = {"partner": field, **self.fields}


class MatchAccountForm(forms.Form):
    """What of its account a partner paid with money that came in."""

    use_required_attribute = False
    to = forms.ChoiceField(label=gettext_lazy("What it pays"), widget=forms.RadioSelect)
    number = forms.CharField(
        label=gettext_lazy("Number that the partner gives its payment"),
        help_text=gettext_lazy("As on its payment advice: both accounts then say the same."),
        max_length=80,
    )

    def __init__(self, owed: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = owed  # type: ignore[attr-defined]


class MatchCaseForm(forms.Form):
    """Of which case money that came in is an income, of what kind, for which month: of two years up to `on`."""

    use_required_attribute = False
    case = forms.CharField(label=gettext_lazy("Number of the case"), max_length=40)
    account_code = forms.ChoiceField(label=gettext_lazy("What it is"))
    month = forms.ChoiceField(label=gettext_lazy("For which month"))
    counterparty = forms.CharField(label=gettext_lazy("From whom"), max_length=120)

    def __init__(self, on: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = (get_language() or "")[:2]
        kinds = [(code, kind.name.get(language, kind.name["en"])) for code, kind in INCOMES.items()]
        self.fields["account_code"].choices = [("", _("Choose …")), *kinds]  # type: ignore[attr-defined]
        months = [Month.of(on) - n for n in range(24)]
        self.fields["month"].choices = [(str(one), formats.month(one.since)) for one in months]  # type: ignore[attr-defined]


class MatchClaimForm(forms.Form):
    """Which claim of a case money that came in pays."""

    use_required_attribute = False
    claim = forms.CharField(label=gettext_lazy("Number of the claim"), max_length=20)


class SettleForm(forms.Form):
    """What counts on days that messages contradict each other about."""

    use_required_attribute = False
    contradiction = forms.UUIDField(widget=forms.HiddenInput)
    value = forms.ChoiceField(label=gettext_lazy("What counts on these days?"), widget=forms.RadioSelect)
    why = forms.CharField(
        label=gettext_lazy("Why"),
        help_text=gettext_lazy("Whom you spoke with, what they showed. It stays in the register."),
        max_length=2000,
        widget=_area(3),
    )


class LineAnswerForm(forms.Form):
    """What becomes of one line of a settlement: accepted, cut as a check proposes or otherwise, or refused."""

    use_required_attribute = False
    outcome = forms.ChoiceField(label=gettext_lazy("What becomes of it?"), widget=forms.RadioSelect)
    reason = forms.ChoiceField(label=gettext_lazy("Reason, if not all is accepted"), required=False)
    since = DayField(label=gettext_lazy("Accepted from"), required=False)
    last = DayField(label=gettext_lazy("Accepted to (last day)"), required=False)
    amount = AmountField(label=gettext_lazy("Accepted amount"), required=False)
    why = forms.CharField(
        label=gettext_lazy("In your words, if not all is accepted"),
        help_text=gettext_lazy("The municipality reads it."), max_length=1000, required=False, widget=_area(2),
    )  # fmt: skip

    def __init__(self, line: Line, finding: Finding | None, data: Any = None, *, auto_id: str) -> None:
        less = finding is not None and finding.amount != line.amount
        initial = {"reason": finding.reason if finding else "", "outcome": "proposed" if less else None}
        super().__init__(data, initial=initial, auto_id=auto_id)
        self.line = line
        self.fields["outcome"].choices = [  # type: ignore[attr-defined]
            *([("proposed", _("As proposed"))] if less else []),
            (Outcome.ACCEPTED, _("Accept it as claimed")),
            (Outcome.CUT, _("Cut it otherwise") if less else _("Cut it")),
            (Outcome.REFUSED, _("Refuse the line")),
        ]
        self.fields["reason"].choices = [("", _("Choose …")), *((code, CHECKS[code]) for code in Reason.values)]  # type: ignore[attr-defined]
        for name in ("amount",) if line.kind == LineKind.DAYS else ("since", "last"):
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """What isn't accepted in full has a reason and words, and a cut what is left."""
        found = super().clean() or self.cleaned_data
        if found.get("outcome") in (None, Outcome.ACCEPTED):
            return found
        if not found.get("reason"):
            self.add_error("reason", _("Choose the reason."))
        if not (found.get("why") or "").strip():
            self.add_error("why", _("Write why: the municipality reads it."))
        if found["outcome"] == Outcome.CUT:
            for name in ("since", "last", "amount"):
                if name in self.fields and not found.get(name) and name not in self.errors:
                    self.add_error(name, _("Say what is accepted."))
            if found.get("since") and found.get("last") and found["last"] < found["since"]:
                self.add_error("last", _("The last day isn’t before the first."))
        return found


class ReclaimForm(forms.Form):
    """What is claimed back of one settled line, at most what is `left` of it (minor units), and of others whole."""

    use_required_attribute = False
    since = DayField(label=gettext_lazy("Claimed back from"))
    last = DayField(label=gettext_lazy("Claimed back to (last day)"))
    amount = AmountField(label=gettext_lazy("Amount claimed back"))
    others = forms.CharField(
        label=gettext_lazy("Other lines of this settlement, whole"), required=False, max_length=400,
        help_text=gettext_lazy("Their numbers, with commas between them. Leave it empty for none."),
    )  # fmt: skip
    reason = forms.ChoiceField(label=gettext_lazy("Reason"))
    text = forms.CharField(
        label=gettext_lazy("In your words"), help_text=gettext_lazy("The municipality reads it."), max_length=4000,
        widget=_area(3),
    )  # fmt: skip

    def __init__(
        self, line: Line, left: int, accepted: list[tuple[date, date]], data: Any = None, *, auto_id: str
    ) -> None:
        days = {"since": accepted[0][0], "last": accepted[-1][1] - timedelta(days=1)} if accepted else {}
        super().__init__(data, initial={"amount": left, **days}, auto_id=auto_id)
        self.line, self.accepted = line, accepted
        self.fields["reason"].choices = [("", _("Choose …")), *((code, CHECKS[code]) for code in Reason.values)]  # type: ignore[attr-defined]
        for name in ("amount",) if line.kind == LineKind.DAYS else ("since", "last"):
            del self.fields[name]

    def clean_others(self) -> list[int]:
        """The numbers of the other lines."""
        found = [one.strip() for one in self.cleaned_data["others"].split(",") if one.strip()]
        if not all(one.isascii() and one.isdigit() and len(one) < 7 for one in found):
            raise forms.ValidationError(_("Write the numbers of lines, with commas between them."))
        return sorted({int(one) for one in found} - {self.line.number})

    def clean(self) -> dict[str, Any]:
        """The last day isn't before the first."""
        found = super().clean() or self.cleaned_data
        if found.get("since") and found.get("last") and found["last"] < found["since"]:
            self.add_error("last", _("The last day isn’t before the first."))
        return found

    @property
    def told(self) -> NewReclaimLine:
        """What is claimed back of the line: of a lump sum the accepted days that lie between these."""
        said = self.cleaned_data
        if self.line.kind != LineKind.DAYS:
            return NewReclaimLine(line=self.line.id, amount=said["amount"])
        days = within(self.accepted, [(said["since"], said["last"] + timedelta(days=1))])
        return NewReclaimLine(line=self.line.id, amount=self.line.rate * length(days), days=tuple(days))


class LeaveOutForm(forms.Form):
    """Days of a person that aren't claimed."""

    use_required_attribute = False
    person = forms.ChoiceField(label=gettext_lazy("Whose days?"))
    since = DayField(label=gettext_lazy("First day"))
    last = DayField(label=gettext_lazy("Last day"))
    why = forms.CharField(label=gettext_lazy("Why"), max_length=1000, widget=_area(2))

    def __init__(self, people: list[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["person"].choices = [("", ""), *people]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """The last day isn't before the first."""
        found = super().clean() or self.cleaned_data
        if found.get("since") and found.get("last") and found["last"] < found["since"]:
            self.add_error("last", _("The last day isn’t before the first."))
        return found


class AskLineForm(forms.Form):
    """What the canton needs to know before it answers a line."""

    use_required_attribute = False
    key = forms.UUIDField(widget=forms.HiddenInput)
    text = forms.CharField(label=gettext_lazy("What you need to know"), max_length=1000, widget=_area(2))
    until = DayField(label=gettext_lazy("Answer needed by"))
