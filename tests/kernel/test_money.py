"""Amounts as people write them, in and out."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handslag.kernel.money import AmountError, format_amount, format_money, parse_amount


@pytest.mark.parametrize(
    ("minor", "lang", "text"),
    [
        (655_000, "sv", "6\u00a0550"),
        (655_050, "sv", "6\u00a0550,50"),
        (5, "sv", "0,05"),
        (0, "sv", "0"),
        (-123_456_789, "sv", "\u22121\u00a0234\u00a0567,89"),
        (123_456_700, "de", "1.234.567"),
        (125_050, "de-CH", "1\u2019250.50"),
        (125_050, "fr", "1\u202f250,50"),
        (125_050, "en", "1,250.50"),
    ],
)
def test_an_amount_is_written_as_its_language_does(minor: int, lang: str, text: str) -> None:
    assert format_amount(minor, lang) == text
    if minor >= 0:
        assert parse_amount(text, lang) == minor


def test_decimals_are_shown_always_or_never_hidden() -> None:
    assert format_amount(100, "sv", decimals=True) == "1,00"
    assert format_amount(100, "sv", decimals=False) == "1"
    with pytest.raises(ValueError, match="decimals"):
        format_amount(101, "sv", decimals=False)


def test_money_carries_its_currency() -> None:
    assert format_money(655_000) == "6\u00a0550\u00a0kr"
    assert format_money(655_000, "SEK", "en") == "SEK\u00a06,550"
    assert format_money(125_050, "CHF", "de-CH") == "1\u2019250.50\u00a0CHF"


@pytest.mark.parametrize(
    ("text", "lang", "minor"),
    [
        ("6550", "sv", 655_000),
        (" 6 550,5 ", "sv", 655_050),
        ("6550.50", "sv", 655_050),
        ("6 550:-", "sv", 655_000),
        ("6550 kr", "sv", 655_000),
        ("6.550,50", "de", 655_050),
        ("6550,50", "de-CH", 655_050),
        ("1'250.50", "de-CH", 125_050),
        ("6,550", "en", 655_000),
        ("6 550,50", "en", 655_050),
        ("6.55", "de", 655),
    ],
)
def test_an_amount_is_read_where_it_is_clear(text: str, lang: str, minor: int) -> None:
    assert parse_amount(text, lang) == minor


@pytest.mark.parametrize(
    ("text", "lang", "reason"),
    [
        ("", "sv", "empty"),
        ("kr", "sv", "empty"),
        ("-5", "sv", "negative"),
        ("\u22125", "sv", "negative"),
        ("1.250", "sv", "groups"),
        ("1.250,50", "sv", "groups"),
        ("12 50", "sv", "groups"),
        ("1234 567", "sv", "groups"),
        ("6,5501", "sv", "decimals"),
        ("6,", "sv", "decimals"),
        (",5", "sv", "groups"),
        ("6,550", "de", "decimals"),
        ("1e5", "sv", "characters"),
        ("٦٥٥٠", "sv", "characters"),
        ("5²", "sv", "characters"),
        ("6550\u202e", "sv", "characters"),
        ("\u202e0026", "sv", "characters"),
        ("6.200,50", "sv", "groups"),  # what the words ask for must be what the text lacks
        ("6.200,50", "en", "groups"),
        ("6200,505", "sv", "decimals"),
        ("6200,505", "en", "decimals"),
        ("6200.505", "sv", "decimals"),
        ("6200.505", "de", "decimals"),
        ("1,2,3", "sv", "groups"),
        ("0,001", "en", "groups"),  # no group follows a lone 0
        ("0,500", "en", "groups"),
        ("0 500", "sv", "groups"),
        ("012.345", "de", "groups"),
        ("1" * 11, "sv", "size"),
    ],
)
def test_an_amount_that_may_mean_two_things_or_nothing_is_refused(text: str, lang: str, reason: str) -> None:
    with pytest.raises(AmountError) as caught:
        parse_amount(text, lang)
    assert caught.value.reason == reason


def _readings(text: str) -> set[int]:
    """Everything that a text of digits and marks may mean to somebody: each mark between thousands or before decimals;
    more than three decimals or a group behind a lone 0 mean nothing."""
    found = set()
    for thousands, point in itertools.product(",. ", ",."):
        if thousands != point:
            whole, mark, rest = text.partition(point)
            groups = whole.split(thousands)
            grouped = len(groups) == 1 or (0 < len(groups[0]) < 4 and groups[0][0] != "0")
            threes = all(map(str.isdigit, groups)) and all(len(group) == 3 for group in groups[1:])
            if grouped and threes and (not mark or (rest.isdigit() and len(rest) < 3)):
                found.add(int("".join(groups)) * 100 + int((rest + "00")[:2]))
    return found


@given(st.from_regex(r"[0-9]{1,4}([., ][0-9]{1,4}){0,3}", fullmatch=True))
def test_an_amount_never_means_something_else_in_another_language(text: str) -> None:
    read = {}
    for lang in ("sv", "en", "de", "de-CH", "fr"):
        try:
            read[lang] = parse_amount(text, lang)
        except AmountError:
            continue
    assert len(set(read.values())) <= 1, read
    assert set(read.values()) <= _readings(text)
