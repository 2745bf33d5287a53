"""Case files: a household as people write it, why it matters, and the sheet that is expected.

Its keys:

    why: one or more sentences
    given:
      month: 2026-03                  # or since: and until: (half-open)
      members: [{key: anna, role: adult, birth_on: 1990-05-17}]
      costs: [{code: RENT, applied: 6200}]             # kronor; with öre as text: "6 200,50"
      incomes: [{code: SALARY, gross: 5600, person: anna, source: given}]
    decided_on: 2026-03-28            # optional: which Acts govern; else the period's first day
    known_on: 2026-03-28              # optional: norms as known on that day
    expected: |                       # the sheet as Swedish text
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from handslag.kernel.money import KRONA, AmountError, parse_amount
from handslag.kernel.months import Month
from handslag.rules.se.facts import Facts
from handslag.rules.se.pack import calculate, norms_for
from handslag.rules.sheet import Sheet

_AMOUNTS: Final = ("applied", "effective", "gross", "work_income_before")


class CaseError(ValueError):
    """The file is no case; the message names the file and the place."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case file, read. `expected` is "" where the file has none."""

    why: str
    facts: Facts
    decided_on: date | None
    known_on: date | None
    expected: str

    def calculate(self) -> Sheet:
        """The sheet of the case."""
        return calculate(self.facts, norms_for(self.facts.since, self.known_on, self.decided_on))


def read(path: Path) -> Case:
    """The case in `path`; CaseError when the file is none, FactsError when its facts can't be used."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CaseError(f"{path}: not YAML: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("given"), dict):
        raise CaseError(f"{path}: a case has `why`, `given` and `expected`")
    unknown = set(data) - {"why", "given", "decided_on", "known_on", "expected"}
    if unknown:
        raise CaseError(f"{path}: unknown {', '.join(sorted(map(str, unknown)))}")
    given = dict(data["given"])
    if "month" in given:
        try:
            month = Month.parse(str(given.pop("month")))
        except ValueError as error:
            raise CaseError(f"{path}: month: {error}") from error
        given["since"], given["until"] = month.since, month.until
    for day in ("decided_on", "known_on"):
        if not isinstance(data.get(day), date | None):
            raise CaseError(f"{path}: {day} is a date such as 2026-03-28")
    return Case(
        why=str(data.get("why", "")).strip(),
        facts=Facts.from_json(_minor(given, str(path))),
        decided_on=data.get("decided_on"),
        known_on=data.get("known_on"),
        expected=str(data.get("expected", "")),
    )


def _minor(value: Any, place: str) -> Any:
    """Plain data with amounts in öre and dates as text, from what a person wrote."""
    if isinstance(value, dict):
        return {
            k: _amount(v, f"{place}: {k}") if k in _AMOUNTS and v is not None else _minor(v, f"{place}: {k}")
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_minor(v, f"{place}[{n}]") for n, v in enumerate(value)]
    return value.isoformat() if isinstance(value, date) else value


def _amount(value: Any, place: str) -> int:
    if type(value) is int:
        return value * KRONA
    if isinstance(value, str):
        try:
            return parse_amount(value, "sv")
        except AmountError as error:
            raise CaseError(f"{place}: {error}") from error
    raise CaseError(f'{place}: whole kronor, or text such as "6 200,50"')
