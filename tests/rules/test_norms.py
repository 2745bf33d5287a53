"""Norm files: what loads, what doesn't, and which value is in force."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from handslag.rules.norms import NormError, NormMissing, Number, Table, load, load_folder, not_yet_checked, resolve
from handslag.rules.se.numbers import history, norms_for
from handslag.rules.words import lookup

GOOD = """
- name: rent
  unit: SEK/month
  label: {sv: Hyra, en: Rent}
  values:
    - {since: 2025-01-01, value: 100, source: decision 1, checked_on: 2025-01-01, status: official}
    - {since: 2025-05-15, until: 2026-01-01, value: 110, source: decision 2, checked_on: 2025-05-15,
       status: example, known_from: 2025-05-20}
"""
PLAIN = GOOD.replace(", known_from: 2025-05-20", "")
TABLE = """
- name: child
  unit: SEK/month
  label: {sv: Barn, en: Child}
  by: age
  bands: [0, 3]
  last: 5
  values:
    - {since: 2025-01-01, rows: [10, 20], source: s, checked_on: 2025-01-01, status: derived}
"""


def test_the_value_in_force_is_the_last_one_begun_known_and_not_ended() -> None:
    norms = {n.name: n for n in load(GOOD, "rent.yaml")}
    assert resolve(norms, date(2025, 5, 14)).numbers["rent"] == 10_000
    later = resolve(norms, date(2025, 5, 15))
    assert later.numbers["rent"] == 11_000
    assert (later.has_example, later.until) == (True, date(2026, 1, 1))
    assert resolve(norms, date(2025, 5, 15), known_on=date(2025, 5, 19)).numbers["rent"] == 10_000
    assert resolve(norms, date(2025, 5, 15), known_on=date(2025, 5, 20)).numbers["rent"] == 11_000
    for day in (date(2024, 12, 31), date(2026, 1, 1)):
        with pytest.raises(NormMissing, match=r"rent: no value in force.*from 2025-01-01 on until 2026-01-01"):
            resolve(norms, day)


def test_a_day_without_a_norm_says_from_which_day_on_all_are_there() -> None:
    later = GOOD.replace("name: rent", "name: heat").replace(", until: 2026-01-01", "")
    later = later.replace("2025-01-01", "2025-03-01")
    norms = {n.name: n for text in (later, TABLE) for n in load(text, "f.yaml")}
    with pytest.raises(NormMissing, match=r"^heat: .* 2025-02-01; .* from 2025-03-01 on, and not for other days$"):
        resolve(norms, date(2025, 2, 1))


def test_the_digest_follows_what_can_change_a_result() -> None:
    norms = {n.name: n for n in load(GOOD, "rent.yaml")}
    digest = resolve(norms, date(2025, 3, 1)).digest
    assert resolve(norms, date(2025, 4, 1)).digest == digest
    assert resolve(norms, date(2025, 6, 1)).digest != digest
    for old, new, same in (
        ("value: 100", "value: 101", False),
        ("SEK/month", "SEK", False),
        ("status: official", "status: derived", False),
        ("2025-01-01, status", "2025-02-02, status", True),
    ):
        changed = {n.name: n for n in load(GOOD.replace(old, new), "rent.yaml")}
        assert (resolve(changed, date(2025, 3, 1)).digest == digest) is same, new


@pytest.mark.parametrize(
    ("text", "old", "new", "message"),
    [
        (
            GOOD,
            "source: decision 1, ",
            "",
            "rent.yaml: line 6: rent, since 2025-01-01: source is missing or not of the expected kind: a text is",
        ),
        (GOOD, "decision 1", '""', "source is missing"),
        (GOOD, "checked_on: 2025-01-01, ", "", "checked_on is missing or not of the expected kind: a day such as"),
        (GOOD, "status: official", "status: guessed", "status is one of official, derived, example"),
        (
            GOOD,
            "value: 100",
            "value: 100.5",
            'of the expected kind: a whole number, or text such as "954.90", is expected',
        ),
        (GOOD, "value: 100", "value: true", "value is missing or not of the expected kind"),
        (GOOD, "value: 100", "value: -1", "value is negative"),
        (GOOD, "value: 100", 'value: "100.5"', "a whole number, or text such as"),
        (GOOD, "value: 100", "valeu: 100", "unknown valeu; there are since, until, value"),
        (PLAIN, "since: 2025-05-15", "since: 2025-01-01", "line 7: rent: values stand in the order of their dates"),
        (GOOD, "until: 2026-01-01", "until: 2025-05-15", "line 7: rent, since 2025-05-15: until lies before since"),
        (PLAIN, "value: 100,", "value: 100, until: 2025-06-01,", "line 6: rent: one value's until lies behind"),
        (GOOD, "since: 2025-01-01, ", "", "since is missing"),
        (GOOD, "unit: SEK/month", "unit: SEK/week", "unit is one of"),
        (GOOD, "  label: {sv: Hyra, en: Rent}\n", "", "label is missing"),
        (GOOD, "label:", "lable:", "unknown lable; there are name, unit, label"),
        (GOOD, "sv: Hyra", "sv: 5", "label is text by language"),
        (GOOD, "- name: rent", "- nmae: rent", "a mapping with a name"),
        (GOOD, "- name: rent\n ", "name: rent\n", "rent.yaml: "),
        (TABLE, "[10, 20]", "[10]", "rows are 2 whole numbers"),
        (TABLE, "[10, 20]", "[10, 20.5]", "rows are 2 whole numbers"),
        (TABLE, "bands: [0, 3]", "bands: [3, 0]", "bands rise"),
        (TABLE, "bands: [0, 3]", "bands: [0, x]", "bands and last are whole numbers from 0 to 9999"),
        (TABLE, "bands: [0, 3]", "bands: []", "bands and last are whole numbers from 0 to 9999"),
        (TABLE, "last: 5", "last: 2", "last is not below"),
        (TABLE, "  by: age\n", "", "by is missing"),
    ],
)
def test_a_wrong_file_does_not_load_and_says_where(text: str, old: str, new: str, message: str) -> None:
    assert old in text
    with pytest.raises(NormError, match=message):
        load(text.replace(old, new, 1), "rent.yaml")


def test_a_value_that_is_no_mapping_and_a_file_that_is_no_list() -> None:
    with pytest.raises(NormError, match="a value is a mapping"):
        load("- {name: a, unit: SEK, label: {sv: a}, values: [5]}", "a.yaml")
    with pytest.raises(NormError, match="a list of norms"):
        load("a: 5", "a.yaml")
    with pytest.raises(NormError, match="values: there is at least one"):
        load("- {name: a, unit: SEK, label: {sv: a}, values: []}", "a.yaml")


def test_a_key_without_a_row_is_an_error() -> None:
    table = resolve({n.name: n for n in load(TABLE, "t.yaml")}, date(2025, 1, 1)).tables["child"]
    assert [int(lookup(table, age)) for age in (0, 2, 3, 5)] == [1000, 1000, 2000, 2000]
    for age in (-1, 6):
        with pytest.raises(NormMissing, match=f"child: no row for age {age}"):
            lookup(table, age)


def test_the_swedish_set_is_complete_on_every_day_on_which_anything_changes_and_refuses_the_day_before() -> None:
    """2025 and 2026: nothing before, nothing after, no gap between."""
    changes = {d for n in history().values() for v in n.values for d in (v.since, v.until) if d}
    first, end = date(2025, 1, 1), date(2027, 1, 1)
    days = sorted(d for d in changes if first <= d < end)
    assert days == [date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1)]
    digests = {norms_for(d).digest for d in days}
    assert len(digests) == 3
    for day in days[1:]:
        assert norms_for(day - timedelta(days=1)).until == day
    for day in (first - timedelta(days=1), end):
        with pytest.raises(NormMissing):
            norms_for(day)


def test_every_swedish_number_says_where_it_is_from_and_uses_no_example() -> None:
    norms = norms_for(date(2026, 1, 1))
    assert norms.has_example is False
    numbers = [v for v in vars(norms).values() if isinstance(v, Number)]
    numbers += [row for v in vars(norms).values() if isinstance(v, Table) for row in v.rows]
    assert len(numbers) == 21 + 7 + 7 + 15
    assert all(n.used.source and n.used.name in history() for n in numbers)


def test_the_tables_of_the_ordinance() -> None:
    """12 kap. 2 § SoF (2025:468), both wordings, written here a second time."""

    def table(name: str, day: date) -> list[int]:
        rows: Table = getattr(norms_for(day), name)
        return [row // 100 for row in rows.rows]

    y25, y26 = date(2025, 7, 1), date(2026, 1, 1)
    assert (
        table("child", y25)
        == [2720] + [3030] * 2 + [2700] + [3030] * 3 + [3790] * 4 + [4350] * 4 + [4920] * 4 + [4960] * 2
    )
    assert (
        table("child", y26)
        == [2740] + [3060] * 2 + [2720] + [3060] * 3 + [3820] * 4 + [4390] * 4 + [4960] * 4 + [5000] * 2
    )
    assert table("child_without_lunch", y25) == [2540, 2780, 2780, 2480, 2700, 2700, 2700]
    assert table("child_without_lunch", y26) == [2560, 2800, 2800, 2500, 2720, 2720, 2720]
    assert table("common", y25) == [1270, 1400, 1770, 2010, 2310, 2620, 2810]
    assert table("common", y26) == [1280, 1410, 1790, 2030, 2330, 2640, 2830]
    assert [norms_for(d).single // 100 for d in (y25, y26)] == [3910, 3940]
    assert [norms_for(d).couple // 100 for d in (y25, y26)] == [7050, 7100]
    assert [norms_for(d).prisbasbelopp // 100 for d in (y25, y26)] == [58800, 59200]


def test_a_value_is_corrected_by_one_known_later_from_the_same_day_or_a_later_one() -> None:
    text = """
- name: rent
  unit: SEK/month
  label: {sv: Hyra, en: Rent}
  values:
    - {since: 2026-01-01, until: 2027-01-01, value: 100, source: s, checked_on: 2026-01-01, status: official}
    - {since: 2026-01-01, until: 2027-01-01, value: 110, source: s, checked_on: 2026-05-01, status: official,
       known_from: 2026-05-02}
    - {since: 2026-03-16, until: 2027-01-01, value: 120, source: s, checked_on: 2026-06-01, status: official,
       known_from: 2026-06-02}
    - {since: 2027-01-01, value: 130, source: s, checked_on: 2026-06-01, status: official}
"""
    [norm] = load(text, "rent.yaml")
    days = [date(2026, 2, 1), date(2026, 4, 1), date(2027, 1, 1)]
    known = [date(2026, 5, 1), date(2026, 5, 2), date(2026, 6, 2), None]
    assert [[norm.on(day, on).value for day in days] for on in known] == [
        [100, 100, 130], [110, 110, 130], [110, 120, 130], [110, 120, 130],
    ]  # fmt: skip
    march = date(2026, 3, 1)
    until = [resolve({"rent": norm}, march, on).until for on in known]
    assert until == [date(2027, 1, 1)] * 2 + [date(2026, 3, 16)] * 2
    with pytest.raises(NormError, match="in the order of their dates"):
        load(text.replace(",\n       known_from: 2026-05-02", ""), "rent.yaml")
    with pytest.raises(NormError, match="until lies behind the next"):
        load(text.replace("known_from: 2026-06-02", "known_from: 2026-05-02"), "rent.yaml")


def test_sections_follow_the_day_of_the_decision() -> None:
    june = date(2025, 6, 1)
    assert norms_for(june).section.riksnorm == "2 kap. 1 § socialtjänstförordningen (2001:937)"
    after = norms_for(june, decided_on=date(2025, 7, 1))
    assert after.section.riksnorm == "12 kap. 2 § socialtjänstförordningen (2025:468)"
    assert after.single == norms_for(june).single


def test_a_fault_is_told_with_the_line_of_what_is_wrong() -> None:
    """Of the key, or the row, inside a norm that stands in several lines; where something lacks, of where it lacks."""
    text = """- name: rent.limit
  unit: CHF/month
  label: {de: Mietlimite}
  by: persons
  bands: [1, 2]
  last: 3
  values:
    - since: 2026-01-01
      rows:
        - 1200
        - 1500
      source: s
      checked_on: 2026-01-01
      status: official
"""
    assert len(load(text, "r")) == 1
    for old, new, said in (
        ("  last: 3", "  owners: x\n  last: 3", "r: line 6: rent.limit: unknown owners"),
        ("CHF/month", "CHF/moon", "r: line 2: rent.limit: unit is one of"),
        ("{de: Mietlimite}", "5", "r: line 3: rent.limit: label is missing or not"),
        ("[1, 2]", "[2, 1]", "r: line 5: rent.limit: bands rise"),
        ("- 1500", "- x", "r: line 11: rent.limit, since 2026-01-01: rows are 2 whole numbers"),
        ("        - 1500\n", "", "r: line 9: rent.limit, since 2026-01-01: rows are 2 whole numbers"),
        ("source: s", "source: 5", "r: line 12: rent.limit, since 2026-01-01: source is missing"),
        ("      source: s\n", "", "r: line 8: rent.limit, since 2026-01-01: source is missing"),
        ("official", "oficial", "r: line 14: rent.limit, since 2026-01-01: status is one of"),
        (
            "      rows:",
            "      value: 5\n      rows:",
            "r: line 9: rent.limit, since 2026-01-01: unknown value; there are",
        ),
        ("      rows:", "      bands: [1]\n      rows:", "r: line 8: rent.limit, since 2026-01-01: last is missing"),
        (
            "      rows:",
            "      bands: [1]\n      last: 9\n      rows:",
            "r: line 11: rent.limit, since 2026-01-01: rows are 1",
        ),
    ):
        with pytest.raises(NormError, match=f"^{said}"):
            load(text.replace(old, new, 1), "r")
    with pytest.raises(NormError, match=r"^r: line 7: rent.limit: values: there is at least one$"):
        load(text.partition("    - since")[0].replace("values:", "values: []"), "r")
    with pytest.raises(NormError, match=r"^r: line 15: rent.limit stands in r, line 1, too: a name stands once$"):
        load(text + text, "r")


def test_a_folder_names_each_norm_once_and_refers_to_references_only(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(GOOD.replace("SEK/month", "SEK/month\n  law: law.rent"), encoding="utf-8")
    layer = tmp_path.parent.name
    with pytest.raises(NormError, match=rf"^{layer}/b.yaml: line 2: rent stands in {layer}/a.yaml, line 2, too"):
        load_folder(tmp_path)
    (tmp_path / "a.yaml").unlink()
    said = rf"^{layer}/b.yaml: line 2: rent: law law.rent is no norm of unit reference; there are none$"
    with pytest.raises(NormError, match=said):
        load_folder(tmp_path)


def test_a_later_layer_takes_the_place_of_what_lies_below(tmp_path: Path) -> None:
    below, above = tmp_path / "below", tmp_path / "above"
    for folder, text in ((below, GOOD + TABLE), (above, GOOD.replace("value: 100", "value: 70"))):
        folder.mkdir()
        (folder / "a.yaml").write_text(text, encoding="utf-8")
    both = resolve(load_folder(below, above), date(2025, 1, 1))
    assert (both.numbers["rent"], both.tables["child"].rows[0]) == (7000, 1000)
    assert resolve(load_folder(above, below), date(2025, 1, 1)).numbers["rent"] == 10_000


def test_amounts_with_decimals_are_text_and_other_currencies_have_hundredths_too() -> None:
    text = GOOD.replace("SEK/month", "CHF/month").replace("value: 100", 'value: "954.90"')
    text += TABLE.replace("SEK", "EUR").replace("[10, 20]", '[10, "20.05"]')
    found = resolve({n.name: n for n in load(text, "a.yaml")}, date(2025, 1, 1))
    assert found.numbers["rent"] == 95_490
    assert [int(row) for row in found.tables["child"].rows[2:4]] == [1000, 2005]
    assert found.body["rent"] == ["CHF/month", "954.90", "official"]
    for wrong in ('"954.9"', '"-1.00"', '"1e3"', "954.9"):
        with pytest.raises(NormError, match="value is"):
            load(text.replace('"954.90"', wrong), "a.yaml")


def test_a_choice_is_one_of_its_choices() -> None:
    text = """
- name: day
  unit: choice
  label: {sv: Dag, en: Day}
  choices: {first: {sv: a, en: a}, last: {sv: b, en: b}}
  values: [{since: 2025-01-01, value: last, source: s, checked_on: 2025-01-01, status: derived}]
"""
    norms = {n.name: n for n in load(text, "s.yaml")}
    assert resolve(norms, date(2025, 1, 1)).numbers["day"] == 1
    assert resolve(norms, date(2025, 1, 1), choices={"day": "first"}).numbers["day"] == 0
    with pytest.raises(NormError, match="value is one of first, last, not middle"):
        load(text.replace("value: last", "value: middle"), "s.yaml")


def test_no_yaml() -> None:
    with pytest.raises(NormError, match=r"rent.yaml: "):
        load("- [", "rent.yaml")


def test_no_value_was_checked_on_a_day_to_come() -> None:
    norms = load(GOOD, "x/good.yaml")
    newest = max(value.checked_on for norm in norms for value in norm.values)
    assert not_yet_checked(norms, newest) == []
    [told] = not_yet_checked(norms, newest - timedelta(days=1))
    assert told.startswith("x/good.yaml: line ") and told.endswith(f": checked_on {newest} hasn't come yet")
