"""Form fields and their markup.  settings.FORM_RENDERER = "handslag.web.ui.forms.Renderer"."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates
from django.utils.dates import MONTHS
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from handslag.kernel.money import AmountError, parse_amount
from handslag.kernel.months import Month
from handslag.web.ui.formats import NO_BREAK, figure, language_of_figures, short_day, unit

#: refused above this: no household's monthly line is larger, and bigint sums stay far away
LARGEST_AMOUNT = 10_000_000_00
#: A day or month of another year is a slip, and next to the ends of the calendar there is no day before or after.
YEARS = range(1800, 3000)
#: Arabic decimal and group sign, minus sign, dash
WESTERN = {"\u066b": ",", "\u066c": " ", "\u2212": "-", "\u2013": "-"}
#: Marks of direction that keyboards and copied text put around figures; there they change nothing (overrides do).
EDGES = "\u061c\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2068\u2069 \t\r\n\N{NO-BREAK SPACE}"
#: Unicode's Bidi_Control: inside a figure they show other digits than stand there.
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def kept(sign: str) -> bool:
    """Whether a sign of a typed figure counts: invisible ones don't, but for those that reorder."""
    return sign in BIDI or unicodedata.category(sign) != "Cf"


class Control(BoundField):
    """A bound field that knows which of our markups it takes, and says what to do instead of "invalid"."""

    def __init__(self, form: forms.BaseForm, field: forms.Field, name: str) -> None:
        super().__init__(form, field, name)
        texts, label = field.error_messages, {"label": self.label}
        if texts.get("required") is forms.Field.default_error_messages["required"]:
            if self.shape == "check":
                texts["required"] = gettext("Tick the box to go on: %(label)s") % label
            elif isinstance(field, forms.ChoiceField):
                texts["required"] = gettext("Choose an answer: %(label)s") % label
            else:
                texts["required"] = gettext("Fill in: %(label)s") % label
        if "invalid_choice" in texts:
            chosen = gettext("Choose one of the answers: %(label)s") % label
            texts["invalid_choice"] = chosen.replace("%", "%%")

    @property
    def shape(self) -> str:
        """choices (radios, checkboxes), check (one checkbox), hidden, or box."""
        widget = self.field.widget
        if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
            return "choices"
        if isinstance(widget, forms.CheckboxInput):
            return "check"
        return "hidden" if widget.is_hidden else "box"

    @property
    def input_type(self) -> str:
        return "checkbox" if isinstance(self.field.widget, forms.CheckboxSelectMultiple) else "radio"

    @property
    def unit(self) -> str:
        """Shown behind the box, e.g. kr."""
        return str(getattr(self.field, "unit", ""))

    @property
    def box(self) -> SafeString:
        """The control with our class; Django ties hint and error to it (aria-describedby, aria-invalid)."""
        classes = f"ds-input {self.field.widget.attrs.get('class', '')}".strip()
        return self.as_widget(attrs={"class": classes})


class Renderer(DjangoTemplates):
    """{{ form }} and {{ form.name.as_field_group }} in the markup of templates/ui/forms/."""

    form_template_name = "ui/forms/form.html"
    field_template_name = "ui/forms/field.html"
    bound_field_class = Control


def _western(text: str) -> str:
    """Digits of any script as 0-9; Arabic decimal and group signs, minus signs and spaces as Western ones."""
    out = []
    for sign in text.strip(EDGES):
        digit = unicodedata.decimal(sign, None)
        if digit is not None:
            out.append(str(digit))
        elif kept(sign):
            out.append(WESTERN.get(sign, " " if sign.isspace() else sign))
    return "".join(out).strip()


class AmountField(forms.Field):
    """An amount in kronor as people write it; the value is int öre, None when left empty.

    Reads what the kernel's `parse_amount` reads in the language of the page, also as "4390,-", "SEK 4390",
    "4390 kronor" and in digits of any script.
    """

    default_error_messages = {
        "required": _("Enter an amount. Enter 0 if there is none."),
        "unclear": _("Write the amount with digits, for example 4390 or 4390,50."),
        "negative": _("Write the amount without a minus sign."),
        "large": _("This amount is larger than we can take. Check the number of digits."),
    }

    def __init__(self, **options: Any) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**options)
        self.widget.attrs.setdefault("class", "h-amount")
        self.widget.attrs.setdefault("size", "12")

    @property
    def unit(self) -> str:
        """What stands beside it."""
        return unit()

    def prepare_value(self, value: Any) -> Any:
        return figure(value).replace(NO_BREAK, " ") if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        text = _western(str(value or ""))
        if not text:
            return None
        text = re.sub(r"(?i)\s*(kr|sek|kronor|chf|fr|franken|francs)\.?$|^(?i:sek|chf|fr\.)\s*", "", text)
        text = re.sub(r"[:,.]-$", "", text)
        try:
            amount = parse_amount(text, language_of_figures())
        except AmountError as error:
            code = {"negative": "negative", "size": "large"}.get(error.reason, "unclear")
            raise forms.ValidationError(self.error_messages[code], code=code) from error
        if amount > LARGEST_AMOUNT:
            raise forms.ValidationError(self.error_messages["large"], code="large")
        return amount

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except forms.ValidationError:
            return True


#: Month names that are read in every language.
MONTH_NAMES = (
    "januari februari mars april maj juni juli augusti september oktober november december",
    "january february march april may june july august september october november december",
)


def _month_named(word: str) -> int | None:
    """1-12 for a month's name or its beginning, in Swedish, English or the language that is active; None where it
    begins no month's name, or those of two ("jui" in French)."""
    names = [*(line.split() for line in MONTH_NAMES), [str(MONTHS[n]).lower() for n in range(1, 13)]]
    found = {n for line in names for n, name in enumerate(line, 1) if name.startswith(word)}
    return found.pop() if len(found) == 1 else None


def read_day(text: str) -> date:
    """The day that was typed, or chosen in a calendar, as `DayField` reads it; ValueError."""
    try:
        found = DayField().clean(text)
    except forms.ValidationError as error:
        raise ValueError(error.messages[0]) from error
    assert isinstance(found, date)
    return found


def read_month(text: str) -> Month:
    """The month that was typed as 2026-03, in digits of any script; ValueError."""
    found = Month.parse(_western(text))
    if found.year not in YEARS:
        raise ValueError(f"beyond the years that anybody means: {found}")
    return found


class DayField(forms.Field):
    """A day as people write it; the value is a date.

    Takes 2026-03-25, 20260325, 260325, 25/3 2026, 25.3.2026, 25 mars 2026 and digits of any script. `full_year`: for
    days of more than one century (births), of which 260325 would be a guess.
    """

    default_error_messages = {
        "required": _("Enter a date, for example 2026-03-25."),
        "unclear": _("Write the date as year, month and day, for example 2026-03-25."),
        "missing": _("There is no such day. Check the day and the month."),
        "century": _("Write the year with all four digits, for example 1985-09-11."),
        "far": _("Write a day of the years 1800 to 2999."),
    }

    def __init__(self, *, full_year: bool = False, **options: Any) -> None:
        self.full_year = full_year
        options.setdefault("widget", forms.TextInput(attrs={"autocomplete": "off"}))
        super().__init__(**options)
        self.widget.attrs.setdefault("size", "14")

    def prepare_value(self, value: Any) -> Any:
        return short_day(value) if isinstance(value, date) else value

    def to_python(self, value: Any) -> date | None:
        text = unicodedata.normalize("NFC", _western(str(value or ""))).lower()
        if not text:
            return None
        if re.fullmatch(r"\d{2}[/.]\d{2}[/.]\d{2}", text):  # 25.03.26: which is the year?
            raise forms.ValidationError(self.error_messages["century"], code="century")
        if match := re.fullmatch(r"(\d{4}|\d{2})[-/. ]?(\d{2})[-/. ]?(\d{2})", text):
            year, month, day = (int(part) for part in match.groups())
            year += 2000 if len(match[1]) == 2 else 0
            if self.full_year and len(match[1]) == 2:
                raise forms.ValidationError(self.error_messages["century"], code="century")
        elif match := re.fullmatch(r"(\d{1,2})[/. -]+(\d{1,2})[/. -]+(\d{4})", text):
            day, month, year = (int(part) for part in match.groups())
        elif (match := re.fullmatch(r"(\d{1,2})\.? ?([^\W\d_]{3,})\.? (\d{4})", text)) and (
            named := _month_named(match[2])
        ):
            day, month, year = int(match[1]), named, int(match[3])
        else:
            raise forms.ValidationError(self.error_messages["unclear"], code="unclear")
        try:
            found = date(year, month, day)
        except ValueError:
            raise forms.ValidationError(self.error_messages["missing"], code="missing") from None
        if found.year not in YEARS:
            raise forms.ValidationError(self.error_messages["far"], code="far")
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.to_python(data) != initial)
        except forms.ValidationError:
            return True
