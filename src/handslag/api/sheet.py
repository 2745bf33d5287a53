"""`POST /api/v1/sheet`: a calculation for whoever asks, by the rules that the office calculates with.

Nothing is stored, nothing read but the rules and norm files: no log-in, no organisation, no database. The answer says
that it is no decision.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from handslag.api.problems import Problem, only, problem
from handslag.kernel import clock
from handslag.kernel.reading import MOST_DEEP, too_deep
from handslag.rules import packs
from handslag.rules.facts import FactsError
from handslag.rules.faults import misread, placed, said
from handslag.rules.norms import Norm, NormError, NormMissing, by_name, from_entries, not_yet_checked
from handslag.rules.sheet import Sheet, languages
from handslag.rules.shown import STYLE, ShownSheet, changes_to_text, codes_to_text, shown, to_html

MOST_BYTES: Final = 256 * 1024
_POLICY: Final = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; style-src "
    f"'sha256-{b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'"
)
SPOKEN: Final = ("en", "sv", "de", "fr")
"""The languages of a refusal; the first where nothing says which."""
_DATES: Final = ("since", "until", "checked_on", "known_from", "uncertain_from")


class Asked(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What is asked for. `facts`: of the pack, amounts in minor units; `before`: those of the month before, to compare.

    `known_on`: norms and rules as known on that day (else today); `decided_on`: sections as in force on that day
    (else the period's first); `tables`: norms that a municipality or district sets, as in a norm file; `lang`: else
    the pack's own; `names`: by key of a person, for the words.
    """

    pack: str
    facts: dict[str, Any]
    before: dict[str, Any] | None = None
    known_on: date | None = None
    decided_on: date | None = None
    tables: list[dict[str, Any]] = []
    lang: str = ""
    names: dict[str, str] = {}


class Refused(ValueError):
    """It isn't calculated: the faults, each as the rules say it, and where in the question they stand.

    `inside`: "facts" or "before", whose `kind` the pack says; else the question's own.
    """

    def __init__(self, problems: Sequence[str], inside: str = "", kind: type[msgspec.Struct] = Asked) -> None:
        super().__init__("; ".join(problems))
        self.problems, self.inside, self.kind = problems, inside, kind
        self.title = "The facts can't be calculated." if inside else "The question can't be read."

    def told(self, lang: str) -> list[str]:
        """Each fault with its place in the question, in one of the languages."""
        return [placed(problem, self.kind, lang, self.inside) for problem in self.problems]


class Answer(msgspec.Struct, kw_only=True):
    """The sheet as it would be stored, and in words."""

    sheet: Sheet
    shown: ShownSheet


@csrf_exempt
@only("POST")
def sheet(request: HttpRequest) -> HttpResponse:
    """Calculate: JSON in; by `Accept` the answer as JSON, text or HTML. 400 with each problem in the language
    of the sheet, 413, 415."""
    if request.content_type != "application/json":
        return problem(415, "Send application/json.")
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return problem(413, f"Send at most {MOST_BYTES} bytes.")
    try:
        asked = _read(request.body)
        answer = calculated(asked)
    except Refused as refusal:
        lang = _language(request.body)
        return problem(400, said(refusal.title, lang), *refusal.told(lang), lang=lang)
    kind = request.get_preferred_type(["application/json", "text/html", "text/plain"]) or "application/json"
    if kind == "text/html":
        page = HttpResponse(to_html(answer.shown, answer.sheet))
        page.headers["Content-Security-Policy"] = _POLICY
        return page
    if kind == "text/plain":
        text = f"{answer.shown.notice}\n\n{answer.sheet.to_text(asked.lang, asked.names)}"
        text += f"\n{changes_to_text(answer.shown, answer.sheet)}" if asked.before is not None else ""
        text += f"\n{codes_to_text(answer.shown, answer.sheet)}"
        return HttpResponse(text, content_type="text/plain; charset=utf-8")
    return HttpResponse(msgspec.json.encode(answer, order="sorted"), content_type="application/json")


def _read(body: bytes) -> Asked:
    """The question; Refused."""
    if too_deep(body):
        raise Refused([f"It lies deeper within itself than {MOST_DEEP} levels."])
    try:
        return msgspec.json.decode(body, type=Asked)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused([misread(error, Asked)]) from error


def _language(body: bytes) -> str:
    """The language in which a question is answered that can't be calculated, as far as it can be read: the one asked
    for, else its pack's own, else English."""
    try:
        asked = None if too_deep(body) else msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return SPOKEN[0]
    if not isinstance(asked, dict):
        return SPOKEN[0]
    if asked.get("lang") in SPOKEN:
        return str(asked["lang"])
    return languages(str(asked["pack"]))[0] if asked.get("pack") in packs.names() else SPOKEN[0]


def calculated(asked: Asked) -> Answer:
    """The answer; Refused."""
    try:
        law = packs.pack(asked.pack)
    except packs.PackError as error:
        raise Refused([f"pack: {error}"]) from error
    if asked.lang not in ("", *languages(asked.pack)):
        raise Refused([f"lang: one of {', '.join(languages(asked.pack))} is expected"])
    tables, known_on = _tables(asked.tables, law.LANGUAGE), asked.known_on or clock.central_today()

    def of(given: Mapping[str, Any], what: str) -> Sheet:
        try:
            facts = law.Facts.from_json(given)
        except FactsError as error:
            raise Refused(error.problems, what, packs.kind_of_facts(law)) from error
        try:
            packs.without_effect(law, getattr(facts, "canton", ""), facts.settings, tables, known_on)
            return law.calculate(facts, law.norms_of(facts, known_on, asked.decided_on, tables))
        except FactsError as error:
            raise Refused(error.problems, what, packs.kind_of_facts(law)) from error
        except NormMissing as error:
            place = "since: " if str(facts.since) in str(error) else ""
            raise Refused([f"{place}{error}"], what, packs.kind_of_facts(law)) from error
        except NormError as error:
            raise Refused([str(error)]) from error

    now = of(asked.facts, "facts")
    before = of(asked.before, "before") if asked.before is not None else None
    return Answer(sheet=now, shown=shown(now, asked.lang, names=asked.names, before=before, law_on=asked.decided_on))


def _tables(entries: Sequence[Mapping[str, Any]], lang: str) -> list[Norm]:
    """The norms that come with a question, labels in `lang`; Refused with the first fault of each of them."""
    norms, problems = [], []
    for number, entry in enumerate(entries):
        try:
            norms += from_entries([_dated(entry)], f"tables[{number}]", lang=lang)
            by_name(norms)
        except NormError as error:
            problems.append(str(error))
    if problems := problems or not_yet_checked(norms, clock.central_today()):
        raise Refused(problems)
    return norms


def _dated(entry: Any) -> Any:
    """A norm file's entry with its days as days, as YAML reads them."""
    if isinstance(entry, dict):
        return {key: _day(value) if key in _DATES else _dated(value) for key, value in entry.items()}
    return [_dated(each) for each in entry] if isinstance(entry, list) else entry


def _day(value: Any) -> Any:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return value  # the norm reader says what is expected


@cache
def schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of question and answer; `$defs` has the sheet and each pack's facts."""
    kinds = {name: packs.pack(name).Facts for name in packs.names()}
    every = [Asked, Answer, Problem, *kinds.values()]
    places, parts = msgspec.json.schema_components(every, ref_template="#/$defs/{name}")
    asked, answer, refusal, *facts = places
    of_pack = [
        {
            "if": {"properties": {"pack": {"const": name}}},
            "then": {"properties": {"facts": place, "before": {"anyOf": [place, {"type": "null"}]}}},
        }
        for name, place in zip(kinds, facts, strict=True)
    ]
    parts["Asked"]["properties"]["pack"]["enum"] = list(kinds)
    parts["Asked"]["allOf"] = of_pack
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A calculation: question, answer, problem",
        "oneOf": [asked, answer, refusal],
        "$defs": parts,
    }


@csrf_exempt  # there is nothing to protect: a POST is told that it is none
@only("GET")
def published(request: HttpRequest) -> HttpResponse:
    """`GET /api/v1/sheet/schema`: the schema."""
    text = json.dumps(schema(), ensure_ascii=False, indent=2, sort_keys=True)
    return HttpResponse(text, content_type="application/schema+json")
