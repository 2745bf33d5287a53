"""Names as people have them, and the key by which they sort in the tenant's language."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import icu


def stored_name(text: str) -> str:
    """NFC, blanks at the ends and control characters taken away (bidi overrides and zero-width ones too)."""
    kept = "".join(c for c in unicodedata.normalize("NFC", text) if unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join(kept.split())


@lru_cache
def _collator(language: str) -> icu.Collator:
    return icu.Collator.createInstance(icu.Locale(language))


def sort_key(given: str, family: str, language: str) -> bytes:
    """The ICU collation key: family name first, then given name."""
    key: bytes = _collator(language).getSortKey(f"{family} {given}".strip())
    return key
