"""Money is a whole number of minor units (öre, Rappen, cents) beside its currency; never a float."""

from typing import Final

KRONA: Final = 100
"""One krona, franc or euro in minor units: every currency in use here has a hundred."""

MAXIMUM: Final = 10**12
"""Largest amount accepted anywhere, in minor units: sums and products of law stay far inside 53 and 64 bits."""

_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"
# language: (thousands separator, decimal separator)
_MARKS: Final = {
    "sv": (_NO_BREAK, ","),
    "de": (".", ","),
    "de-CH": ("\N{RIGHT SINGLE QUOTATION MARK}", "."),
    "fr": ("\N{NARROW NO-BREAK SPACE}", ","),
    "en": (",", "."),
    "ar": (_NO_BREAK, ","),  # for readers in Sweden: figures as they stand in the Swedish letter
}
_SIGNS: Final = {("SEK", "sv"): "kr"}
_GROUPS: Final = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}'\N{RIGHT SINGLE QUOTATION MARK}"


class AmountError(ValueError):
    """The text is no amount; `reason` is one of empty, characters, decimals, groups, size, negative."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(f"not an amount ({reason}): {text[:40]!r}")
        self.reason = reason


def format_amount(minor: int, lang: str = "sv", *, decimals: bool | None = None) -> str:
    """Minor units as people of `lang` write them: 655000 -> "6 550", 655050 -> "6 550,50" (sv).

    `decimals` None shows them only when they aren't zero; True always, False refuses to hide any.
    """
    thousands, point = _MARKS[lang]
    whole, rest = divmod(abs(minor), KRONA)
    if decimals is False and rest:
        raise ValueError(f"{minor} has decimals")
    text = f"{whole:,}".replace(",", thousands)
    if decimals or (decimals is None and rest):
        text = f"{text}{point}{rest:02}"
    return f"{_MINUS}{text}" if minor < 0 else text


def format_money(minor: int, currency: str = "SEK", lang: str = "sv", *, decimals: bool | None = None) -> str:
    """Amount with its currency, never broken over lines: "6 550 kr", "SEK 6,550", "1’250.50 CHF"."""
    amount = format_amount(minor, lang, decimals=decimals)
    sign = _SIGNS.get((currency, lang), currency)
    return f"{sign}{_NO_BREAK}{amount}" if lang == "en" else f"{amount}{_NO_BREAK}{sign}"


def parse_amount(text: str, lang: str = "sv", most: int = MAXIMUM) -> int:
    """What a person typed, as minor units: "6 550", "6550,50", "6 550:-", "6.550,50" (de).

    Accepts the decimal mark of `lang`, and the other one too where it can't be a thousands separator.
    Raises AmountError rather than guess: "1.250" is refused in Swedish, where it may mean either; and above `most`.
    """
    shown = text
    text = text.strip().removesuffix(":-").removesuffix("kr").strip()
    if not text:
        raise AmountError("empty", shown)
    if text[0] in "-\N{MINUS SIGN}":
        raise AmountError("negative", shown)
    if any(c not in "0123456789.," + _GROUPS for c in text):
        raise AmountError("characters", shown)
    thousands, point = _MARKS[lang]
    other = "." if point == "," else ","
    alone = text.partition(other)
    if point not in text and len(alone[0]) > 3 and alone[0].isdigit() and alone[2].isdigit() and len(alone[2]) > 2:
        raise AmountError("decimals", shown)  # more than three digits before it: no mark of thousands
    lone = point not in text and text.count(other) == 1 and len(alone[2]) in (1, 2)  # no group of thousands: decimals
    if thousands == other and other in text and not lone:
        whole, mark, rest = text.partition(point)
        groups = whole.split(other)
    else:
        mark = point if point in text else other
        if point in text and other in text:
            raise AmountError("groups", shown)
        whole, mark, rest = text.partition(mark)
        for separator in _GROUPS:
            whole = whole.replace(separator, " ")
        groups = whole.split(" ")
        if mark == other and len(rest) == 3:
            raise AmountError("groups", shown)
    if rest and not rest.isdigit():
        raise AmountError("groups", shown)  # another mark behind the decimal mark
    if mark and len(rest) not in (1, 2):
        raise AmountError("decimals", shown)
    if not all(g.isdigit() for g in groups) or (
        len(groups) > 1
        and not (len(groups[0]) in (1, 2, 3) and groups[0][0] != "0" and all(len(g) == 3 for g in groups[1:]))
    ):
        raise AmountError("groups", shown)
    if sum(map(len, groups)) > 20:
        raise AmountError("size", shown)
    minor = int("".join(groups)) * KRONA + int((rest + "00")[:2] if mark else 0)
    if minor > most:
        raise AmountError("size", shown)
    return minor
