"""The Swiss budget sheet in words: headings and one plain sentence for each line."""

from pathlib import Path
from typing import Final

from handslag.rules.ch.codes import COSTS, INCOMES
from handslag.rules.ch.numbers import history
from handslag.rules.sheet import Line, Sheet
from handslag.rules.text import Group, Wording

LANGUAGES: Final = ("de", "fr", "sv", "en")


def _is(line: Line, *codes: str) -> bool:
    return line.code.partition(".")[0] in codes


def _is_promoting(line: Line) -> bool:
    kind, _, code = line.code.partition(".")
    return kind == "IZU" or (kind == "COST" and COSTS[code].kind == "promoting")


def _is_basic(line: Line) -> bool:
    return _is(line, "GBL", "GBL_ASYLUM", "RENT") or (_is(line, "COST") and not _is_promoting(line))


class _Swiss(Wording):
    def label(self, line: Line, lang: str) -> str:
        """What the line is called: "Grundbedarf", "Nettolohn"."""
        kind, _, code = line.code.partition(".")
        if kind == "COST":
            return COSTS[code].name[lang]
        if kind == "INCOME":
            return INCOMES[code].name[lang]
        return super().label(line, lang)

    def results(self, sheet: Sheet) -> list[tuple[str, int]]:
        """Need, less income, less a sanction, less the rest where the entry test isn't passed; what is granted, less
        an instalment, what is paid."""
        total = sheet.totals
        rows = [
            ("need", total["BasicSecurity"] + total["Promoting"]),
            ("less_income", total["AllowanceSum"] - total["IncomeSum"]),
        ]
        if total["SanctionSum"]:  # of what there is, not more
            rows.append(("less_sanction", -min(total["SanctionSum"], max(total["Deficit"], 0))))
        left = sum(amount for _, amount in rows)
        if left > 0 and any(_is(line, "ENTRY") and line.text == "entry_no" for line in sheet.lines):
            rows.append(("not_entitled", -left))
        rows += super().results(sheet)
        if total["RestitutionSum"]:
            rows += [("less_restitution", -total["RestitutionSum"]), ("payable", total["Payable"])]
        return rows


WORDING: Final = _Swiss(
    Path(__file__).parent,
    languages=LANGUAGES,
    currency="CHF",
    locales={"de": "de-CH", "fr": "de-CH"},
    groups=(
        Group("basic", "BasicSecurity", _is_basic, always=True),
        Group("promoting", "Promoting", _is_promoting),
        Group("income", "IncomeSum", lambda line: _is(line, "INCOME", "PARTNER", "WEALTH")),
        Group("allowance", "AllowanceSum", lambda line: _is(line, "EFB", "MINOR")),
        Group("entry", "EntryDeficit", lambda line: _is(line, "ENTRY")),
        Group("sanction", "SanctionSum", lambda line: _is(line, "SANCTION")),
        Group("restitution", "RestitutionSum", lambda line: _is(line, "RESTITUTION")),
        Group("split", "ChargedSum", lambda line: _is(line, "SHARE")),
        Group("refund", "RefundDue", lambda line: _is(line, "REFUND")),
        Group("relatives", "RelativesAbove", lambda line: _is(line, "RELATIVE")),
    ),
    history=history,
    law=(
        (r"SHG BE", "https://www.belex.sites.be.ch/app/de/texts_of_law/860.1"),
        (r"SHV BE", "https://www.belex.sites.be.ch/app/de/texts_of_law/860.111"),
        (r"Sozialhilfehandbuch ZH", "https://www.zh.ch/de/soziales/sozialhilfe/sozialhilfehandbuch.html"),
        (r"(?:SHG|SHV|AfV) ZH", "https://www.zh.ch/de/politik-staat/gesetze-beschluesse/gesetzessammlung.html"),
        (r"SKOS-RL", "https://rl.skos.ch/"),
    ),
    uncounted=dict.fromkeys(
        ("INCOME", "EFB", "IZU", "PARTNER", "WEALTH", "MINOR", "SANCTION", "RESTITUTION"), "bookings"
    )
    | dict.fromkeys(("ENTRY", "SHARE", "REFUND", "RELATIVE"), "beside"),
)
to_text = WORDING.to_text


def label(line: Line, lang: str = "de") -> str:
    """What the line is called."""
    return WORDING.label(line, lang)


def explain(line: Line, lang: str = "de") -> str:
    """One line in plain words; LANGUAGES holds the languages."""
    return WORDING.explain(line, lang)


def uncertainty(name: str, choice: str, lang: str = "de", canton: str = "ZH") -> str:
    """Why the norm `name` is open in `canton`, and what was chosen here."""
    return WORDING.uncertainty(name, choice, lang, canton)
