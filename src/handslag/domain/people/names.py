"""Names as people have them, the key by which they sort in the tenant's language, and the letters that a bank takes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

import icu


def stored_name(text: str) -> str:
    """NFC, blanks at the ends and control characters taken away (bidi overrides and zero-width ones too)."""
    kept = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join(kept.split())


def name_tokens(*names: str) -> list[str]:
    """The words of names as they are searched: case folded, marks taken away ("Åberg-Ek" -> aberg, ek)."""
    plain = unicodedata.normalize("NFKD", " ".join(names).casefold())
    kept = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return sorted({token[:60] for token in kept.split()})


@lru_cache
def _collator(language: str) -> icu.Collator:
    return icu.Collator.createInstance(icu.Locale(language))


def sort_key(given: str, family: str, language: str) -> bytes:
    """The ICU collation key: family name first, then given name."""
    key: bytes = _collator(language).getSortKey(f"{family} {given}".strip())
    return key


# -- as a bank can be told them --------------------------------------------------------------------------------------

#: The letters beside a-z that Swedish banks take in names and messages, and how long those may be (characters).
BANK_LETTERS, BANK_NAME, BANK_MESSAGE = "åäöÅÄÖ", 70, 140
#: The same in the Swiss profile: of its Latin character set the letters that Swiss names have.
SWISS_LETTERS: Final = "àâäçèéêëìîïñòôöùúûüýßáíóÀÂÄÇÈÉÊËÌÎÏÑÒÔÖÙÚÛÜÁÍÓ"
_LOST: Final = "\ufffd"
_PLAIN = "a-zA-Z0-9/\\-?:().,'+"
_ALIKE = str.maketrans(
    'øØæÆłŁđĐðÐıħĦŋəƏƆɔƔɣƱʊƷʒƟɵɑ’‘ʼʻ`´"“”„«»–—‐‑−_&;[]{}\u00a0\t\n\r',
    "öÖäÄlLdDdDihHneEOoGgUuZzOoa''''''''''''------+,()()    ",
) | str.maketrans({"ß": "ss", "þ": "th", "Þ": "Th", "œ": "oe", "Œ": "Oe", "ʹ": "'", "ʺ": "'", "ǝ": "e", "Ǝ": "E"})


class BankText:
    """Brings names and messages to a bank's characters. `plain(text)` is None if nothing readable remains, or if a
    letter would be lost: a name of which half is left out is somebody else's."""

    def __init__(self, letters: str) -> None:
        self._fits = re.compile(f"[{_PLAIN} {re.escape(letters)}]+")
        self._tidy = re.compile(f"[a-zA-Z0-9][{_PLAIN}{re.escape(letters)}]*(?: [{_PLAIN}{re.escape(letters)}]+)*")

    def plain(self, text: str, length: int) -> str | None:
        """`text` in allowed characters, spaces folded, cut to `length`; `?` for signs that can't be written."""
        if len(text) <= length and self._tidy.fullmatch(text):
            return text
        if not self._fits.fullmatch(text):
            text = _in_latin(text)
            text = "".join(self._spelled(c) for c in unicodedata.normalize("NFC", text))
            if _LOST in text:
                return None
        text = " ".join(text.split())[:length].rstrip()
        return text if any(c.isalnum() for c in text) else None

    def _spelled(self, character: str) -> str:
        if self._fits.fullmatch(character):
            return character
        base = "".join(
            c
            for c in unicodedata.normalize("NFKD", character).translate(_ALIKE)
            if not unicodedata.combining(c) and unicodedata.category(c) != "Cf"
        )
        return "".join(c if self._fits.fullmatch(c) else _instead(c) for c in unicodedata.normalize("NFC", base))


@lru_cache
def bank_text(letters: str = BANK_LETTERS) -> BankText:
    """The one for a bank that takes these letters beside a-z."""
    return BankText(letters)


def _instead(character: str) -> str:
    """The letters a-z closest to a Latin one (ICU, Latin-ASCII), `_LOST` for any other letter; nothing for a mark or a
    modifier without Latin letter of its own (ayin, hamza), `?` for a sign."""
    kind = unicodedata.category(character)
    if kind[0] == "L" and kind != "Lm":
        told: str = _transliterator("Latin-ASCII").transliterate(character)
        return told if told.isascii() and told.isalpha() else _LOST
    return "" if kind[0] in "LM" or kind == "Sk" else "?"


@cache
def _transliterator(name: str) -> icu.Transliterator:
    return icu.Transliterator.createInstance(name)


def _in_latin(text: str) -> str:
    """The text with letters of other scripts written in Latin ones (ICU, Any-Latin): a payee's name must never
    keep the others' money from leaving. Latin letters stay as they are."""
    other = any(c.isalpha() and "LATIN" not in unicodedata.name(c, "LATIN") for c in text)
    if not other:
        return text
    spelled: str = _transliterator("Any-Latin").transliterate(text)
    return spelled


def slip_goes_to(text: BankText, lines: Sequence[str], postcode: str, city: str, country: str) -> bool:
    """Whether a bank can post a payment slip there: street, postcode, town and the country's two letters, as its file
    can say them."""
    told = [*((line, 70) for line in lines), (postcode, 16), (city, 35)]
    said = all(text.plain(part, length) is not None for part, length in told)
    return said and 1 <= len(lines) <= 7 and re.fullmatch("[A-Z]{2}", country) is not None
