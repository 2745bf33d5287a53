"""The process maps: how it is in most offices, and how it is here; from `process.yaml`,
`process.nexus.yaml` and `process.sozialhilfe.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handslag.rules.yaml_files import shipped


@dataclass(frozen=True)
class Words:
    """What a map says in its language."""

    title: str
    told: tuple[str, ...]
    before: str
    here: str
    before_columns: tuple[str, ...]
    here_columns: tuple[str, ...]


@dataclass(frozen=True)
class Map:
    """A map: the file that it is made from, and its words."""

    file: str
    words: Words


RENEWAL = Map(
    "process.yaml",
    Words(
        "A renewal, step by step",
        (
            "Process map of the renewal of support for a month. The steps of the way here are held to the code by a",
            "test; which states may follow each other: [states](states.md); the concepts: [concepts](concepts.md).\n",
        ),
        "As it is in most municipalities",
        "As it is here",
        ("", "who", "does", "with"),
        ("", "who", "does", "operation", "event", "states", "before"),
    ),
)
NEXUS = Map(
    "process.nexus.yaml",
    Words(
        "Asyl in der Gemeinde, Schritt für Schritt",
        (
            "Von der Zuweisung durch den Kanton bis zum abgeglichenen Konto: Ist und Soll. Die Schritte des Solls hält",
            "ein Test an den Code; welche Zustände aufeinander folgen: [states](states.md); die Meldungen:",
            "[messages](messages/de.md); die öffentliche Sozialhilfe: [prozess-sozialhilfe](prozess-sozialhilfe.md).\n",
        ),
        "Ist: in den meisten Gemeinden",
        "Soll: wie es hier ist",
        ("", "wer", "tut", "womit"),
        ("", "wer", "tut", "Handlung", "Ereignis", "Zustände", "bisher"),
    ),
)
SOZIALHILFE = Map(
    "process.sozialhilfe.yaml",
    Words(
        "Sozialhilfe in der Gemeinde, Schritt für Schritt",
        (
            "Vom Gesuch bis zum Kostenersatz nach § 44 SHG und zum abgeglichenen Konto: Ist und Soll. Die Schritte des",
            "Solls hält ein Test an den Code; welche Zustände aufeinander folgen: [states](states.md); die Meldungen:",
            "[messages](messages/de.md); Asyl: [prozess-asyl](prozess-asyl.md).\n",
        ),
        NEXUS.words.before,
        NEXUS.words.here,
        NEXUS.words.before_columns,
        NEXUS.words.here_columns,
    ),
)


def process(of: Map = RENEWAL) -> dict[str, Any]:
    """What the file of a map says."""
    found: dict[str, Any] = shipped(Path(__file__).with_name(of.file))
    return found


def process_map(of: Map = RENEWAL) -> str:
    """The map as a page: both ways as a table, the one here with its diagram, operations, events and states."""
    told, words = process(of), of.words
    lines = [
        f"# {words.title}\n",
        *words.told,
        f"## {words.before}\n",
        told["as_is"]["source"].strip() + "\n",
        *_head(words.before_columns),
        *(f"| {n} | {s['who']} | {s['does']} | {s['takes']} |" for n, s in enumerate(told["as_is"]["steps"], 1)),
        "",
        f"## {words.here}\n",
        "```mermaid",
        "flowchart TD",
        *(f'  s{n}["{s["who"]}: {s["does"]}"]' for n, s in enumerate(told["to_be"], 1)),
        *(f"  s{n} --> s{n + 1}" for n in range(1, len(told["to_be"]))),
        "```\n",
        *_head(words.here_columns),
    ]
    for n, step in enumerate(told["to_be"], 1):
        states = "; ".join(f"{kind}: {', '.join(f'`{s}`' for s in names)}" for kind, names in step["states"].items())
        event = f"`{step['event']}`" if "event" in step else ""
        lines.append(
            f"| {n} | {step['who']} | {step['does']} | `{step['operation']}` | {event} | {states} | {step['instead']} |"
        )
    return "\n".join(lines)


def _head(columns: tuple[str, ...]) -> tuple[str, str]:
    return "|" + "|".join(f" {name} " if name else " " for name in columns) + "|", "|" + "---|" * len(columns)
