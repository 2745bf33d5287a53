"""A calculation as our sheet component shows it: groups of lines in plain words, totals, differences to last month."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from handslag.domain.people.queries import Seen
from handslag.rules.se.codes import COSTS
from handslag.rules.se.text import WORDING, label
from handslag.rules.sheet import Line, Sheet, wording_of
from handslag.rules.shown import differences, law_url, shown


@dataclass(frozen=True)
class ShownLine:
    """One line of the sheet in words; `diff` in öre against last month (None: no such month)."""

    text: str
    person: str
    amount: int
    formula: str
    law: str
    law_url: str
    diff: int | None


@dataclass(frozen=True)
class ShownGroup:
    """A group of lines with its sum."""

    title: str
    lines: list[ShownLine]
    total_text: str
    total: int


@dataclass(frozen=True)
class ShownSheet:
    """A whole calculation. `diff`: of the result to last month, in öre."""

    groups: list[ShownGroup]
    need: int
    income: int
    granted: int
    surplus: int
    diff: int | None
    uncertain: list[str]
    has_example: bool


#: The totals in the order of the calculation, with the lines that belong to each.
_GROUPS: tuple[tuple[str, Callable[[Line], bool]], ...] = (
    ("NormSum", lambda line: line.code.split(".")[0] in ("PERSON", "COMMON")),
    ("ExpenseSum", lambda line: _is_cost(line, special=False)),
    ("SpecialExpenseSum", lambda line: _is_cost(line, special=True)),
    ("AboveCeiling", lambda line: line.code == "CEILING"),
    ("IncomeSum", lambda line: line.code.startswith("INCOME")),
)


def names_of(seen: Mapping[UUID, Seen]) -> dict[str, str]:
    """What people are called on the page, by person key."""
    return {str(key): one.name or _("Protected person") for key, one in seen.items()}


def masked_of(seen: Mapping[UUID, Seen]) -> set[str]:
    """The keys of those who may not be seen."""
    return {str(key) for key, one in seen.items() if one.masked}


def _tells_age(line: Line, masked: Set[str]) -> bool:
    return line.person in masked and "age" in line.params


def shown_letter_line(said: dict[str, Any], line: Line, masked: Set[str]) -> dict[str, Any]:
    """A line of a letter's calculation, of somebody `masked` without name and age."""
    if line.person not in masked:
        return said
    shown = said | {"who": _("Protected person")}
    return shown | {"text": _("Norm of a protected person"), "explanation": ""} if _tells_age(line, masked) else shown


def _is_cost(line: Line, *, special: bool) -> bool:
    kind, _, code = line.code.partition(".")
    return kind == "COST" and COSTS[code].special == special


def _by_parts(sheet: Sheet, names: Mapping[str, str], lang: str, before: Sheet | None) -> ShownSheet:
    """The sheet in the parts that its own law has."""
    told = shown(sheet, lang, names=names, before=before, decision=True)
    groups = [
        ShownGroup(
            group.label,
            [
                ShownLine(
                    line.label,
                    line.person or "",
                    line.amount,
                    line.sentence,
                    line.law.text,
                    line.law.url,
                    line.difference,
                )
                for line in group.lines
            ],
            group.sum.label,
            group.sum.amount,
        )
        for group in told.groups
    ]
    need, less = (amount for _name, amount in wording_of(sheet.pack).results(sheet)[:2])
    return ShownSheet(
        groups, need, -less, sheet.granted, sheet.surplus, told.difference, told.uncertain, sheet.has_example
    )


def shown_sheet(
    sheet: Sheet, names: Mapping[str, str], masked: Set[str], lang: str, before: Sheet | None = None
) -> ShownSheet:
    """The sheet in words of `lang`; `names` by person key; `masked`: who may not be seen; `before`: last month's.

    The row of the norm of somebody masked is shown without the age that it names. Its amount stays, as the sheet must
    add up for whoever works with it: it tells the band of ages that the norm has that amount for, and no more.
    """
    if sheet.pack != "se":
        return _by_parts(sheet, names, lang, before)
    moved = differences(sheet, before)
    words = {
        "NormSum": (_("National norm"), _("Norm in all")),
        "ExpenseSum": (_("Reasonable costs outside the norm"), _("Costs in all")),
        "SpecialExpenseSum": (_("Other costs of living"), _("Other costs in all")),
        "AboveCeiling": (_("Ceiling"), _("Above the ceiling")),
        "IncomeSum": (_("Income"), _("Income in all")),
    }
    groups = []
    for total, belongs in _GROUPS:
        lines = [
            ShownLine(
                _("Norm of a protected person") if _tells_age(line, masked) else label(line, lang),
                names.get(line.person or "", ""),
                line.amount,
                "" if _tells_age(line, masked) else sheet.explain(line, lang),
                line.section,
                law_url(WORDING, line.section),
                moved[place],
            )
            for place, line in enumerate(sheet.lines)
            if belongs(line)
        ]
        if lines:
            groups.append(ShownGroup(words[total][0], lines, words[total][1], sheet.totals[total]))
    totals = sheet.totals
    return ShownSheet(
        groups,
        totals["NormSum"] + totals["ExpenseSum"] + totals["SpecialExpenseSum"] + totals.get("AboveCeiling", 0),
        totals["IncomeSum"],
        sheet.granted,
        sheet.surplus,
        sheet.granted - before.granted if before else None,
        WORDING.doubts(sheet, lang),
        sheet.has_example,
    )
