"""The process map of a renewal: as it is in most municipalities, and as it is here; from `process.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def process() -> dict[str, Any]:
    """What `process.yaml` says."""
    found: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("process.yaml").read_text("utf-8"))
    return found


def process_map() -> str:
    """The map as a page: both ways as a table, the one here with its diagram, operations, events and states."""
    told = process()
    lines = [
        "# A renewal, step by step\n",
        "Process map of the renewal of support for a month. The steps of the way here are held to the code by a test;",
        "which states may follow each other: [states](states.md); the concepts: [concepts](concepts.md).\n",
        "## As it is in most municipalities\n",
        told["as_is"]["source"].strip() + "\n",
        "| | who | does | with |",
        "|---|---|---|---|",
        *(f"| {n} | {s['who']} | {s['does']} | {s['takes']} |" for n, s in enumerate(told["as_is"]["steps"], 1)),
        "",
        "## As it is here\n",
        "```mermaid",
        "flowchart TD",
        *(f'  s{n}["{s["who"]}: {s["does"]}"]' for n, s in enumerate(told["to_be"], 1)),
        *(f"  s{n} --> s{n + 1}" for n in range(1, len(told["to_be"]))),
        "```\n",
        "| | who | does | operation | event | states | before |",
        "|---|---|---|---|---|---|---|",
    ]
    for n, step in enumerate(told["to_be"], 1):
        states = "; ".join(f"{kind}: {', '.join(f'`{s}`' for s in names)}" for kind, names in step["states"].items())
        event = f"`{step['event']}`" if "event" in step else ""
        lines.append(
            f"| {n} | {step['who']} | {step['does']} | `{step['operation']}` | {event} | {states} | {step['instead']} |"
        )
    return "\n".join(lines)
