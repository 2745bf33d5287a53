"""Rules beside the sheet as tables of cases (rules/se/rule_cases): what is given, what a rule says, what it should."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from handslag.kernel.months import Month
from handslag.rules import se
from handslag.rules.se.history import Stimulus, earned_before, job_stimulus
from handslag.rules.se.months import (
    changed,
    comparison_month,
    control_month,
    still_missing,
    study_support_stopped,
)
from handslag.rules.se.numbers import norms_for
from handslag.rules.se.retention import kept_for_research


@dataclass(frozen=True)
class RuleCase:
    """One row of a table."""

    why: str
    found: Callable[[], Any]
    expected: Any


def _months(spans: list[str]) -> set[Month]:
    found = set()
    for span in spans:
        at, last = (Month.parse(text) for text in span.split(".."))
        while at <= last:
            found.add(at)
            at += 1
    return found


def _stimulus(row: dict[str, Any]) -> RuleCase:
    holds = Stimulus(*map(Month.parse, row["holds"])) if row["holds"] else None
    return RuleCase(row["why"], lambda: job_stimulus(_months(row["supported"]), Month.parse(row["month"])), holds)


def _earned(row: dict[str, Any]) -> RuleCase:
    earned = {Month.parse(month): kronor * 100 for month, kronor in row["earned"].items()}
    return RuleCase(row["why"], lambda: earned_before(earned, Month.parse(row["month"])), row["before"] * 100)


def _change(row: dict[str, Any]) -> RuleCase:
    percent = norms_for(date(2026, 3, 1)).income_change
    return RuleCase(row["why"], lambda: changed(row["control"] * 100, row["comparison"] * 100, percent), row["warns"])


def _retention(row: dict[str, Any]) -> RuleCase:
    return RuleCase(row["why"], lambda: kept_for_research(row["born"], row["municipality"]), row["kept"])


def _looked_at(row: dict[str, Any]) -> RuleCase:
    month = Month.parse(row["month"])
    return RuleCase(
        row["why"],
        lambda: [str(control_month(month)), str(comparison_month(month))],
        [row["control"], row["comparison"]],
    )


def _missing(row: dict[str, Any]) -> RuleCase:
    return RuleCase(row["why"], lambda: still_missing(row["calculated"], row["fetched"]), row["missing"])


def _study(row: dict[str, Any]) -> RuleCase:
    paid = _months(row["paid"])
    return RuleCase(row["why"], lambda: study_support_stopped(Month.parse(row["month"]), paid), row["stopped"])


TABLES: dict[str, Callable[[dict[str, Any]], RuleCase]] = {
    "job-stimulus": _stimulus,
    "child-earned-before": _earned,
    "income-change": _change,
    "retention": _retention,
    "months": _looked_at,
    "still-missing": _missing,
    "study-support": _study,
}


def every() -> Iterator[RuleCase]:
    """All rows of all tables."""
    for name, read in TABLES.items():
        path = Path(se.__file__).parent / "rule_cases" / f"{name}.yaml"
        yield from map(read, yaml.safe_load(path.read_text(encoding="utf-8")))
