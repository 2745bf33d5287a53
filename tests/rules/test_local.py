"""What a municipality or district sets in each law: as an entry of a norm file, taken or refused before it is kept."""

from datetime import date
from typing import Any

import pytest

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
