"""`python -m soak [NAME ...] [--seed N] [--rounds N] [--processes N] [--again]`: run what is named, else all."""

import argparse
import importlib
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from soak.evidence import ROOT, commit, write
from soak.players import alone, players

PROGRESS = ROOT / "var" / "soak"
NOT_RUNS = {"__init__", "__main__", "evidence", "stage", "chain", "corpus", "steps", "players"}


def names() -> list[str]:
    """The runs that there are."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NOT_RUNS)


def soak(name: str, seed: int, rounds: int | None, again: bool, processes: int = 1) -> list[str]:
    """Do the rounds that are left, write the evidence, return the findings."""
    module = importlib.import_module(f"soak.{name}")
    goal = rounds or module.ROUNDS
    PROGRESS.mkdir(parents=True, exist_ok=True)
    path = PROGRESS / f"{name}.json"
    state: dict[str, Any] = {
        "commit": commit(),
        "seed": seed,
        "done": 0,
        "seconds": 0.0,
        "findings": [],
        "counts": {},
    }
    if path.exists() and not again:
        found = json.loads(path.read_text())
        if (found["commit"], found["seed"]) == (state["commit"], seed) and found["done"] < goal:
            state = found
    print(f"{name}: {module.WHAT}\n  rounds {state['done']} to {goal}, seed {seed}", flush=True)
    with players(name, seed, processes) if processes > 1 else alone(name, seed) as play:
        while state["done"] < goal:
            began, first = time.monotonic(), state["done"]
            counts = Counter(state["counts"])
            for found in play(first, min(processes, goal - first), counts):
                state["findings"] += [f"round {state['done']}: {finding}" for finding in found]
                state["done"] += 1
                if found or state["done"] % max(1, goal // 20) == 0:
                    print(f"  {state['done']}/{goal} {' '.join(found)}", flush=True)
            state["counts"] = dict(counts)
            state["seconds"] = round(state["seconds"] + time.monotonic() - began, 3)
            path.with_suffix(".part").write_text(json.dumps(state))
            path.with_suffix(".part").rename(path)
    write(
        name,
        seed=seed,
        what=module.WHAT,
        result={key: state[key] for key in ("findings", "counts", "seconds")} | {"rounds": goal},
    )
    findings: list[str] = state["findings"]
    return findings


def main() -> None:
    options = argparse.ArgumentParser(prog="./dev soak")
    options.add_argument("name", nargs="*", metavar="NAME", help=", ".join(names()))
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--rounds", type=int, help="fewer or more than the run's own number")
    options.add_argument("--processes", type=int, default=1, help="so many rounds at the same time")
    options.add_argument("--again", action="store_true", help="from the first round, also if some are done")
    chosen = options.parse_args()
    if unknown := set(chosen.name) - set(names()):
        options.error(f"there is no run {', '.join(unknown)}; there are {', '.join(names())}")
    if chosen.processes > 1:
        for name in chosen.name or names():
            if not getattr(importlib.import_module(f"soak.{name}"), "APART", False):
                options.error(f"--processes: rounds of {name} know of each other")
    failed = False
    for name in chosen.name or names():
        findings = soak(name, chosen.seed, chosen.rounds, chosen.again, chosen.processes)
        print(f"{name}: {len(findings)} findings; docs/evidence/{name}.json", flush=True)
        failed = failed or bool(findings)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
