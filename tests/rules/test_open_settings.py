"""What no source settles is named on the sheet where another choice would make another amount."""

from itertools import chain
from pathlib import Path

import msgspec
import pytest

from handslag import rules
from handslag.rules.case_files import Case, worked_cases
from handslag.rules.norms import NormMissing, load
from handslag.rules.packs import names


def choices(law: str) -> dict[str, list[str]]:
    """The choices of every setting of a law."""
    files = sorted(Path(rules.__file__).parent.joinpath(law).rglob("norms/**/*.yaml"))
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    norms = chain(*(load(text, str(path)) for path, text in texts.items() if "unit: choice" in text))
    return {norm.name: list(norm.choices) for norm in norms if norm.choices}


def amounts(case: Case, chosen: dict[str, str]) -> object:
    """What a case comes to with these settings."""
    facts = msgspec.structs.replace(case.facts, settings={**case.facts.settings, **chosen})
    norms = case.pack.norms_of(facts, case.known_on, case.decided_on, case.tables)
    sheet = case.pack.calculate(facts, norms)
    return sheet.totals, sheet.granted, sheet.surplus


def deciding(case: Case, every: dict[str, list[str]]) -> set[str]:
    """The open settings by which a case comes to something else and that its sheet doesn't name. The unnamed ones are
    turned together first, and one by one where that changes something or can't be done."""
    norms = case.pack.norms_of(case.facts, case.known_on, case.decided_on, case.tables)
    norms = norms.with_settings(case.facts.settings)
    named = case.calculate().uncertain
    others = {
        name: [choice for choice in every[name] if choice != number.used.value]
        for name, number in norms.resolved.numbers.items()
        if number.used.uncertain and name in every and name not in named
    }
    as_it_is = amounts(case, {})

    def turned(chosen: dict[str, str]) -> bool:
        try:
            return amounts(case, chosen) != as_it_is
        except NormMissing:
            return len(chosen) > 1  # together they ask for a table that there isn't: then one by one

    most = max((len(left) for left in others.values()), default=0)
    if not any(turned({name: left[min(n, len(left) - 1)] for name, left in others.items()}) for n in range(most)):
        return set()
    return {name for name, left in others.items() if any(turned({name: choice}) for choice in left)}


@pytest.mark.parametrize("law", names())
def test_a_sheet_names_every_open_setting_by_which_it_would_come_to_another_amount(law: str) -> None:
    every = choices(law)
    found = {name: deciding(case, every) for name, case in worked_cases(law) if case.known_on is None}
    assert len(found) >= 40
    assert {name: settings for name, settings in found.items() if settings} == {}
