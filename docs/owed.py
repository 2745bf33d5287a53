"""The files for the national statistics, column by column, with how sure each is; from the layout that makes them."""

from __future__ import annotations

from pathlib import Path

from handslag.rules.case_files import worked_cases
from handslag.rules.packs import names
from handslag.rules.shown import shown
from handslag.rules.yaml_files import shipped

CHAPTER = Path(__file__).resolve().parent.parent / "src/handslag/domain/statistics"

WORDS = {
    "se": "The file above has one sum of support (Sbel). Which of its two parts a line belongs to is told here; the "
    "codes are ours.",
    "ch": "The BFS takes the bookings of the case account and classes them itself; its list of codes isn't known. The "
    "codes of what is needed are ours, by the parts of the SKOS budget.",
    "de": "The items of §§ 122, 128c and 128d SGB XII in words; the numbers that the records have for them aren't "
    "known.",
}


def owed() -> str:
    """The page."""
    told, table = (shipped(CHAPTER / f"{name}.se.yaml") for name in ("layout", "causes"))
    lines = [
        "# Files for the national statistics\n",
        "Made on the page *Statistics*: each month that is over, in December the whole year. Tab-separated, CRLF.",
        "They tell nothing of single costs: membership of a union is in no compilation (7 a § lagen (2001:454)).\n",
        f"Source: {told['source']}; checked {told['checked_on']}; status: **{told['status']}**.\n",
        "Not certain, to be compared with the municipality's own instructions before the first delivery:\n",
        *(f"- {one}" for one in told["open"]),
        "",
    ]
    parts = {
        "households": "## Households: first these columns",
        "person": "## Then for the applicant, the co-applicant (or empty), each further person of 16 or more",
        "causes": "## The second file: a line per adult",
    }
    for part, title in parts.items():
        lines += [title + "\n", "| column | length | means | status |", "|---|---|---|---|"]
        lines += [f"| {c['name']} | {c['length']} | {c['means']} | {c['status']} |" for c in told[part]] + [""]
    lines += [
        "## Causes (försörjningshinder)\n",
        f"Source: {table['source']}; checked {table['checked_on']}; status: **{table['status']}**.",
        "The codes are ours.\n",
        "| code | svenska | English |",
        "|---|---|---|",
        *(f"| `{code}` | {name['sv']} | {name['en']} |" for code, name in table["causes"].items()),
    ]
    lines += _federal()
    for law in names():
        lines += [
            "",
            f"## Lines of a sheet: {law}\n",
            WORDS[law] + "\n",
            "| line | code, or why there is none |",
            "|---|---|",
        ]
        found = {
            (line.code, f"`{line.statistics_code}`" if line.statistics_code else f"none: {line.uncounted}")
            for _, case in worked_cases(law)
            if case.known_on is None
            for group in shown(case.calculate(), "en").groups
            for line in group.lines
        }
        lines += [f"| `{code}` | {said} |" for code, said in sorted(found)]
    return "\n".join(lines)


def _federal() -> list[str]:
    """What a Swiss municipality tells the federal office of statistics, with how sure each is."""
    told = shipped(CHAPTER / "federal.ch.yaml")
    told_by = {(way, code): one for way, codes in told["accounts"].items() for code, one in codes.items()}
    return [
        "",
        "## The Swiss federation's statistics of the month\n",
        "Put together and sent by sedex on the page *Federal statistics* (message `social_statistics`).\n",
        f"Source: {told['source']}; checked {told['checked_on']}; status: **{told['status']}**.\n",
        "Not certain, to be compared with the municipality's own instructions before the first delivery:\n",
        *(f"- {one['en']}" for one in told["open"]),
        "",
        "| variable | of | means | status |",
        "|---|---|---|---|",
        *(f"| {one['name']} | {one['of']} | {one['means']} | {one['status']} |" for one in told["variables"]),
        "",
        "Categories of account codes; a municipality can say otherwise on its page, and what is in neither has none.\n",
        "| direction | account code | category |",
        "|---|---|---|",
        *(f"| {way} | {code} | `{one}` |" for (way, code), one in told_by.items()),
        "",
        "Main reasons for which support ended; the codes are ours.\n",
        "| code | Deutsch | français |",
        "|---|---|---|",
        *(f"| `{code}` | {name['de']} | {name['fr']} |" for code, name in told["reasons"].items()),
    ]
