"""The dated texts of legal effect, by legal order and language, as files of the product."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Any

from handslag.rules.yaml_files import shipped


class TextMissing(LookupError):
    """No such text is in force on that day in that language."""


@dataclass(frozen=True)
class DatedText:
    """A text with the day from which it is used, its source and its digest (SHA-256 over UTF-8)."""

    key: str
    language: str
    since: date
    source: str
    body: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.body.encode("utf-8")).hexdigest()


@cache
def _texts(legal_order: str) -> tuple[DatedText, ...]:
    file = resources.files("handslag.domain.documents").joinpath(f"texts/{legal_order}.yaml")
    found = []
    for key, versions in shipped(file).items():
        for version in versions:
            for language, body in version["text"].items():
                found.append(DatedText(key, language, version["since"], version["source"], body.strip()))
    return tuple(found)


def text_that_binds(legal_order: str, key: str, language: str, own: str, on: date) -> DatedText:
    """The text `key` for a reader of `language`: hers, or that of the `own` language of whoever asks, where hers has
    only a translation to help; TextMissing if there is none."""
    try:
        return text_for(legal_order, key, language, on)
    except TextMissing:
        return text_for(legal_order, key, own, on)


def help_with(legal_order: str, key: str, language: str, on: date) -> DatedText | None:
    """The translation that helps a reader of `language` to understand the text `key`; it binds nobody itself. None
    where there is none, or where the text itself is in her language."""
    try:
        return text_for(legal_order, f"{key}.help", language, on)
    except TextMissing:
        return None


def text_for(legal_order: str, key: str, language: str, on: date) -> DatedText:
    """The text `key` in `language` that is in force on a day; TextMissing if there is none."""
    fitting = [t for t in _texts(legal_order) if (t.key, t.language) == (key, language) and t.since <= on]
    if not fitting:
        raise TextMissing(f"{legal_order}/{key} in {language} on {on}")
    return max(fitting, key=lambda t: t.since)


@dataclass(frozen=True)
class Phrase:
    """A phrase for the reasons of a decision: its code, what it is called, what is filled in by whom (field: words,
    amount or day), and the dated text with the places for the fields."""

    code: str
    label: str
    fields: dict[str, str]
    text: DatedText


@cache
def _phrases(legal_order: str) -> dict[str, dict[str, Any]]:
    file = resources.files("handslag.domain.documents").joinpath(f"texts/phrases.{legal_order}.yaml")
    found: dict[str, dict[str, Any]] = shipped(file)
    return found


def phrases_for(legal_order: str, language: str, on: date) -> dict[str, Phrase]:
    """The phrases in force on a day in a language, by their code, in the order of their file."""
    found = {}
    for code, one in _phrases(legal_order).items():
        versions = [version for version in one["versions"] if version["since"] <= on]
        if versions:
            newest = max(versions, key=lambda version: version["since"])
            key, body = f"phrase.{code}", newest["text"][language]
            text = DatedText(key, language, newest["since"], newest["source"], body.strip())
            found[code] = Phrase(code, one["label"][language], dict(one["fields"]), text)
    return found
