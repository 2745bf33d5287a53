"""The German sheet in words: headings and one plain sentence for each line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from handslag.rules.de.codes import DEBTS, INCOMES, NEEDS, PAYEES
from handslag.rules.de.numbers import history
from handslag.rules.sheet import Line, Sheet
from handslag.rules.text import Group, Wording

LANGUAGES: Final = ("de", "en", "fr", "sv")

_NEEDS: Final = (
    "RATE", "RATE_LESS", "RATE_MORE", "MARK_G", "PREGNANT", "LONE_PARENT", "SCHOOL_HELP", "CAP", "HOT_WATER", "LUNCH",
    "RENT", "RENT_OTHERS", "HEATING", "HEATING_OTHERS", "DIFFERENCE", "DIFFERENCE_HEATING", "WARM_RENT", "CASH",
    "CLOTHING", "SUPPLIES_FIRST", "SUPPLIES_SECOND", "PARTICIPATION", "BORNE",
)  # fmt: skip
_INCOME: Final = (
    "INCOME", "NOT_INCOME", "TAX", "SOCIAL", "INSURANCE", "COSTS", "FREE_VOLUNTEER", "FREE_EARNINGS", "FREE_WORKSHOP",
    "FREE_PENSION", "FREE_GRUNDRENTE", "PRESUMED_OVER", "CHILD_BENEFIT_OVER", "CHILD_BENEFIT_TO", "CONTRIBUTIONS",
)  # fmt: skip
_NAMES: Final[Mapping[str, Mapping[str, Any]]] = {"NEED": NEEDS, "INCOME": INCOMES, "DEBT": DEBTS, "DIRECT": PAYEES}


def _kind(line: Line) -> str:
    return line.code.partition(".")[0]


def _is_need(line: Line, *, one_off: bool) -> bool:
    kind, _, code = line.code.partition(".")
    if kind == "NEED":
        return (NEEDS[code].kind == "one_off") is one_off
    return kind in _NEEDS and not one_off


class _German(Wording):
    def label(self, line: Line, lang: str) -> str:
        """What the line is called: "Regelsatz, alleinstehend", "Altersrente", "An den Vermieter"."""
        kind, _, code = line.code.partition(".")
        if kind in _NAMES:
            name: str = _NAMES[kind][code].name[lang]
            return name
        if kind == "RATE":
            return self.say(f"label.{line.numbers[0].name}", lang, age=line.params["age"])
        return self.say(f"label.{line.code}", lang)

    def results(self, sheet: Sheet) -> list[tuple[str, int]]:
        """Claims by chapter, what is withheld, what is paid."""
        total = sheet.totals
        rows = [("gsiae", total["GSiAE"]), ("hlu", total["HLU"]), ("supplement", total["Supplement"])]
        rows = [row for row in rows if row[1]]
        rows += super().results(sheet)
        if total["Arrears"]:
            rows.append(("arrears", total["Arrears"]))
        if total["Withheld"]:
            rows.append(("withheld", -total["Withheld"]))
        if total["Payment"] != sheet.granted:
            rows.append(("payment", total["Payment"]))
        return rows


WORDING: Final = _German(
    Path(__file__).parent,
    languages=LANGUAGES,
    currency="EUR",
    groups=(
        Group("need", "Need", lambda line: _is_need(line, one_off=False), always=True),
        Group("one_off", "OneOffNeed", lambda line: _is_need(line, one_off=True)),
        Group("income", "Income", lambda line: _kind(line) in _INCOME),
        Group("means", "Means", lambda line: line.code in ("RECEIVED", "ASSETS")),
        Group("claim", "Claim", lambda line: line.code in ("CLAIM_4", "CLAIM_3", "ONE_OFF", "SUPPLEMENT")),
        Group("loan", "AssetsLoan", lambda line: line.code == "ASSETS_LOAN"),
        Group("debts", "Adjustment", lambda line: line.code == "ARREARS" or _kind(line) == "DEBT"),
        Group("payment", "Payment", lambda line: line.code == "CLIENT" or _kind(line) == "DIRECT"),
    ),
    history=lambda region: history(),
    law=((r"§§? (\d+[a-z]?)\b.*SGB XII", "https://www.gesetze-im-internet.de/sgb_12/__{0}.html"),),
    uncounted=dict.fromkeys(("TAX", "SOCIAL", "INSURANCE", "COSTS", "CONTRIBUTIONS", "NOT_INCOME"), "deducted")
    | dict.fromkeys(("CLIENT", "DIRECT", "ARREARS", "DEBT", "ASSETS_LOAN"), "payment")
    | {
        "ASSETS": "assets",
        "BORNE": "borne",
        "ONE_OFF": "one_off",
        "RECEIVED": "received",
        "SUPPLEMENT": "supplement",
    },
)
to_text = WORDING.to_text


def label(line: Line, lang: str = "de") -> str:
    """What the line is called."""
    return WORDING.label(line, lang)


def explain(line: Line, lang: str = "de") -> str:
    """One line in plain words; LANGUAGES holds the languages."""
    return WORDING.explain(line, lang)


def uncertainty(name: str, choice: str, lang: str = "de") -> str:
    """Why the norm `name` is open, and what was chosen here."""
    return WORDING.uncertainty(name, choice, lang)
