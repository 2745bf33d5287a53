"""Names as people have them, and the key by which they sort in the tenant's language."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

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
