"""Case files: a household as people write it, why it matters, and the sheet that is expected.

Its keys:

    pack: se                          # the legal order; se where it says none
    why: one or more sentences
    given:
      month: 2026-03                  # or since: and until: (half-open)
      members: [{key: anna, role: adult, birth_on: 1990-05-17}]
      costs: [{code: RENT, applied: 6200}]             # kronor; with öre as text: "6 200,50"
      incomes: [{code: SALARY, gross: 5600, person: anna, source: given}]
    decided_on: 2026-03-28            # optional: which Acts govern; else the period's first day
    known_on: 2026-03-28              # optional: norms as known on that day
    tables: [...]                     # optional: norms that another body sets (rents), as in a norm file
    expected: |                       # the sheet as text, in the pack's own language
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from handslag.kernel.money import KRONA, AmountError, format_amount, parse_amount
from handslag.kernel.months import Month
from handslag.rules.facts import FactsError
from handslag.rules.faults import located, placed
from handslag.rules.norms import Norm, NormError, NormMissing, from_entries
from handslag.rules.packs import Pack, PackError, kind_of_facts, pack, without_effect
from handslag.rules.sheet import Sheet
from handslag.rules.yaml_files import YamlError, line_of, read_yaml, text_of


class CaseError(ValueError):
    """The file is no case; the message names the file and the place."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case file, read. `expected` is "" where the file has none."""

    pack: Pack
    why: str
    facts: Any
    decided_on: date | None
    known_on: date | None
    tables: tuple[Norm, ...]
    expected: str
    file: str
    text: str

    def with_tables(self, tables: Sequence[Norm]) -> Self:
        """The same case with norms of another body; one takes the place of the case's own of its name."""
        own = {norm.name: norm for norm in (*self.tables, *tables)}
        return replace(self, tables=tuple(own.values()))

    def calculate(self) -> Sheet:
        """The sheet of the case; FactsError, NormMissing name its file. They, and NormError, too where a setting or a
        table has no effect, as nobody knows of it yet on `known_on`."""
        try:
            region, settings = getattr(self.facts, "canton", ""), self.facts.settings
            without_effect(self.pack, region, settings, self.tables, self.known_on)
            norms = self.pack.norms_of(self.facts, self.known_on, self.decided_on, self.tables)
            return self.pack.calculate(self.facts, norms)
        except FactsError as error:
            raise _placed(error, self.pack, self.file, self.text) from error
        except NormMissing as error:
            at = "month" if re.search(r"^  month:", self.text, re.MULTILINE) else "since"
            if str(error).startswith("norm."):
                at = "norm"
            elif str(self.facts.since) not in str(error):
                at = "members"
            raise NormMissing(f"{self.file}: line {line_of(self.text, ['given', at])}: {error}") from error


def read(path: Path) -> Case:
    """The case in `path`; CaseError when the file is none, FactsError, with file and line, when its
    facts can't be used."""
    try:
        text = text_of(path)
        data = read_yaml(text)
    except YamlError as error:
        raise CaseError(f"{path}: {error}") from error

    def at(*steps: str) -> str:
        return f"{path}: line {line_of(text, steps)}: "

    if not isinstance(data, dict):
        raise CaseError(f"{at()}a case has `why`, `given` and `expected`")
    known = ("pack", "why", "given", "decided_on", "known_on", "tables", "expected")
    if unknown := sorted(str(key) for key in data if key not in known):
        raise CaseError(f"{at(unknown[0])}unknown {', '.join(unknown)}; there are {', '.join(known)}")
    if not isinstance(data.get("given"), dict):
        raise CaseError(f"{at('given')}a case has `why`, `given` and `expected`")
    tables = data.get("tables", [])
    if not isinstance(tables, list):
        raise CaseError(f"{at('tables')}tables: a list of norms is expected")
    lines = [line_of(text, ["tables", str(n)]) for n in range(len(tables))]
    try:
        law = pack(str(data.get("pack", "se")))
        tables = tuple(from_entries(tables, str(path), lines, text, "tables", lang=law.LANGUAGE))
    except PackError as error:
        raise CaseError(f"{at('pack')}pack: {error}") from error
    except NormError as error:
        raise CaseError(f"tables: {error}") from error
    given = dict(data["given"])
    if "month" in given:
        if both := [key for key in ("since", "until") if key in given]:
            raise CaseError(f"{at('given', both[0])}{both[0]}: a case has a month, or since and until")
        try:
            month = Month.parse(str(given.pop("month")))
        except ValueError as error:
            raise CaseError(f"{at('given', 'month')}month: {error}") from error
        given["since"], given["until"] = month.since, month.until
    for day in ("decided_on", "known_on"):
        if not isinstance(data.get(day), date | None) or isinstance(data.get(day), datetime):
            raise CaseError(f"{at(day)}{day} is a date such as 2026-03-28")
    try:
        facts = law.Facts.from_json(_minor(given, law, ()))
    except _MisplacedError as error:
        raise CaseError(f"{at('given', *error.steps)}{error}") from error
    except FactsError as error:
        raise _placed(error, law, str(path), text) from error
    return Case(
        pack=law,
        why=str(data.get("why", "")).strip(),
        facts=facts,
        decided_on=data.get("decided_on"),
        known_on=data.get("known_on"),
        tables=tables,
        expected=str(data.get("expected", "")),
        file=str(path),
        text=text,
    )


def _placed(error: FactsError, law: Pack, file: str, text: str) -> FactsError:
    """The same faults, each with the file, its line, the place and what is wrong there."""
    said = []
    for problem in error.problems:
        place, _ = located(problem, kind_of_facts(law))
        line = line_of(text, ["given", *re.findall(r"\w+", place or problem.partition(": ")[0])])
        said.append(f"{file}: line {line}: {placed(problem, kind_of_facts(law))}")
    return FactsError(said)


@cache
def worked_cases(name: str) -> tuple[tuple[str, Case], ...]:
    """(name, case) of each case that the pack is shipped with: a person has worked out what it must come to."""
    folder = Path(__file__).parent / pack(name).PACK / "cases"
    return tuple((path.stem, read(path)) for path in sorted(folder.rglob("*.yaml")))


class _MisplacedError(ValueError):
    """What stands at `steps` of the facts, inside `place`, isn't what is expected there; the message says so."""

    def __init__(self, told: str, steps: Sequence[str], place: Sequence[str]) -> None:
        inside = "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in place).lstrip(".")
        super().__init__(": ".join(filter(None, [inside, told])))
        self.steps = steps


def _no_amount(told: str, law: Pack, steps: Sequence[str]) -> _MisplacedError:
    shown = format_amount(620_050, law.LOCALE).replace("\N{NO-BREAK SPACE}", " ")
    return _MisplacedError(f'{told}whole {law.WHOLE_UNITS}, or text such as "{shown}"', steps, steps)


def _minor(value: Any, law: Pack, steps: tuple[str, ...]) -> Any:
    """Plain data with amounts in minor units and dates as text, from what a person wrote."""
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                told = f"{key} is no name: a name is expected, in quotation marks where it looks like a number or a day"
                raise _MisplacedError(told, (*steps, str(key)), steps)
        return {
            k: (_amount if k in law.AMOUNTS and v is not None else _minor)(v, law, (*steps, k))
            for k, v in value.items()
        }
    if isinstance(value, list):
        return [_minor(v, law, (*steps, str(n))) for n, v in enumerate(value)]
    return value.isoformat() if isinstance(value, date) else value


def _amount(value: Any, law: Pack, steps: tuple[str, ...]) -> int:
    if type(value) is int:
        return value * KRONA
    if isinstance(value, str):
        try:
            return parse_amount(value, law.LOCALE)
        except AmountError as error:
            raise _no_amount(f"{error}; expected are ", law, steps) from error
    raise _no_amount("", law, steps)
