"""The faults of facts in the languages: every sentence that the rules can say is in the catalogue, whole."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from handslag import rules
from handslag.rules import faults
from handslag.rules.ch.facts import Facts as Swiss
from handslag.rules.de.facts import Facts as German
from handslag.rules.se.facts import Facts, FactsError
from handslag.rules.sheet import languages

FOLDER = Path(rules.__file__).parent
CATALOGUE = yaml.safe_load((FOLDER / "faults.yaml").read_text(encoding="utf-8"))
#: What no question can be refused with: of files, of norms that are shipped, of populations, of the code itself.
ELSEWHERE = re.compile(
    r"tests|.* is no norm of unit reference; .*|a population has .*|.* a version says why.*"
    r"|.* norm is not where it was|.*: \d+: \d+|a norm file is a list of norms|a proposal is .*|.* stands in it twice"
    r"|there is no norm of that name to change|\d+: .* is \d+, not .*|there is no layer for .*|there is no pack for .*"
    r"|7: 7 is 7text by language|7 is 7 in 7"  # a part of the sentence is filled in: asked for in test_sheet_api
    r"|.* rows, the offsets say .*|\d+(: \d+)*|.*; \d+|.*no row for some key.*"
    r"|.* takes the place of no norm of SKOS|7 is 7"  # of a canton's folder
)
MAKERS = ("FactsError", "NormError", "_Fault", "NormMissing", "PackError")


def _texts(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may come to, with a number for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(p.value) if isinstance(p, ast.Constant) else "7" for p in node.values)
    elif isinstance(node, ast.List):
        for each in node.elts:
            yield from _texts(each)
    elif isinstance(node, ast.ListComp):
        yield from _texts(node.elt)


def _said() -> Iterator[tuple[str, str]]:
    """(where, sentence) of every fault in the rules' source."""
    for path in sorted(FOLDER.rglob("*.py")):
        if path.name in ("case_files.py", "yaml_files.py", "faults.py", "unnamed.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            found: ast.AST | None = None
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).endswith((*MAKERS, "s.append")):
                of_faults = "problems" in ast.unparse(node.func) or ast.unparse(node.func) in MAKERS
                found = node.args[0] if of_faults or path.name == "facts.py" else None
            elif isinstance(node, ast.AugAssign | ast.Return) and path.name == "facts.py":
                found = node.value
            for text in _texts(found) if found is not None else ():
                yield f"{path.relative_to(FOLDER)}:{getattr(node, 'lineno', 0)}", text


def _known(text: str) -> bool:
    """Whether the catalogue has it, with some of the places before it taken away as `located` takes them."""
    ends = [text]
    while ": " in ends[-1]:
        ends.append(ends[-1].partition(": ")[2])
    return any(faults.said(end, "de") != end or ELSEWHERE.fullmatch(end) for end in ends)


def test_every_fault_that_the_rules_say_is_in_the_catalogue() -> None:
    said = list(_said())
    assert len(said) > 100
    assert [where for where, text in said if not _known(text)] == []


def test_the_catalogue_is_whole() -> None:
    for english, texts in CATALOGUE.items():
        assert set(texts) == {"sv", "de", "fr"}, english
        for text in texts.values():
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", english)), english
    assert all(set(languages(pack)) == {"sv", "de", "fr", "en"} for pack in ("se", "ch", "de"))


@pytest.mark.parametrize(
    ("problem", "kind", "place", "sentence"),
    [
        ("members[0]: birth_on: before 1880", Facts, "members[0].birth_on", "before 1880"),
        ("costs[1]: costs: x is no member", Facts, "costs[1]", "costs: x is no member"),
        ("members: key: twice", German, "members", "key: twice"),
        ("housing: used: no", German, "housing.used", "no"),
        ("partner: together_since: no", Swiss, "partner.together_since", "no"),
        ("settings: setting.x is no setting", Facts, "settings", "setting.x is no setting"),
        ("since, until: inside the period", Facts, "", "since, until: inside the period"),
        ("since: since: no", Facts, "since", "since: no"),
    ],
)
def test_a_place_is_what_the_kind_of_document_has(problem: str, kind: type, place: str, sentence: str) -> None:
    assert faults.located(problem, kind) == (place, sentence)


def test_a_sentence_within_a_sentence_is_said_too_and_what_people_wrote_stays() -> None:
    told = "is missing: one of a note has at most 80 characters, b is expected"
    assert faults.said(told, "sv") == "saknas: ett av följande förväntas: a note has at most 80 characters, b"
    assert faults.said("what nobody wrote", "fr") == "what nobody wrote"
    assert faults.said("x" * 3_000 + " is no member", "de").endswith(" is no member")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"since" 1}', "not JSON, from byte 9 on"),
        (b'{"since"', "not JSON: it is cut off, or not UTF-8"),
        (b'{"settings": {"a": 1}}', "settings: a text is expected"),
        (b'{"members": [{"lunch_days": 1e400}]}', "members[0]: lunch_days: a smaller number is expected"),
        (b'{"household_size": "two"}', "household_size: a whole number is expected"),
        (b'{"rent - at `$.members": 1}', "members: "),
        (b'{"members": [{"x": 1}]}', "members[0]: x: there is no field x; there are key, role, birth_on"),
    ],
)
def test_what_the_reader_says_is_said_plainly(text: bytes, said: str) -> None:
    with pytest.raises(FactsError) as refused:
        Facts.from_json(text)
    assert refused.value.problems[0].startswith(said)


def test_a_key_that_is_no_text_is_a_fault() -> None:
    with pytest.raises(FactsError, match=r"^settings: a text is expected$"):
        Facts.from_json({"settings": {1: "a"}})
