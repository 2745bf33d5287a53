"""Money, days and months as people read them, in the language that is active.

Figures keep Western digits in every language, so that a sum on the screen equals the one in the letter.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NamedTuple

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language

from handslag.domain.tenancy.door import current_door

NO_BREAK = "\u00a0"
MINUS = "\u2212"
LEFT_TO_RIGHT, END_ISOLATE = "\u2066", "\u2069"


class Figures(NamedTuple):
    group: str
    decimal: str


_SWEDISH = Figures(NO_BREAK, ",")
_SWISS = {"de": Figures("’", "."), "fr": Figures(NO_BREAK, ".")}
_FIGURES = {"sv": _SWEDISH, "en": Figures(",", "."), "de": Figures(".", ","), "fr": _SWEDISH}


def _language() -> str:
    return (get_language() or "en").split("-")[0]


def language_of_figures() -> str:
    """The language whose marks the figures of the page have: sv where the page's own has none here."""
    return _language() if _language() in _FIGURES else "sv"


def unit() -> str:
    """What stands beside a field for an amount: kr, or the currency of the organisation."""
    return "kr" if _currency() == "SEK" else _currency()


def _currency() -> str:
    """That of the organisation whose door is open."""
    door = current_door()
    return door.the_tenant.currency if door is not None and door.tenant is not None else "SEK"


def figure(amount: int, currency: str = "") -> str:
    """An amount of minor units (öre, cents) without its currency: 439000 -> "4 390,00" (sv), "4,390.00" (en); of
    francs as Switzerland writes it: "4’390.00" (de). No currency: that of the organisation.

    Languages without figures of their own here follow Swedish, the language of the decision.
    """
    language = language_of_figures()
    marks = _SWISS.get(language, _FIGURES[language]) if (currency or _currency()) == "CHF" else _FIGURES[language]
    units, minor = divmod(abs(amount), 100)
    text = f"{units:,}".replace(",", marks.group) + f"{marks.decimal}{minor:02d}"
    return MINUS + text if amount < 0 else text


def money(amount: int, currency: str = "") -> str:
    """An amount of minor units with its currency, that of the organisation where none is named: "4 390,00 kr" (sv),
    "SEK 4,390.00" (en), unbroken.

    In right-to-left languages the sum is isolated, so that digits and sign keep their order.
    """
    currency = currency or _currency()
    text = figure(amount, currency)
    language = _language()
    if currency == "SEK" and language not in ("en", "de", "fr"):
        text = f"{text}{NO_BREAK}kr"
    elif amount < 0:
        text = f"{MINUS}{currency}{NO_BREAK}{text[1:]}"
    else:
        text = f"{currency}{NO_BREAK}{text}"
    return f"{LEFT_TO_RIGHT}{text}{END_ISOLATE}" if language in ("ar", "fa") else text


def change(amount: int, currency: str = "") -> str:
    """A difference with its sign: "+250,00 kr"; 0 has none."""
    text = money(amount, currency)
    if amount <= 0:
        return text
    return text.replace(LEFT_TO_RIGHT, LEFT_TO_RIGHT + "+") if LEFT_TO_RIGHT in text else "+" + text


def month(value: date | str) -> str:
    """A day or "2026-03" as "mars 2026"; ValueError for anything else."""
    return date_format(_day(value), "F Y")


def day(value: date | str) -> str:
    """A day, moment or "2026-03-25" as "25 mars 2026"; a moment is told in the zone that is active."""
    return date_format(_day(value), _long())


def moment(value: datetime) -> str:
    """An aware datetime as "25 mars 2026, 14:05" in the zone that is active."""
    return date_format(timezone.localtime(value), f"{_long()}, H:i")


def short_day(value: date | str) -> str:
    """The same in figures, for tables and spans: "2026-03-25", in German and French "25.03.2026"."""
    return date_format(_day(value), "d.m.Y" if _language() in ("de", "fr") else "Y-m-d")


def _long() -> str:
    return "j. F Y" if _language() == "de" else "j F Y"


def _day(value: date | str) -> date:
    if isinstance(value, str):
        return date.fromisoformat(value + "-01" if re.fullmatch(r"\d{4}-\d{2}", value) else value)
    if isinstance(value, datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value
