"""Warnings as the case page shows them: in words, with the line that each concerns."""

from __future__ import annotations

from dataclasses import dataclass

from handslag.domain.casefile.models import CaseWarning
from handslag.domain.casefile.states import WarningState
from handslag.domain.lookups.queries import AUTHORITIES, authority_name
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.web.caseworker.facts import FactsForm
from handslag.web.caseworker.wording import WARNINGS
from handslag.web.ui import formats

#: What warnings on what an authority marks as protected say.
MARKED = {"INCOME_CHANGE": "CHANGE_MARKED", "UNHANDLED_INCOME": "FETCHED_MARKED"}


@dataclass(frozen=True)
class ShownWarning:
    """A warning in words; `line` is the id of the field that it concerns ("" where there is none)."""

    warning: CaseWarning
    text: str
    line: str
    open: bool


def shown_warnings(warnings: list[CaseWarning], form: FactsForm, lang: str) -> list[ShownWarning]:
    """The warnings of a period beside the form of its facts."""
    shown = []
    for one in warnings:
        rows = [row for row in (form.incomes if "INCOME" in one.kind else form.costs) if row.code == one.about]
        row = next((row for row in rows if row.person == one.person), rows[0] if rows else None)
        names = {code: kind.name[lang] for code, kind in (INCOMES if "INCOME" in one.kind else COSTS).items()}
        names |= {code: authority_name(code, lang) for code in AUTHORITIES}
        words = {
            "what": names.get(one.about) or one.about or form.names.get(one.person, ""),
            "now": formats.money(one.amount),
            "before": formats.money(one.amount_before),
            "whose": form.names.get(one.person, ""),
        }
        words["of"] = ", ".join(filter(None, (words["what"], words["whose"])))
        # an authority in place of an income: it marks the person as protected, so no amount is said
        kind = MARKED.get(one.kind, one.kind) if one.about in AUTHORITIES else one.kind
        if kind == "UNHANDLED_INCOME" and one.about in INCOMES:
            kind = "FETCHED_OTHERWISE"
        shown.append(
            ShownWarning(
                one,
                str(WARNINGS[kind]) % words,
                f"id_{row.place}-mine" if row else "",
                one.state == WarningState.OPEN,
            )
        )
    return shown
