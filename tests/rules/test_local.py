"""What a municipality or district sets in each law: as an entry of a norm file, taken or refused before it is kept."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from handslag.rules.case_files import worked_cases
from handslag.rules.local import chosen
from handslag.rules.norms import NormError, NormMissing, from_entries
from handslag.rules.packs import PackError, law_of, names, pack

DAY = date(2026, 3, 1)


def norm(entry: dict[str, Any], since: date = DAY) -> Any:
    """The norm of an entry, with its one value."""
    told = dict(entry)
    value = {key: told.pop(key) for key in ("value", "rows") if key in told}
    value |= {"since": since, "source": "Beschluss", "checked_on": since, "status": "official"}
    return from_entries([{"owner": "Musterwil", **told, "values": [value]}], "f")[0]


def test_each_country_has_its_law_and_others_none() -> None:
    assert [law_of(country).PACK for country in ("SE", "CH", "DE")] == ["se", "ch", "de"]
    for country in ("AT", ""):
        with pytest.raises(PackError, match="there is no pack for"):
            law_of(country)


@pytest.mark.parametrize("name", [n for n in names() if pack(n).LOCAL])
def test_what_stands_by_itself_is_accepted_in_its_own_law_only(name: str) -> None:
    law = pack(name)
    for key, kind in law.LOCAL.items():
        entry = kind.entry(key, [400, "510.50"] if kind.by_persons else ["75.50"])
        assert set(entry["label"]) == {"de", "fr", "sv", "en"} and entry["unit"] == f"{law.CURRENCY}/month"
        law.accept(norm(entry), DAY)
        if kind.by_persons:
            assert (entry["bands"], entry["last"]) == ([1, 2], max(kind.last, 2))
        with pytest.raises(NormMissing):
            law.accept(norm(entry, date(1999, 1, 1)), date(1999, 1, 1))
        for other in names():
            if other != name:
                with pytest.raises(NormError):
                    pack(other).accept(norm(entry), DAY)


def test_a_swedish_municipality_takes_places_that_the_law_names() -> None:
    accept, label = pack("se").accept, {"label": {"sv": "x"}}
    accept(norm(label | {"name": "limit.RENT", "unit": "SEK/month", "value": 5000}), DAY)
    accept(norm(label | {"name": "norm.x.single", "unit": "SEK/month", "value": 5000}), DAY)
    day = {"name": "norm.x.day_method", "unit": "choice", "choices": {"month_30": {"sv": "x"}}, "value": "month_30"}
    accept(norm(label | day), DAY)
    with pytest.raises(NormError, match=r"limit\.SALARY is read by no rule"):
        accept(norm(label | {"name": "limit.SALARY", "unit": "SEK/month", "value": 5000}), DAY)


@pytest.mark.parametrize("name", names())
def test_each_reading_of_what_no_source_settles_can_be_chosen_and_stays_marked(name: str) -> None:
    law = pack(name)
    assert law.open_choices()
    for key, open_one in law.open_choices().items():
        texts = (open_one.label, open_one.uncertain, *open_one.choices.values())
        assert all({"de", "fr", "sv", "en"} <= set(text) for text in texts), key
        for choice in open_one.choices:
            entry = {"name": key, "unit": "choice", "label": {law.LANGUAGE: "x"}, "value": choice}
            law.accept(norm(entry | {"choices": {choice: {law.LANGUAGE: "x"}}}), DAY)
        entry["choices"], entry["value"] = {"moon": {law.LANGUAGE: "x"}}, "moon"
        with pytest.raises(NormError, match=r"is one of .*, not moon"):
            law.accept(norm(entry), DAY)
    assert set(pack("ch").open_choices("BE")) == set(pack("ch").open_choices())
    assert pack("ch").open_choices("BE")["setting.derived_rounding"].on(DAY).value == "franc"
    assert pack("ch").open_choices("XX")["setting.derived_rounding"].on(DAY).value == "rappen"


@pytest.mark.parametrize("name", [n for n in names() if pack(n).LOCAL])
def test_a_choice_holds_from_its_day_on_until_it_ends_or_the_law_says_it_itself(name: str) -> None:
    law = pack(name)
    case = next(case for _, case in worked_cases(name) if case.facts.since >= DAY and not case.facts.settings)
    [key, open_one] = next((k, n) for k, n in law.open_choices().items() if n.values[0].known_from is None)
    other = next(c for c in open_one.choices if c != law.open_choices("ZH")[key].on(DAY).value)
    entry = {"name": key, "unit": "choice", "label": {law.LANGUAGE: "x"}, "value": other}
    own = norm(entry | {"choices": {other: {law.LANGUAGE: "x"}}})

    def taken(*tables: Any) -> list[Any]:
        return law.norms_of(case.facts, case.known_on, case.decided_on, (*case.tables, *tables)).resolved.body[key]

    law_says = taken()
    assert taken(own) == ["choice", other, "derived"]
    (day, after) = case.facts.since, case.facts.since + timedelta(days=1)
    [value] = own.values
    assert taken(replace(own, values=(replace(value, since=after),))) == law_says
    assert taken(replace(own, values=(replace(value, until=day),))) == law_says
    assert taken(replace(own, values=(replace(value, until=after),))) == ["choice", other, "derived"]
    assert taken(replace(own, values=(replace(value, status="example"),))) == ["choice", other, "example"]
    if name == "de":  # also where a table that nobody of the household needs changes inside the month
        clothing = norm({"name": "clothing", "unit": "EUR/month", "label": {"de": "x"}, "value": 20})
        ending = replace(clothing, values=(replace(clothing.values[0], until=after),))
        assert taken(own, ending) == ["choice", other, "derived"]
    settled = {key: replace(open_one, values=tuple(replace(v, status="official") for v in open_one.values))}
    assert chosen(settled, [own], day, None) == []
    unheard = {key: replace(open_one, values=tuple(replace(v, known_from=after) for v in open_one.values))}
    assert chosen(unheard, [own], day, day) == []
    assert [n.values[0].value for n in chosen(unheard, [own], day, None)] == [other]
    with pytest.raises(NormError, match="is no choice of this law; there are setting"):
        law.accept(replace(own, name="setting.moon"), DAY)
