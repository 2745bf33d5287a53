"""The Swedish sheet in words: headings and one plain sentence for each line."""

from pathlib import Path
from typing import Any, Final

from handslag.rules.se.codes import COSTS, INCOMES
from handslag.rules.se.facts import Cost
from handslag.rules.se.numbers import CHILD_WORK, LIMIT_CHANGE, PARTS, history
from handslag.rules.se.rows import NOT_TOLD
from handslag.rules.sheet import Line, Sheet
from handslag.rules.text import Group, Wording

LANGUAGES: Final = ("sv", "en", "de", "fr")


def _kind(line: Line) -> str:
    return line.code.partition(".")[0]


def _is_cost(line: Line, *, special: bool) -> bool:
    kind, _, code = line.code.partition(".")
    return kind == "COST" and COSTS[code].special == special


def _row(line: Line) -> str:
    """The row of the riksnorm that a line is, or that a norm of the municipality holds in place of."""
    name = line.numbers[0].name
    return name if name.startswith("riksnorm.") else PARTS[name.rpartition(".")[2]]


class _Swedish(Wording):
    def label(self, line: Line, lang: str) -> str:
        """What the line is called: "Ensamstående", "Barn 5 år, utan lunch", "Hyra"."""
        kind, _, code = line.code.partition(".")
        if line.text == "child_means":
            return self.say("label.child_means", lang)
        if kind == "COST":
            return COSTS[code].name[lang]
        if kind == "INCOME":
            return INCOMES[code].name[lang]
        if kind in ("COMMON", "CEILING"):
            return self.say(f"label.{kind.lower()}", lang)
        return self.say(f"label.{_row(line)}", lang, age=self.age(line, lang))

    def age(self, line: Line, lang: str) -> str:
        """ "5 år", "under 1 år"."""
        age = int(line.params["age"])
        return self.say("age", lang, age=age) if age > 1 else self.say(("age_under_1", "age_1")[age], lang)

    def clauses(self, line: Line, lang: str) -> list[str]:
        """Why the line is that much: its clauses."""
        p = line.params
        said: list[str] = []

        def add(key: str, **values: Any) -> None:
            said.append(self.say(key, lang, **values))

        def money(minor: int | str) -> str:
            return self.money(minor, lang)

        if line.text == "person":
            row = line.numbers[0]
            if _row(line) == row.name:
                add(f"explain.{row.name}", row=money(row.value), age=self.age(line, lang))
            elif _row(line) == "riksnorm.couple":
                add("explain.named_couple", norm=p["norm"], row=money(row.value))
            else:
                add("explain.named", norm=p["norm"], row=money(row.value))
            if p["days"] != p["month_days"]:
                add("explain.part", days=p["days"], month_days=p["month_days"])
            said += self.of_part(line, lang)
        elif line.text == "common":
            size, members = p["size"], p["members"]
            if _row(line) != line.numbers[0].name:
                add("explain.named", norm=p["norm"], row=money(p["whole"]))
            else:
                add("explain.common_one" if size == 1 else "explain.common", size=size, whole=money(p["whole"]))
            if p["further"]:
                step = int(line.numbers[0].value) - int(line.numbers[1].value)
                add("explain.further", step=money(step))
            if members != size:
                add("explain.share", members=members, size=size)
            if p["days"] != p["month_days"]:
                add("explain.part_common", days=p["days"], month_days=p["month_days"])
            said += self.of_part(line, lang)
        elif line.text == "cost":
            applied = int(p["applied"])
            if applied == 0 and line.amount:
                add("explain.cost_own", amount=money(line.amount))
            elif line.amount == applied:
                add("explain.cost_all")
            elif line.amount == 0:
                add("explain.cost_none", applied=money(applied))
            elif line.amount > applied:
                add("explain.cost_more", applied=money(applied), amount=money(line.amount))
            else:
                add("explain.cost_part", applied=money(applied), amount=money(line.amount))
        elif line.text == "cost_capped":
            said.append(self.capped(int(p["applied"]), int(line.numbers[0].value), line.numbers[0].source, lang))
        elif line.text == "child_means":
            add("explain.child_means", means=money(p["means"]), need=money(p["need"]))
        elif line.text == "ceiling":
            need, share, above = (money(minor) for minor in (p["need"], p["share"], -line.amount))
            add("explain.ceiling", need=need, size=p["size"], share=share, above=above)
        else:
            free = int(p["gross"]) - line.amount
            if line.text == "income_stimulus":
                percent = line.numbers[0].value
                add("explain.stimulus", gross=money(p["gross"]), percent=percent, free=money(free))
                if "§" not in line.section:
                    add("explain.stimulus_unchecked")
            elif line.text == "income_child":
                limit, before = money(line.numbers[0].value), money(p["earned_before"])
                counted = money(line.amount)
                add("explain.child_work", gross=money(p["gross"]), limit=limit, before=before, amount=counted)
                if any(n.name == CHILD_WORK and n.value == "month_after" for n in line.numbers):
                    add("explain.child_work_month_after")
            elif line.text == "income_own_need":
                add("explain.income_own_need")
            elif line.code == "INCOME.SURPLUS_FROM_PREVIOUS_MONTH":
                add("explain.carried")
            else:
                add("explain.income")
        if "limit_changed_on" in p:
            said.append(self.limit_change(line, lang))
        return said

    def of_part(self, line: Line, lang: str) -> list[str]:
        """Of a part of the month: the amount for a day; what earlier parts have counted, or that it isn't told."""
        said = []
        if "daily" in line.params:
            daily = int(line.params["daily"])
            said.append(self.say("explain.part_daily", lang, daily=self.money(daily, lang)))
            if line.amount != daily * int(line.params["days"]):
                said.append(self.say("explain.part_rest", lang))
        days = line.params.get("before", 0)
        if days != 0:
            key = "explain.part_before_untold" if days == NOT_TOLD else "explain.part_before"
            said.append(self.say(key, lang, before=self.shown(days, lang)))
        return said

    def limit_change(self, line: Line, lang: str) -> str:
        """That the guideline of a cost is another one from a day inside the period on, and which one counts."""
        first, last = (
            self.money(line.params[name], lang) if name in line.params else self.say("no_limit", lang)
            for name in ("limit_first", "limit_last")
        )
        choice = next(n.value for n in line.numbers if n.name == LIMIT_CHANGE)
        return self.say(f"explain.limit_{choice}", lang, day=line.params["limit_changed_on"], first=first, last=last)

    def capped(self, applied: int, limit: int, source: str, lang: str) -> str:
        """Why a cost is proposed at the municipality's guideline."""
        shown = self.money(limit, lang)
        return self.say(
            "explain.cost_capped", lang, applied=self.money(applied, lang), limit=shown, amount=shown, source=source
        )

    def results(self, sheet: Sheet) -> list[tuple[str, int]]:
        """Need, less income, what is granted, what is over."""
        total = sheet.totals
        need = total["NormSum"] + total["ExpenseSum"] + total["SpecialExpenseSum"] + total.get("AboveCeiling", 0)
        return [("need", need), ("less_income", -total["IncomeSum"]), *super().results(sheet)]


WORDING: Final = _Swedish(
    Path(__file__).parent,
    languages=LANGUAGES,
    currency="SEK",
    groups=(
        Group("norm", "NormSum", lambda line: _kind(line) in ("PERSON", "COMMON"), always=True),
        Group("expenses", "ExpenseSum", lambda line: _is_cost(line, special=False)),
        Group("special", "SpecialExpenseSum", lambda line: _is_cost(line, special=True)),
        Group("ceiling", "AboveCeiling", lambda line: _kind(line) == "CEILING"),
        Group("income", "IncomeSum", lambda line: _kind(line) == "INCOME"),
    ),
    history=lambda region: {**history(example=True), **history()},
    law=((r"\((\d{4}:\d+)\)", "https://rkrattsbaser.gov.se/sfst?bet={0}"),),
    uncounted={"INCOME": "income", "COST": "union"},
)
to_text = WORDING.to_text


def label(line: Line, lang: str = "sv") -> str:
    """What the line is called: "Ensamstående", "Barn 5 år, utan lunch", "Hyra"."""
    return WORDING.label(line, lang)


def explain(line: Line, lang: str = "sv") -> str:
    """One line in plain words; LANGUAGES holds the languages."""
    return WORDING.explain(line, lang)


def why_less(cost: Cost, lang: str = "sv") -> str:
    """Why less counts than was applied for: the office's own reason, else the municipality's guideline."""
    if cost.effective is None and cost.limit is not None:
        return WORDING.capped(cost.applied, cost.limit, cost.limit_source, lang)
    return cost.note


def uncertainty(name: str, choice: str, lang: str = "sv") -> str:
    """Why the norm `name` is open, and what was chosen here."""
    return WORDING.uncertainty(name, choice, lang)
