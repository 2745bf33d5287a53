"""Notices into a folder, one text file each: the demonstration's mailbox. Never in production."""

from __future__ import annotations

from pathlib import Path

from handslag.connectors.notices.port import Notice


def send(folder: Path, notice: Notice) -> None:
    """Write `<folder>/<key>.txt`; written again, it is the same file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = f"To: {notice.to}\nSubject: {notice.subject}\nContent-Language: {notice.language}\n\n{notice.body}\n"
    (folder / f"{notice.key}.txt").write_text(text, encoding="utf-8")
