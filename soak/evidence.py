"""What a long run leaves behind: docs/evidence/<name>.json with commit, seed, machine and result."""

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = ROOT / "docs" / "evidence"


def commit() -> str:
    """The commit that runs, with '+changes' when tracked files differ from it."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/evidence"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return head + ("+changes" if changed else "")


def machine() -> dict[str, Any]:
    """What the run ran on, as far as it matters for reading its figures."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9),
        "python": platform.python_version(),
    }


def write(name: str, *, what: str, seed: int | None, result: dict[str, Any]) -> Path:
    """Write the evidence of the run `name` and return its path."""
    EVIDENCE.mkdir(parents=True, exist_ok=True)
    path = EVIDENCE / f"{name}.json"
    written = {
        "name": name,
        "what": what,
        "commit": commit(),
        "seed": seed,
        "machine": machine(),
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "result": result,
    }
    path.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n")
    return path
