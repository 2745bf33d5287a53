"""`POST /api/v1/sheet`: calculates for whoever asks by the published schema, stores nothing, and says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from handslag import rules
from handslag.api.sheet import sheet
from handslag.kernel import clock
from handslag.rules.case_files import read
from handslag.rules.sheet import Sheet
from tests.bed import ROOT, Process

EVERY = sorted(Path(rules.__file__).parent.rglob("cases/**/*.yaml"))
SCHEMA = json.loads((ROOT / "docs/reference/sheet.schema.json").read_text())


def validated(body: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(body)


@pytest.fixture
def ask(server: Process) -> Any:
    """`ask(pack="se", facts={...})`: the answer of the running product."""

    def of(accept: str = "application/json", data: bytes | None = None, **question: Any) -> requests.Response:
        headers = {"Content-Type": "application/json", "Accept": accept}
        body = json.dumps(question).encode() if data is None else data
        return requests.post(server.url("api", "/api/v1/sheet"), body, headers=headers, timeout=20)

    return of


def question(name: str) -> dict[str, Any]:
    """The question that asks for a case file's sheet."""
    case = read(next(path for path in EVERY if path.stem == name))
    asked: dict[str, Any] = {"pack": case.pack.PACK, "facts": case.facts.to_json()}
    for day in ("decided_on", "known_on"):
        if getattr(case, day):
            asked[day] = getattr(case, day).isoformat()
    return asked


def test_the_answer_is_the_sheet_of_the_office(ask: Any) -> None:
    for stem in ("c1-single", *(next(p.stem for p in EVERY if pack in p.parts) for pack in ("ch", "de"))):
        case = read(next(path for path in EVERY if path.stem == stem))
        asked = question(stem)
        validated(asked)
        if case.tables:
            continue
        answer = ask(**asked)
        assert answer.status_code == 200, answer.text
        validated(answer.json())
        today = clock.central_today()
        expected = replace(case, known_on=case.known_on or today).calculate()
        assert Sheet.from_json(answer.json()["sheet"]) == expected
        assert answer.json()["shown"]["notice"]
        assert "Set-Cookie" not in answer.headers


def test_what_is_known_from_a_later_day_counts_where_that_day_is_asked_for(ask: Any) -> None:
    [value] = RENTS["values"]
    later = {**value, "since": "2026-02-01", "rows": [4000, 6000], "known_from": "2100-01-01"}
    asked = question("c1-single") | {"tables": [{**RENTS, "values": [value, later]}]}
    granted = [ask(**asked, **day).json()["sheet"]["granted"] for day in ({}, {"known_on": "2100-01-01"})]
    assert granted[0] - granted[1] == 1_000_00


def test_no_month_before_may_be_said_in_the_schema_as_to_the_server(ask: Any) -> None:
    asked = question("c1-single") | {"before": None}
    validated(asked)
    assert ask(**asked).status_code == 200
    with pytest.raises(jsonschema.ValidationError):
        validated(asked | {"before": {}})


def test_it_speaks_json_text_and_html(ask: Any) -> None:
    asked = {**question("c1-single"), "lang": "en", "before": question("c6-surplus")["facts"]}
    page = ask("text/html", **asked)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "This is a calculation, not a decision." in page.text and "rkrattsbaser" in page.text
    assert "style-src 'sha256-" in page.headers["Content-Security-Policy"]
    text = ask("text/plain", **asked)
    assert text.text.startswith("This is a calculation, not a decision.") and "Against last month" in text.text
    assert ask("image/png", **asked).headers["Content-Type"] == "application/json"


def changed(asked: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """The question with another value at `facts.members.0.role`; `...` takes what is there away."""
    into, *steps = deepcopy(asked), *place.split(".")
    whole = into
    for step in steps[:-1]:
        into = into[int(step)] if isinstance(into, list) else into[step]
    last = int(steps[-1]) if isinstance(into, list) else steps[-1]
    if value is ...:
        del into[last]
    else:
        into[last] = value
    return whole


#: A wrong document for each: where it is changed, into what, and the fault in the language.
WRONG: list[tuple[str, Any, str, str]] = [
    ("pack", "no", "en", "pack: there is no pack no; there are ch, de, se"),
    ("pack", 5, "en", "pack: a text is expected"),
    ("pack", ..., "sv", "pack: saknas: en text förväntas"),
    ("lang", "fi", "sv", "lang: ett av följande förväntas: sv, en, de, fr"),
    ("since", 1, "fr", "since: il n’y a pas de champ since; il y a pack, facts, before"),
    ("known_on", "2026-02-30", "de", "known_on: erwartet wird ein Tag wie 2026-03-31"),
    ("names", {"anna": 5}, "en", "names: a text is expected"),
    ("before", {}, "sv", "before.since: saknas: en dag såsom 2026-03-31 förväntas"),
    ("facts", [], "de", "facts: erwartet wird ein Objekt"),
    ("facts.members", [], "fr", "facts.members: un ménage compte au moins une personne"),
    ("facts.members", "anna", "en", "facts.members: a list is expected"),
    ("facts.members.0", "anna", "en", "facts.members[0]: an object is expected"),
    ("facts.members.0.role", "boss", "en", "facts.members[0].role: one of adult, child, visitation_child is expected"),
    ("facts.members.0.birth_on", "17 maj", "sv", "facts.members[0].birth_on: en dag såsom 2026-03-31 förväntas"),
    ("facts.members.0.birth_on", "1879-12-31", "de", "facts.members[0].birth_on: vor 1880"),
    ("facts.members.0.birth_on", ..., "en", "facts.members[0].birth_on: is missing: a day such as 2026-03-31"),
    ("facts.members.0.job_stimulus", 1, "fr", "facts.members[0].job_stimulus: true ou false est attendu"),
    ("facts.members.0.rank", 1, "sv", "facts.members[0].rank: fältet rank finns inte; det finns key, role"),
    ("facts.members.0.lunch_days", 8, "sv", "facts.members[0].lunch_days: 0 till 7"),
    ("facts.members.0.since", "2019-01-01", "fr", "facts.members[0]: since, until: à l’intérieur de la période"),
    ("facts.costs.0.applied", 6200.5, "de", "facts.costs[0].applied: erwartet wird eine ganze Zahl"),
    ("facts.costs.0.code", "YACHT", "sv", "facts.costs[0]: YACHT är ingen kostnad"),
    ("facts.incomes.0.person", "bo", "fr", "facts.incomes[0]: bo n’est pas membre"),
    ("facts.incomes.0.source", "rumour", "en", "facts.incomes[0].source: one of fetched, given, evidence, caseworker"),
    ("facts.settings", {"setting.x": "y"}, "de", "facts.settings: setting.x ist keine Einstellung"),
    ("facts.settings", {"setting.day_method": "x"}, "fr", "facts.settings: setting.day_method est une de ces valeurs"),
    ("facts.until", "2026-05-01", "sv", "facts: since, until: en period är en kalendermånad eller en del av den"),
    ("tables", [{"name": "RENT"}], "de", "tables[0]: RENT: unit ist eines von SEK"),
    ("tables.0.values.0.rows", [1], "fr", "tables[0]: limit.RENT, since 2026-01-01: rows sont 2 nombres entiers"),
    ("tables.0.label", {"sv": 5}, "sv", "tables[0]: limit.RENT: label är text per språk"),
    ("tables.0.name", "limit.BOAT", "en", "tables[0]: limit.BOAT is read by no rule"),
    ("tables.0.label", {"it": "Affitto"}, "sv", "tables[0]: limit.RENT: label: en text på sv, lagens språk, förväntas"),
    (
        "tables.0.values.0.known_from", "2100-01-01", "sv",
        "tables[0]: limit.RENT räknas i beräkningar från och med 2100-01-01, ännu inte ",
    ),
    (
        "tables.0.values.0.checked_on", "9999-12-31", "de",
        "tables[0]: limit.RENT, since 2026-01-01: checked_on 9999-12-31 ist noch nicht gekommen",
    ),
]


@pytest.mark.parametrize(("place", "value", "lang", "said"), WRONG)
def test_what_is_wrong_is_named_by_its_place_in_the_language(
    ask: Any, place: str, value: Any, lang: str, said: str
) -> None:
    good = question("c1-single") | {"lang": lang, "tables": [RENTS]}
    answer = ask(**changed(good, place, value))
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Content-Language"] == lang
    validated(answer.json())
    assert any(problem.startswith(said) for problem in answer.json()["problems"]), answer.text


def test_faults_come_all_at_once_in_the_packs_own_language_where_none_is_asked_for(ask: Any) -> None:
    good = question("c1-single") | {"tables": [RENTS, RENTS | {"name": "limit.ELECTRICITY"}]}
    told = changed(changed(good, "facts.costs.0.code", "YACHT"), "facts.household_size", 100)
    answer = ask(**told).json()
    assert answer["title"] == "Uppgifterna kan inte beräknas."
    size, cost = answer["problems"]
    assert size == "facts.household_size: inte under antalet medlemmar, inte över 99"
    assert cost.startswith("facts.costs[0]: YACHT är ingen kostnad; det finns RENT, ")
    told = changed(changed(good, "tables.0.unit", 1), "tables.1.owner", 1)
    assert [problem.partition(":")[0] for problem in ask(**told).json()["problems"]] == ["tables[0]", "tables[1]"]
    [twice] = ask(**changed(good, "tables.1.name", "limit.RENT")).json()["problems"]
    assert twice == "tables[1]: limit.RENT står också i tables[0]: ett namn står en gång"


def test_a_month_that_no_norm_reaches_is_named(ask: Any) -> None:
    good = question("c1-single") | {"lang": "de"}
    good["facts"] |= {"since": "2019-01-01", "until": "2019-02-01"}
    [problem] = ask(**good).json()["problems"]
    assert problem.startswith("facts.since: ")
    assert "am 2019-01-01 gilt kein Wert; dieses Recht lässt sich ab 20" in problem
    good["facts"] |= {"since": "9999-12-01", "until": "9999-12-31"}
    assert ask(**good).json()["problems"] == ["facts.since: den Monat 9999-12 gibt es nicht"]


def test_what_a_swiss_office_sets_is_held_to_its_shape(ask: Any) -> None:
    swiss = question("wealth-above-the-allowance") | {"lang": "fr"}
    wrong = {**RENTS, "name": "rent.limit", "unit": "CHF", "label": {"de": "a"}, "owner": "Bülach"}
    [problem] = ask(**swiss, tables=[wrong]).json()["problems"]
    assert problem == "tables[0]: rent.limit est un tableau par personnes en CHF/month"


def test_what_is_no_json_is_refused(ask: Any) -> None:
    assert ask(data=b"{").json()["problems"] == ["not JSON: it is cut off, or not UTF-8"]
    assert ask(data=b'{"pack" 5}').json()["problems"] == ["not JSON, from byte 8 on"]
    strange = b'{"pack": "se", "facts": {"x - at `$.members": 1}}'
    for data in (b"", b"[]", b"\xff", b'{"pack": "\xff"}', b"null", b'{"pack": "se", "facts": {"m": 1e400}}', strange):
        assert ask(data=data).status_code == 400, data


def test_a_case_file_and_the_interface_say_the_same(ask: Any, tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from handslag.cli.sheet import app

    path, case = next(p for p in EVERY if p.stem == "c1-single"), tmp_path / "case.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new, place, value in (
        ("1990-05-17", "1790-05-17", "facts.members.0.birth_on", "1790-05-17"),
        ("role: adult", "role: boss", "facts.members.0.role", "boss"),
        ("1990-05-17", "1990-05-17, rank: 1", "facts.members.0.rank", 1),
    ):
        case.write_text(text.replace(old, new, 1), encoding="utf-8")
        by_file = CliRunner().invoke(app, [str(case)]).stderr.strip()
        [by_interface] = ask(**changed(question("c1-single") | {"lang": "en"}, place, value)).json()["problems"]
        assert by_file.partition(": line 7: ")[2] == by_interface.removeprefix("facts.")


def test_too_much_and_other_kinds_are_refused(ask: Any, server: Process) -> None:
    assert ask(data=b" " * (256 * 1024 + 1)).status_code == 413
    address = server.url("api", "/api/v1/sheet")

    def chunks() -> Any:
        for _ in range(300):
            yield b" " * 1024

    chunked = requests.post(address, chunks(), headers={"Content-Type": "application/json"}, timeout=20)
    assert chunked.status_code in (400, 413)
    assert requests.post(address, {"pack": "se"}, timeout=20).status_code == 415
    got = requests.get(address, timeout=20)
    assert (got.status_code, got.headers["Allow"], got.json()["status"]) == (405, "POST", 405)


def test_the_schema_is_published(server: Process) -> None:
    answer = requests.get(server.url("api", "/api/v1/sheet/schema"), timeout=20)
    assert answer.json() == SCHEMA
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    refused = dict(question("c1-single"), pack="se", facts={"members": "nobody"})
    with pytest.raises(jsonschema.ValidationError):
        validated(refused)


def test_nothing_else_lives_at_that_host(server: Process) -> None:
    for path in ("/", "/my/", "/log-in/", "/api/v1/"):
        answer = requests.get(server.url("api", path), timeout=20)
        assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("status", [400, 404, 500])
def test_what_no_view_expects_is_a_problem_too(status: int) -> None:
    from django.conf import settings
    from django.test import RequestFactory
    from django.urls import get_resolver

    told = {"exception": ValueError()} if status < 500 else {}
    handler = get_resolver(settings.COUNTERS["api"]).resolve_error_handler(status)
    answer = handler(RequestFactory().post("/api/v1/sheet"), **told)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    validated(json.loads(answer.content))


#: What a program may put anywhere by mistake.
EXTREME: list[Any] = [
    None, True, "", "x", "a\x00b", "\ufffe", "２０２６", "0001-01-01", "9998-12-01", "9999-12-31", "2026-02-30",
    0, -1, 2**31, 2**53, 2**63, 2**64, 10**40, -(10**40), 1.5, 1e300, [], {}, [[]], {"": {}}, ["x"], [["x", "y"]],
    [1, "x"],
]  # fmt: skip
RENTS = {
    "name": "limit.RENT", "unit": "SEK/month", "label": {"sv": "Hyra"}, "by": "household", "bands": [20, 40],
    "last": 59,
    "values": [
        {"since": "2026-01-01", "rows": [5000, 6000], "source": "s", "checked_on": "2026-01-01", "status": "official"}
    ],
}  # fmt: skip


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(what holds it, its key) of everything in plain data."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _answered(asked: dict[str, Any], accept: str = "application/json") -> int:
    from django.test import RequestFactory

    sent = RequestFactory().post("/", json.dumps(asked), content_type="application/json", headers={"Accept": accept})
    return sheet(sent).status_code


def test_whatever_stands_anywhere_in_a_table_the_answer_is_a_sheet_or_a_problem() -> None:
    base = question("c1-single") | {"tables": [RENTS]}
    assert _answered(base) == 200
    for place in range(len(list(_places(RENTS)))):
        for extreme in EXTREME:
            asked = deepcopy(base)
            into, key = list(_places(asked["tables"][0]))[place]
            into[key] = extreme
            assert _answered(asked) in (200, 400), (key, extreme)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(draw=st.data())
def test_whatever_stands_anywhere_the_answer_is_a_sheet_or_a_problem(draw: st.DataObject) -> None:
    names = ("c1-single", "c6-surplus", *(next(p.stem for p in EVERY if pack in p.parts) for pack in ("ch", "de")))
    asked = question(draw.draw(st.sampled_from(names)))
    if asked["pack"] == "se":
        asked |= {"before": deepcopy(asked["facts"]), "known_on": "2026-11-01"}
    for _ in range(draw.draw(st.integers(1, 2))):
        into, key = draw.draw(st.sampled_from(list(_places(asked))))
        into[key] = deepcopy(draw.draw(st.sampled_from(EXTREME)))
    assert _answered(asked, draw.draw(st.sampled_from(("application/json", "text/plain", "text/html")))) in (200, 400)


def test_depth_is_refused_before_anything_is_read(ask: Any) -> None:
    deep = {"x": ["["]}
    for _ in range(5):
        deep = {"x": [deep]}
    assert "facts.x: " in ask(pack="se", facts=deep).text
    for deep_text in (
        b'{"pack": "se", "facts": ' + b'{"a":' * 2_000 + b"1" + b"}" * 2_001,
        b'{"pack": "se", "facts": {}, "tables": ' + b"[" * 600 + b"]" * 600 + b"}",
        b"[" * 200_000,
    ):
        answer = ask(data=deep_text)
        assert (answer.status_code, "deeper" in answer.text) == (400, True)
