"""The fields of an application. What may be answered is judged by intake.policies; here it is read and shown as typed.

Names of the fields are those of the policy's problems: `household-same`, `incomes-0-amount`, `costs-2-code`, ...
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from handslag.domain.intake.forms import MOST_ROWS, Form, Question
from handslag.domain.intake.policies import Problem
from handslag.web.citizen.document import code_name
from handslag.web.citizen.steps import reading
from handslag.web.ui.formats import money, unit
from handslag.web.ui.forms import EDGES, kept

#: Marks that reorder other people's text; names and words of every script do without them.
_REORDERING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_SIGNS = {"\u066b": ",", "\u066c": " ", "\u2212": "-", "\u2013": "-"}


def text(typed: str) -> str:
    """Typed text without control characters (line breaks and tabs stay) and without marks that reorder."""
    return _plain(typed).translate(_REORDERING)


def _plain(typed: str) -> str:
    return "".join(c for c in typed.replace("\r\n", "\n") if c in "\n\t" or unicodedata.category(c) != "Cc")


def amount(typed: str) -> str:
    """A typed amount with Western digits and signs; else as typed.

    Control characters of writing direction stay, so that it is refused: they show other figures than stand there.
    """
    out = []
    for sign in _plain(typed).strip(EDGES):
        digit = unicodedata.decimal(sign, None)
        if kept(sign):
            out.append(str(digit) if digit is not None else _SIGNS.get(sign, sign))
    return "".join(out).strip()


class AmountText(forms.CharField):
    """An amount that is kept as typed."""

    def __init__(self, **options: Any) -> None:
        attributes = {"inputmode": "decimal", "autocomplete": "off", "class": "h-amount", "size": "12"}
        super().__init__(widget=forms.TextInput(attrs=attributes), **options)

    @property
    def unit(self) -> str:
        """What stands beside it."""
        return unit()


class AnswersForm(forms.Form):
    """The questions of a screen that are no list, made from the form's data; answers as typed."""

    use_required_attribute = False

    def __init__(self, form: Form, questions: Sequence[Question], **options: Any) -> None:
        super().__init__(**options)
        words = form.words(reading()).questions
        for question in questions:
            said = words[question.code]
            shown: dict[str, Any] = {
                "label": said.label,
                "help_text": said.hint,
                "required": question.required and not question.when,
            }
            if question.kind in ("yesno", "choice"):
                choices = [(code, said.options[code]) for code in question.choices]
                self.fields[question.field] = forms.ChoiceField(widget=forms.RadioSelect, choices=choices, **shown)
            elif question.kind == "amount":
                self.fields[question.field] = AmountText(**shown)
            else:
                box = forms.Textarea(attrs={"rows": question.lines}) if question.lines > 1 else forms.TextInput()
                self.fields[question.field] = forms.CharField(widget=box, **shown)


class RowForm(forms.Form):
    """One own line of screens 2 and 3. `people`: (key, name) of who it may concern; none: nobody is asked."""

    use_required_attribute = False

    code = forms.ChoiceField()
    amount = AmountText(label=_("Amount"))
    person = forms.ChoiceField(label=_("Whose is it?"))
    note = forms.CharField(
        label=_("Anything to add?"), required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(
        self, form: Form, asked: Question, people: Sequence[tuple[str, str]], before: int | None, **options: Any
    ) -> None:
        super().__init__(**options)
        kind = asked.code
        incomes = kind == "incomes"
        self.filled = any(value for name, value in (self.data or {}).items() if not name.endswith("-person"))
        name = code_name(form.legal_order, kind, str((self.data or {}).get(f"{self.prefix}-code", "")))
        #: What the line is called above its fields.
        self.legend = name or (gettext("An income") if incomes else gettext("A cost"))
        code = self.fields["code"]
        assert isinstance(code, forms.ChoiceField)
        code.label = gettext("What kind of income?") if incomes else gettext("What kind of cost?")
        choices = ((key, code_name(form.legal_order, kind, key)) for key in form.lines_taken(asked))
        code.choices = [("", gettext("Choose")), *choices]
        self.fields["amount"].label = gettext("Amount after tax") if incomes else gettext("Amount")
        if before is not None:
            self.fields["amount"].help_text = gettext("Last month: %(amount)s") % {"amount": money(before)}
        if incomes and len(people) > 1:
            person = self.fields["person"]
            assert isinstance(person, forms.ChoiceField)
            person.choices = [("", gettext("Choose")), *people]
        else:
            del self.fields["person"]


def read_rows(posted: QueryDict, kind: str, people: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """The lines as typed, without blank ones and without the one that its button removes.

    Whom a line concerns can only be somebody of the household; where there is one person, it is her.
    """
    numbers = {int(found[1]) for name in posted if (found := re.fullmatch(rf"{kind}-(\d{{1,4}})-\w+", name))}
    gone = re.fullmatch(r"remove-(\d{1,4})", posted.get("action", ""))
    known = {key for key, _ in people}
    rows = []
    for number in sorted(numbers - {int(gone[1])} if gone else numbers)[: MOST_ROWS + 1]:
        typed = {name: text(posted.get(f"{kind}-{number}-{name}", "")) for name in ("code", "person", "note")}
        row = {
            "code": typed["code"],
            "amount": amount(posted.get(f"{kind}-{number}-amount", "")),
            "note": typed["note"].strip(),
        }
        if not any(row.values()):
            continue
        if kind == "incomes":
            only = people[0][0] if len(people) == 1 else ""
            row["person"] = only or (typed["person"] if typed["person"] in known else "")
        rows.append(row)
    return rows


def row_forms(
    of: Form,
    asked: Question,
    rows: Sequence[Mapping[str, Any]],
    people: Sequence[tuple[str, str]],
    before: Sequence[Mapping[str, Any]],
    problems: Sequence[Problem],
    blank: int,
) -> list[RowForm]:
    """The forms of the lines, `blank` empty ones behind them; problems stand at their fields."""
    found, kind = [], asked.code
    for number, row in enumerate([*rows, *[{}] * blank]):
        data = {f"{kind}-{number}-{name}": str(row.get(name) or "") for name in ("code", "amount", "person", "note")}
        last = [b["amount"] for b in before if b["code"] == row.get("code")]
        form = RowForm(of, asked, people, last[0] if len(last) == 1 else None, data=data, prefix=f"{kind}-{number}")
        told(form, problems if row else ())
        found.append(form)
    return found


def told(form: forms.Form, problems: Sequence[Problem], asked: Form | None = None) -> None:
    """Put the policy's problems at the fields of a bound form, and no other errors."""
    form.full_clean()
    form.errors.clear()
    start = f"{form.prefix}-" if form.prefix else ""
    for problem in problems:
        name = problem.field.removeprefix(start)
        if problem.field.startswith(start) and name in form.fields:
            form.add_error(name, words(problem, asked))


def words(problem: Problem, asked: Form | None) -> str:
    """What to do about a problem of the policy, in the reader's language; `asked`: the form, where its own questions
    are concerned."""
    code, field = problem.code, problem.field
    if code == "missing":
        assert asked is not None
        question = next(one for one in asked.questions if one.field == field)
        return asked.words(reading()).questions[question.code].missing
    if code == "choose":
        return gettext("Choose whose income it is.") if field.endswith("-person") else gettext("Choose what it is.")
    return {
        "day": gettext("Write the date as year, month and day, for example 2026-03-25."),
        "empty": gettext("Write the amount, or remove the line."),
        "characters": gettext("Write the amount with digits, for example 4390 or 4390,50."),
        "decimals": gettext("Write at most two digits after the comma, for example 4390,50."),
        "groups": gettext(
            "We can’t tell how much this is. Write it without dots, commas or spaces between the thousands, "
            "for example 4390 or 4390,50."
        ),
        "negative": gettext("Write the amount without a minus sign."),
        "size": gettext("This amount is larger than we can take. Check the number of digits."),
        "too long": gettext("The text is too long for this place. Write it shorter, or send a letter."),
        "too many": gettext("There are more lines than we can take. Put some of them together."),
    }[code]
