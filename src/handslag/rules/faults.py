"""What is wrong with a question or with facts: where in the document it stands, what is expected, in four languages.

A fault is written as `place: place: sentence` in English, as the rules say it; `faults.yaml` has every sentence in the
other languages.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

import msgspec

from handslag.rules.yaml_files import shipped

_STEP: Final = re.compile(r"(\w+)((?:\[\d+\])?): (.*)", re.DOTALL)
_UNKNOWN: Final = "there is no field "
_SENTENCES: Final = ("expected", "missing", "what")
"""The braces of `faults.yaml` in which a sentence of it stands."""
_MOST: Final = 2_000
"""Characters of a fault that are looked up: longer ones hold what somebody has sent, and stay as they are."""
KINDS: Final[Mapping[Any, str]] = {
    str: "a text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
} | {date: "a day such as 2026-03-31"}


def struct_of(kind: Any) -> type[msgspec.Struct] | None:
    """The struct behind a field's type: of one, of a list of them, or of one that may be missing."""
    for each in (kind, *getattr(kind, "__args__", ())):
        if isinstance(each, type) and issubclass(each, msgspec.Struct):
            return each
    return None


def misread(error: Exception, kind: type[msgspec.Struct]) -> str:
    """The fault that a document has which can't be read as `kind`: what the reader of JSON says, in plain words."""
    if not isinstance(error, msgspec.ValidationError):
        byte = re.search(r"\(byte (\d+)\)", str(error))
        return f"not JSON, from byte {byte[1]} on" if byte else "not JSON: it is cut off, or not UTF-8"
    told, _, at = str(error).rpartition(" - at `") if " - at `" in str(error) else (str(error), "", "")
    at = re.sub(r"key` in `(.*)", r"\1[...]", at)  # a key that is no text, as YAML has them
    steps = re.findall(r"\w+(?:\[\d+\])?|\[\.{3}\]", at)
    place = [step for step in steps if step != "[...]"]
    if unknown := re.fullmatch(r"Object contains unknown field `(.*)`", told, re.DOTALL):
        inside = struct_of(_kind_at(kind, steps))
        there = f"; there are {', '.join(inside.__struct_fields__)}" if inside else ""
        return ": ".join([*place, unknown[1], f"{_UNKNOWN}{unknown[1]}{there}"])
    if told.endswith("out of range"):
        return ": ".join([*place, "a smaller number is expected"])
    if missing := re.fullmatch(r"Object missing required field `(.*)`", told):
        expected = _expected(_kind_at(kind, [*steps, missing[1]]))
        return ": ".join([*place, missing[1], f"is missing: {expected} is expected"])
    return ": ".join([*place, f"{_expected(_kind_at(kind, steps))} is expected"])


def located(problem: str, kind: type[msgspec.Struct]) -> tuple[str, str]:
    """(place, sentence) of a fault: `members[0].role` in a document of that kind ("": all of it), and what it says."""
    place, at = "", cast("type[msgspec.Struct] | None", kind)
    while step := _STEP.fullmatch(problem):
        unknown = step[3].startswith(_UNKNOWN)
        hint = get_type_hints(at).get(step[1]) if at is not None else None
        if hint is None and not unknown:
            break
        whole_list = get_origin(hint) is list and not step[2]
        place, problem = f"{place}.{step[1]}{step[2]}".lstrip("."), step[3]
        at = None if whole_list else struct_of(hint)
    return place, problem


def placed(problem: str, kind: type[msgspec.Struct], lang: str = "en", inside: str = "") -> str:
    """A fault as people read it, in one of the languages; `inside`: where in a larger document the facts stand."""
    place, sentence = located(problem, kind)
    return ": ".join(filter(None, [".".join(filter(None, [inside, place])), said(sentence, lang)]))


def said(sentence: str, lang: str) -> str:
    """An English sentence in one of the languages (sv, de, fr, en); as it is where the catalogue doesn't have it."""
    if lang == "en" or len(sentence) > _MOST:
        return sentence
    for pattern, texts in _catalogue():
        if found := pattern.fullmatch(sentence):
            parts = {k: said(part, lang) if k in _SENTENCES else part for k, part in found.groupdict().items()}
            return texts[lang].format(**parts)
    return sentence


@cache
def _catalogue() -> tuple[tuple[re.Pattern[str], Mapping[str, str]], ...]:
    """Each English sentence as a pattern, with its texts by language; those with most words of their own first."""
    texts = shipped(Path(__file__).with_name("faults.yaml"))
    ordered = sorted(texts, key=lambda english: -len(re.sub(r"\{\w+\}", "", english)))
    return tuple((_pattern(english), texts[english]) for english in ordered)


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)
    return re.compile(
        "".join(f"(?P<{part}>.*)" if n % 2 else re.escape(part) for n, part in enumerate(parts)), re.DOTALL
    )


def _kind_at(kind: Any, steps: list[str]) -> Any:
    """The type at a place such as `members[0]`, `role`."""
    for step in steps:
        name, _, row = step.partition("[")
        inside = struct_of(kind)
        kind = get_type_hints(inside).get(name) if inside is not None else [Any, *get_args(kind)][-1]
        if row and get_origin(kind) is list:
            kind = get_args(kind)[0]
    return kind


def _expected(kind: Any) -> str:
    """What a field of that type takes, in words."""
    [kind, *_] = [each for each in get_args(kind) if each is not NoneType] if NoneType in get_args(kind) else [kind]
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(choice or '""' for choice in get_args(kind))
    return KINDS.get(get_origin(kind) or kind, "an object")
