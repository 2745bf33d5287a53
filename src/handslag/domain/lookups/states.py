"""States of what an authority answered, and of what a person says is wrong in it."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices

#: Who can be asked, by the code that the composite service has for them.
AUTHORITIES: Final[dict[str, dict[str, str]]] = {
    "AF": {"sv": "Arbetsförmedlingen", "en": "Public Employment Service"},
    "CSN": {"sv": "CSN", "en": "Board of Student Finance (CSN)"},
    "FK": {"sv": "Försäkringskassan", "en": "Social Insurance Agency"},
    "PM": {"sv": "Pensionsmyndigheten", "en": "Pensions Agency"},
    "SKV": {"sv": "Skatteverket", "en": "Tax Agency"},
    "SO": {"sv": "A-kassorna", "en": "Unemployment funds"},
    "TNS": {"sv": "Transportstyrelsen", "en": "Transport Agency"},
    "MIV": {"sv": "Migrationsverket", "en": "Migration Agency"},
}


class AnswerState(TextChoices):
    """`failed` is an answer of its own: it is never the same as having nothing to say."""

    ANSWERED = "answered"
    FAILED = "failed"


class DisputeReason(TextChoices):
    """What a person says is wrong with a fetched line; `back`: she takes back what she said."""

    AMOUNT = "amount"
    MISSING = "missing"
    NOT_MINE = "not_mine"
    MONTH = "month"
    OTHER = "other"
    BACK = "back"


class Verdict(TextChoices):
    """What a caseworker decided about a disputed line. What counts in money stands in the sheet."""

    AS_FETCHED = "fetched"
    AS_SAID = "said"
    OTHERWISE = "other"


def authority_name(code: str, language: str) -> str:
    """What an authority is called; in a language that we have no name in, as in Sweden."""
    names = AUTHORITIES[code]
    return names.get(language, names["sv"])
