"""`POST /api/v1/sheet`: calculates for whoever asks by the published schema, stores nothing, and says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from handslag import rules
from handslag.api.sheet import sheet
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
        assert Sheet.from_json(answer.json()["sheet"]) == case.calculate()
        assert answer.json()["shown"]["notice"]
        assert "Set-Cookie" not in answer.headers


def test_it_speaks_json_text_and_html(ask: Any) -> None:
    asked = {**question("c1-single"), "lang": "en", "before": question("c6-surplus")["facts"]}
    page = ask("text/html", **asked)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "This is a calculation, not a decision." in page.text and "rkrattsbaser" in page.text
    assert "style-src 'sha256-" in page.headers["Content-Security-Policy"]
    text = ask("text/plain", **asked)
    assert text.text.startswith("This is a calculation, not a decision.") and "Against last month" in text.text
    assert ask("image/png", **asked).headers["Content-Type"] == "application/json"


def test_what_is_wrong_is_named_by_its_place(ask: Any) -> None:
    good = question("c1-single")
    bad = [
        ({**good, "pack": "no"}, "there is no pack no"),
        ({**good, "facts": {**good["facts"], "members": []}}, "facts: "),
        ({**good, "facts": {**good["facts"], "since": "2019-01-01", "until": "2019-02-01"}}, "2019"),
        ({**good, "facts": {**good["facts"], "since": "9999-12-01", "until": "9999-12-31"}}, "facts: since: no such"),
        ({**good, "before": {}}, "before: "),
        ({**good, "lang": "fi"}, "lang: one of sv, en, de, fr"),
        ({**good, "since": 1}, "since"),
        ({**good, "tables": [{"name": "RENT"}]}, "tables"),
    ]
    for asked, said in bad:
        answer = ask(**asked)
        assert answer.status_code == 400, said
        assert answer.headers["Content-Type"] == "application/problem+json"
        validated(answer.json())
        assert any(said in problem for problem in answer.json()["problems"]), (said, answer.text)
    for data in (b"", b"[]", b"{", b"\xff", b"null", b'{"pack": "se", "facts": {"members": 1e400}}'):
        assert ask(data=data).status_code == 400, data


def test_too_much_and_other_kinds_are_refused(ask: Any, server: Process) -> None:
    assert ask(data=b" " * (256 * 1024 + 1)).status_code == 413
    address = server.url("api", "/api/v1/sheet")

    def chunks() -> Any:
        for _ in range(300):
            yield b" " * 1024

    chunked = requests.post(address, chunks(), headers={"Content-Type": "application/json"}, timeout=20)
    assert chunked.status_code in (400, 413)
    assert requests.post(address, {"pack": "se"}, timeout=20).status_code == 415
    assert requests.get(address, timeout=20).status_code == 405


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
    assert "facts: " in ask(pack="se", facts=deep).text
    for deep_text in (
        b'{"pack": "se", "facts": ' + b'{"a":' * 2_000 + b"1" + b"}" * 2_001,
        b'{"pack": "se", "facts": {}, "tables": ' + b"[" * 600 + b"]" * 600 + b"}",
        b"[" * 200_000,
    ):
        answer = ask(data=deep_text)
        assert (answer.status_code, "deeper" in answer.text) == (400, True)
