"""The dated texts of legal effect, by legal order and language, as files of the product."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import yaml


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
    for key, versions in yaml.safe_load(file.read_text(encoding="utf-8")).items():
        for version in versions:
            for language, body in version["text"].items():
                found.append(DatedText(key, language, version["since"], version["source"], body.strip()))
    return tuple(found)


def text_for(legal_order: str, key: str, language: str, on: date) -> DatedText:
    """The text `key` in `language` that is in force on a day; TextMissing if there is none."""
    fitting = [t for t in _texts(legal_order) if (t.key, t.language) == (key, language) and t.since <= on]
    if not fitting:
        raise TextMissing(f"{legal_order}/{key} in {language} on {on}")
    return max(fitting, key=lambda t: t.since)
