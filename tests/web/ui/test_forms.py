from __future__ import annotations

from datetime import date

import pytest
from django import forms
from django.utils import translation
from hypothesis import example, given
from hypothesis import strategies as st

from handslag.kernel.money import AmountError, parse_amount
from handslag.web.ui.forms import AmountField, Control, DayField, Renderer
from handslag.web.ui.templatetags.handslag_ui import error_links


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("4390", 439000),
        ("4 390,50", 439050),
        ("4\u00a0390,5", 439050),
        ("4390.50", 439050),
        ("1 234 567", 123456700),
        ("4390:-", 439000),
        ("4390,- kr", 439000),
        ("SEK 12", 1200),
        ("0", 0),
        ("٤٣٩٠٫٥٠", 439050),
        ("\u2067٤٬٣٩٠\u2069", 439000),
        ("", None),
    ],
)
def test_an_amount_is_taken_as_people_write_it(written: str, minor: int | None) -> None:
    for language in ("sv", "en", "ar"):
        with translation.override(language):
            assert AmountField(required=False).clean(written) == minor


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("four", "unclear"),
        ("4,39,00", "unclear"),
        ("0,500", "unclear"),  # no group follows a lone 0
        ("0,001", "unclear"),
        ("0 500", "unclear"),
        ("43900.000.1", "unclear"),
        ("7 000,125", "unclear"),  # never seven millions
        ("1 000,505", "unclear"),
        ("7,000 125", "unclear"),
        ("4.390 125", "unclear"),
        ("1e5", "unclear"),
        ("²", "unclear"),
        ("4390,505", "unclear"),
        ("\u202e0026", "unclear"),
        ("\u202e0026\u202c", "unclear"),
        ("43\u200f90", "unclear"),
        ("-5", "negative"),
        ("−5", "negative"),
        ("10000000,01", "large"),
        ("9" * 400, "large"),
        ("", "required"),
    ],
)
def test_an_unclear_amount_is_asked_again(written: str, code: str) -> None:
    for language in ("sv", "en", "ar"):
        with translation.override(language), pytest.raises(forms.ValidationError) as refused:
            AmountField().clean(written)
        assert refused.value.code == code, language


@given(st.from_regex(r"[0-9]{1,4}([., '\u00a0\u2009:][0-9]{1,4}){0,3}( ?kr|:-)?", fullmatch=True))
@example("500,000")
def test_the_field_reads_an_amount_as_the_kernel_does(text: str) -> None:
    for language in ("sv", "en", "de", "fr"):
        with translation.override(language):
            try:
                taken = AmountField().clean(text)
            except forms.ValidationError as refused:
                if refused.code == "unclear":
                    with pytest.raises(AmountError):
                        parse_amount(text, language)
                continue
            assert taken == parse_amount(text, language), language


def test_what_is_shown_can_be_sent_back() -> None:
    field = AmountField()
    for language in ("sv", "en", "ar"):
        with translation.override(language):
            assert field.clean(field.prepare_value(123456789 // 100)) == 1234567
    assert DayField().clean(DayField().prepare_value(date(2026, 3, 5))) == date(2026, 3, 5)


@pytest.mark.parametrize(
    "written",
    ["2026-03-05", "20260305", "260305", "5/3 2026", "5.3.2026", "05-03-2026", "5 mars 2026", "5 Mar. 2026",
     "٢٠٢٦-٠٣-٠٥", "2026 03 05"],
)  # fmt: skip
def test_a_day_is_taken_as_people_write_it(written: str) -> None:
    assert DayField().clean(written) == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("language", "written", "month"),
    [("de", "5. März 2026", 3), ("de", "5. Dez. 2026", 12), ("fr", "5 févr. 2026", 2), ("fr", "5 août 2026", 8),
     ("fr", "5 juin 2026", 6), ("fr", "5 juil. 2026", 7), ("de", "5.6.2026", 6)],
)  # fmt: skip
def test_a_day_is_taken_in_the_language_of_the_page(language: str, written: str, month: int) -> None:
    with translation.override(language):
        assert DayField().clean(written) == date(2026, month, 5)
        assert DayField().clean(DayField().prepare_value(date(2026, month, 5))) == date(2026, month, 5)


@pytest.mark.parametrize(
    ("written", "code"),
    [("yesterday", "unclear"), ("3/2026", "unclear"), ("31/2 2026", "missing"), ("5 jui 2026", "unclear"),
     ("25.03.26", "century"), ("25/03/26", "century")],
)  # fmt: skip
def test_an_unclear_day_is_asked_again(written: str, code: str) -> None:
    with translation.override("fr"), pytest.raises(forms.ValidationError) as refused:
        DayField().clean(written)
    assert refused.value.code == code


class Example(forms.Form):
    default_renderer = Renderer
    name = forms.CharField(label="Name", help_text="As in the passport")
    same = forms.ChoiceField(label="100 % the same?", choices=[("y", "Yes")], widget=forms.RadioSelect)
    rent = AmountField(label="Rent", required=False)


def test_errors_say_what_to_do_and_lead_to_the_control() -> None:
    with translation.override("en"):
        assert error_links(Example({"rent": "x"})) == [
            ("id_name", "Fill in: Name"),
            ("id_same_0", "Choose an answer: 100 % the same?"),
            ("id_rent", "Write the amount with digits, for example 4390 or 4390,50."),
        ]
        wrong = Example({"name": "A", "same": "no"})
        assert error_links(wrong) == [("id_same_0", "Choose one of the answers: 100 % the same?")]
        assert isinstance(wrong["same"], Control)


def test_what_people_wrote_is_never_markup() -> None:
    html = str(Example({"name": '"><script>alert(1)</script>'}))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 1
