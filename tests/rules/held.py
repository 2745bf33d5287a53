"""The sheets of the worked cases as they were known on each of some days, held by a digest.

    python -m tests.rules.held

holds the cases that aren't yet (new ones); `--all` holds all anew, for days that were added or a case that itself was
changed, never for a rule whose result became another one: that is a new version of it (handslag.rules.versions).
"""

import hashlib
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from handslag.rules.case_files import Case, worked_cases
from handslag.rules.facts import FactsError
from handslag.rules.norms import NormMissing
from handslag.rules.packs import names

DAYS: Final = tuple(date(2026, 11, 26) + timedelta(days=n) for n in range(7))
"""Before and after each correction; a day is added when nothing more becomes known on it."""
FILE: Final = Path(__file__).with_name("held_sheets.txt")


def digest(case: Case) -> str:
    """Of the bytes of a case's sheet as known on each of the days, or of how it was refused."""
    found = hashlib.sha256()
    for day in DAYS:
        try:
            norms = case.pack.norms_of(case.facts, day, case.decided_on, case.tables)
            found.update(case.pack.calculate(case.facts, norms).to_bytes())
        except (FactsError, NormMissing) as error:
            found.update(type(error).__name__.encode())
    return found.hexdigest()[:16]


def calculated() -> dict[str, str]:
    """The digest of every case, by law and name."""
    return {f"{law}/{name}": digest(case) for law in names() for name, case in worked_cases(law)}


def held() -> dict[str, str]:
    """What is held."""
    return dict(line.split() for line in FILE.read_text(encoding="utf-8").splitlines()) if FILE.exists() else {}


if __name__ == "__main__":
    known = calculated() | ({} if "--all" in sys.argv else held())
    there = calculated().keys()
    FILE.write_text("".join(f"{name} {known[name]}\n" for name in sorted(known.keys() & there)), encoding="utf-8")
