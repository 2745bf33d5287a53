"""A municipality's limit that changes inside a period: told on the sheet, marked as open, switched by a setting."""

from datetime import date
from typing import Any

import pytest

from handslag.rules.norms import from_entries
from handslag.rules.se.facts import Facts
from handslag.rules.se.pack import calculate, norms_of
from handslag.rules.sheet import Sheet

MARKED = "setting.limit_change"
FACTS = Facts.from_json(
    {
        "since": "2026-03-01",
        "until": "2026-04-01",
        "members": [{"key": "alex", "role": "adult", "birth_on": "1990-05-17"}],
        "costs": [{"code": "RENT", "applied": 7000_00}],
    }
)


def value(since: str, **told: Any) -> dict[str, Any]:
    return {
        "since": date.fromisoformat(since), "source": "§ 88", "checked_on": date(2026, 11, 27), "status": "official",
    } | told  # fmt: skip


def table(*values: dict[str, Any], **told: Any) -> Any:
    entry = {"name": "limit.RENT", "unit": "SEK/month", "label": {"sv": "Hyra"}, "owner": "Norrby"} | told
    return from_entries([entry | {"values": list(values)}], "f")[0]


LIMIT = table(value("2026-01-01", value=6330), value("2026-03-15", value=5800))
CHOICE = table(
    value("2026-01-01", value="last_day"), name=MARKED, unit="choice",
    choices={"first_day": {"sv": "a"}, "last_day": {"sv": "b"}},
)  # fmt: skip


def sheet_of(*tables: Any, known_on: date | None = None) -> Sheet:
    return calculate(FACTS, norms_of(FACTS, known_on, None, tables))


def rent(sheet: Sheet) -> Any:
    return next(line for line in sheet.lines if line.code == "COST.RENT")


@pytest.mark.parametrize(
    ("lang", "said", "open_question"),
    [
        ("sv", "ändrades den 2026-03-15 från 6 330 kr till 5 800 kr, och den som gällde per", "Ingen källa säger"),
        ("en", "changed on 2026-03-15 from SEK 6,330 to SEK 5,800, and the one of the period's f", "No source says"),
        ("de", "hat sich am 2026-03-15 geändert (vorher 6.330 SEK, nachher 5.800 SEK), und verw", "Keine Quelle"),
        ("fr", "a changé le 2026-03-15 (avant: 6 330 SEK, après: 5 800 SEK), et celle du pr", "Aucune source ne dit"),
    ],
)  # fmt: skip
def test_the_line_says_it_and_the_sheet_marks_it(lang: str, said: str, open_question: str) -> None:
    sheet = sheet_of(LIMIT)
    spaces = str.maketrans("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", "  ")
    assert said in sheet.explain(rent(sheet), lang).translate(spaces)
    assert open_question in sheet.to_text(lang)
    assert sheet.uncertain == {MARKED: "first_day"}
    assert [n.name for n in rent(sheet).numbers if n.uncertain] == [MARKED]
    # a limit that begins inside the month: "no limit" stands where no preposition bends it
    none = {"sv": "från ingen gräns", "en": "from no limit", "de": "vorher keine Grenze", "fr": "avant: aucune limite"}
    begun = sheet_of(table(value("2026-03-15", value=5800)))
    assert none[lang] in begun.explain(rent(begun), lang)


def test_what_was_not_known_then_is_not_told() -> None:
    third = value("2026-03-20", value=5500, known_from=date(2026, 12, 1))
    limit = table(value("2026-01-01", value=6330), value("2026-03-15", value=5800), third)
    told = [rent(sheet_of(limit, known_on=date(2026, *day))) for day in ((11, 30), (12, 1))]
    assert [line.params["limit_changed_on"] for line in told] == ["2026-03-15", "2026-03-20"]


def test_the_municipality_switches_it() -> None:
    first, last = sheet_of(LIMIT), sheet_of(LIMIT, CHOICE)
    assert (first.granted - last.granted, last.uncertain) == (530_00, {})  # its own choice, said official: not open
    assert "sista dag" in last.explain(rent(last))


def test_what_was_known_before_comes_out_as_if_the_limit_had_not_changed() -> None:
    day, stays = date(2026, 11, 27), table(value("2026-01-01", value=6330))
    assert sheet_of(LIMIT, known_on=day).to_bytes() == sheet_of(stays, known_on=day).to_bytes()
    assert MARKED not in norms_of(FACTS, day).resolved.body


def test_a_limit_learned_of_later_changes_nothing_before_that_day() -> None:
    later = table(value("2026-01-01", value=6330), value("2026-03-15", value=5800, known_from=date(2026, 12, 5)))
    assert sheet_of(later, known_on=date(2026, 12, 4)).uncertain == {}
    assert sheet_of(later, known_on=date(2026, 12, 5)).uncertain == {MARKED: "first_day"}


def test_a_forecast_by_the_law_of_one_day_has_no_change() -> None:
    norms = norms_of(FACTS, None, None, [LIMIT]).kept({}, date(2026, 4, 1))
    assert calculate(FACTS, norms).uncertain == {}
