"""The newest signed root of each tenant, kept in the data folder, where no SQL reaches it."""

from __future__ import annotations

import json
import os
from pathlib import Path


def place(data: Path, slug: str) -> Path:
    """The file of a tenant: `{"<number>": "<root>"}`; `handslag verify` holds the blocks against it."""
    return data / "roots" / f"{slug}.json"


def read(path: Path) -> dict[str, str]:
    """What is kept; nothing before the first block."""
    try:
        found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return found


def keep(path: Path, number: int, root: str) -> None:
    """Keep a root, durably, instead of the one before."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}.part")
    with half.open("w", encoding="utf-8") as file:
        json.dump({str(number): root}, file)
        file.flush()
        os.fsync(file.fileno())
    half.rename(path)
