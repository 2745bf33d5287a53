"""What is signed, in the words of the page: nothing is shown that isn't in the document, and all of it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import get_language, gettext

from handslag.rules.se.codes import COSTS, INCOMES, CostCode, IncomeCode
from handslag.web.citizen.person import member_facts
from handslag.web.ui.formats import money

CODES: dict[str, Mapping[str, CostCode | IncomeCode]] = {"incomes": INCOMES, "costs": COSTS}


def code_name(kind: str, code: str) -> str:
    """What a kind of income or cost is called; nothing for a code that there isn't."""
    found = CODES[kind].get(code)
    return found.name["en" if (get_language() or "sv").startswith("en") else "sv"] if found else ""


def sections(shown: dict[str, Any], viewer: UUID) -> dict[str, Any]:
    """The document in parts for the template: household, same, changes, incomes, costs, sums, message."""
    members = [member_facts(member, viewer) for member in shown["household"]]
    names = {member["person"]: member["name"] for member in members}
    answers = shown["answers"]
    lists = {
        kind: [
            {
                "label": code_name(kind, row["code"]) or gettext("No kind chosen"),
                "amount": money(row["amount"]),
                "person": names.get(row["person"] or "", ""),
                "note": row["note"],
            }
            for row in answers[kind]
        ]
        for kind in CODES
    }
    return {
        "members": members,
        "same": answers["household"]["same"],
        "changes": answers["household"]["changes"],
        **lists,
        "income_sum": money(sum(row["amount"] for row in answers["incomes"])),
        "cost_sum": money(sum(row["amount"] for row in answers["costs"])),
        "message": answers["message"],
    }
