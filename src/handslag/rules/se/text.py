"""The Swedish sheet in words: headings and one plain sentence for each line, in sv and en."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from handslag.kernel.money import format_amount, format_money
from handslag.rules.se.codes import COSTS, INCOMES
from handslag.rules.se.numbers import history
from handslag.rules.sheet import Line, Sheet

LANGUAGES: Final = ("sv", "en")
_WIDTH: Final = 72


@lru_cache(maxsize=1)
def _texts() -> Mapping[str, Mapping[str, str]]:
    loaded: dict[str, dict[str, str]] = yaml.safe_load(
        Path(__file__).with_name("texts.yaml").read_text(encoding="utf-8")
    )
    return loaded


def _say(key: str, lang: str, **values: Any) -> str:
    return _texts()[key][lang].format(**values)


def label(line: Line, lang: str = "sv") -> str:
    """What the line is called: "Ensamstående", "Barn 5 år, utan lunch", "Hyra"."""
    kind, _, code = line.code.partition(".")
    if kind == "COST":
        return COSTS[code].name[lang]
    if kind == "INCOME":
        return INCOMES[code].name[lang]
    if kind == "COMMON":
        return _say("label.common", lang)
    return _say(f"label.{line.numbers[0].name}", lang, age=_age(line, lang))


def _age(line: Line, lang: str) -> str:
    age = line.params["age"]
    return _say("age", lang, age=age) if age else _say("age_under_1", lang)


def explain(line: Line, lang: str = "sv") -> str:
    """One line in plain words; LANGUAGES holds the languages."""
    p = line.params
    said: list[str] = []

    def add(key: str, **values: Any) -> None:
        said.append(_say(key, lang, **values))

    def money(minor: int | str) -> str:
        return format_money(int(minor), "SEK", lang)

    if line.text == "person":
        add(f"explain.{line.numbers[0].name}", row=money(line.numbers[0].value), age=_age(line, lang))
        if p["days"] != p["month_days"]:
            add("explain.part", days=p["days"], month_days=p["month_days"])
    elif line.text == "common":
        size, members = p["size"], p["members"]
        add("explain.common_one" if size == 1 else "explain.common", size=size, whole=money(p["whole"]))
        if p["further"]:
            step = int(line.numbers[0].value) - int(line.numbers[1].value)
            add("explain.further", step=money(step))
        if members != size:
            add("explain.share", members=members, size=size)
        if p["days"] != p["month_days"]:
            add("explain.part_common", days=p["days"], month_days=p["month_days"])
    elif line.text == "cost":
        applied = int(p["applied"])
        if line.amount == applied:
            add("explain.cost_all")
        elif line.amount == 0:
            add("explain.cost_none", applied=money(applied))
        else:
            add("explain.cost_part", applied=money(applied), amount=money(line.amount))
    else:
        free = int(p["gross"]) - line.amount
        if line.text == "income_stimulus":
            percent = line.numbers[0].value
            add("explain.stimulus", gross=money(p["gross"]), percent=percent, free=money(free))
        elif line.text == "income_child":
            limit, before = money(line.numbers[0].value), money(p["earned_before"])
            counted = money(line.amount)
            add("explain.child_work", gross=money(p["gross"]), limit=limit, before=before, amount=counted)
        else:
            add("explain.income")
        add(f"source.{p['source']}")
        if "period" in p:
            add("explain.paid", period=p["period"])
    if p.get("note"):
        said.append(f"({p['note']})")
    return " ".join(said)


def uncertainty(name: str, choice: str, lang: str = "sv") -> str:
    """Why the norm `name` is open, and what was chosen here."""
    norm = history()[name]
    chosen = norm.choices[choice][lang] if choice else ""
    return f"{norm.uncertain[lang]} {chosen}".strip()


def to_text(sheet: Sheet, lang: str, names: Mapping[str, str]) -> str:
    """The whole sheet: groups of lines with amounts, reasons and sections, then the result."""
    last = sheet.until - timedelta(days=1)
    out = [_say("title", lang, since=sheet.since, last=last), ""]

    def row(text: str, minor: int, indent: str = "") -> None:
        amount = format_amount(minor, lang).replace("\N{NO-BREAK SPACE}", " ")
        out.append(f"{indent}{text:<{_WIDTH - len(indent) - len(amount) - 1}} {amount}")

    def group(key: str, kinds: tuple[str, ...], special: bool | None = None) -> bool:
        lines = [
            line
            for line in sheet.lines
            if line.code.partition(".")[0] in kinds
            and (special is None or COSTS[line.code.partition(".")[2]].special == special)
        ]
        if not lines:
            return False
        out.append(_say(key, lang))
        for line in lines:
            text = label(line, lang)
            if line.person is not None:
                text += f", {names.get(line.person, line.person)}"
            row(text, line.amount, "  ")
            sentence = explain(line, lang).replace("\N{NO-BREAK SPACE}", " ")
            out.append(f"    {sentence} [{line.section}]")
        return True

    total = sheet.totals
    group("group.norm", ("PERSON", "COMMON"))
    row(_say("sum.norm", lang), total["NormSum"])
    if group("group.expenses", ("COST",), special=False):
        row(_say("sum.expenses", lang), total["ExpenseSum"])
    if group("group.special", ("COST",), special=True):
        row(_say("sum.special", lang), total["SpecialExpenseSum"])
    if group("group.income", ("INCOME",)):
        row(_say("sum.income", lang), total["IncomeSum"])
    out.append("")
    row(_say("need", lang), total["NormSum"] + total["ExpenseSum"] + total["SpecialExpenseSum"])
    row(_say("less_income", lang), -total["IncomeSum"])
    row(_say("granted", lang), sheet.granted)
    if sheet.surplus:
        row(_say("surplus", lang), sheet.surplus)
    if sheet.uncertain:
        out += ["", _say("uncertain", lang)]
        reasons = [f"  {uncertainty(name, choice, lang)}" for name, choice in sheet.uncertain.items()]
        out += dict.fromkeys(reasons)
    if sheet.has_example:
        out += ["", _say("example", lang)]
    return "\n".join(out) + "\n"
