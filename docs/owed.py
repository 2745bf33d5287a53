"""The files for the national statistics, column by column, with how sure each is; from the layout that makes them."""

from __future__ import annotations

from pathlib import Path

import yaml

CHAPTER = Path(__file__).resolve().parent.parent / "src/handslag/domain/statistics"


def owed() -> str:
    """The page."""
    told, table = (yaml.safe_load((CHAPTER / f"{name}.se.yaml").read_text("utf-8")) for name in ("layout", "causes"))
    lines = [
        "# Files for the national statistics\n",
        "Made on the page *Statistics*: each month that is over, in December the whole year. Tab-separated, CRLF.",
        "They tell nothing of single costs: membership of a union is in no compilation (7 a § lagen (2001:454)).\n",
        f"Source: {told['source']}; checked {told['checked_on']}; status: **{told['status']}**.\n",
        "Not certain, to be compared with the municipality's own instructions before the first delivery:\n",
        *(f"- {one}" for one in told["open"]),
        "",
    ]
    names = {
        "households": "## Households: first these columns",
        "person": "## Then for the applicant, the co-applicant (or empty), each further person of 16 or more",
        "causes": "## The second file: a line per adult",
    }
    for part, title in names.items():
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
    return "\n".join(lines)
