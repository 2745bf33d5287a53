"""The folders of the sedex client, which it shares with us: whatever either does there, a crash at any moment leaves
whole files, and nothing is taken away before what it says has been committed.

A message is put out as data first and envelope last: the client looks for envelopes. A pair that came is taken away
envelope first; a data file that a crash leaves behind is known by its content.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from handslag.domain.exchange.frame import LARGEST_SEALED, Unreadable
from handslag.domain.exchange.states import Code
from handslag.kernel.files import sync_folder

#: More than any envelope or receipt has.
_LARGEST_ENVELOPE = 64_000
_ENVELOPE = re.compile(r"envl_(.+)\.xml", re.DOTALL)
_DATA = re.compile(r"data_(.+)\.[A-Za-z0-9]{1,10}", re.DOTALL)
#: So long an envelope may lie there before its data, or a message before the key that signed it.
WAITS = timedelta(minutes=30)
#: So long the client may leave an envelope lying in the outbox.
FETCHED = timedelta(minutes=15)
#: So long a file that can't be read may still be being written.
SETTLES = timedelta(minutes=1)


def in_order(folder: Path) -> str:
    """ "", or what is wrong with the folders."""
    for name in ("outbox", "inbox", "receipts"):
        place = folder / name
        if not place.is_dir():
            return f"no folder {name}"
        if not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            return f"{name} can't be read and written"
    return ""


def unfetched(folder: Path) -> bool:
    """Whether the client has left something lying in the outbox for too long."""
    outbox = folder / "outbox"
    return any(waited(path, FETCHED) for path in _oldest(outbox, lambda name: bool(_ENVELOPE.fullmatch(name))))


def put_out(folder: Path, name: str, ending: str, data: bytes, envelope: bytes) -> None:
    """Put a message into the outbox. The same again changes nothing. OSError."""
    outbox = folder / "outbox"
    _place(outbox, f"data_{name}.{ending}", data)
    _place(outbox, f"envl_{name}.xml", envelope)


def _place(folder: Path, name: str, content: bytes) -> None:
    """The whole file under its name, or nothing: also when the machine stops."""
    unfinished = folder / f".{name}.unfinished"
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o660)
    try:
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
    except OSError:  # a full disk isn't filled further by what can't be finished
        unfinished.unlink(missing_ok=True)
        raise
    os.rename(unfinished, folder / name)
    sync_folder(folder)


def envelopes(folder: Path) -> list[Path]:
    """The envelopes in the inbox, oldest first."""
    return _oldest(folder / "inbox", lambda name: bool(_ENVELOPE.fullmatch(name)))


def receipts(folder: Path) -> list[Path]:
    """The receipts, oldest first."""
    return _oldest(folder / "receipts", lambda name: name.endswith(".xml") and not name.startswith("."))


def left_data(folder: Path) -> list[Path]:
    """Data files without an envelope that have lain there for a while."""
    inbox = folder / "inbox"
    found = _oldest(inbox, lambda name: bool(_DATA.fullmatch(name)))
    return [path for path in found if waited(path) and not (inbox / f"envl_{_common(path)}.xml").exists()]


def data_files(folder: Path) -> dict[str, list[Path]]:
    """The data files in the inbox by the name of their envelope: one each, unless something is amiss."""
    found: dict[str, list[Path]] = {}
    for name in sorted(os.listdir(folder / "inbox")):
        if data := _DATA.fullmatch(name):
            found.setdefault(f"envl_{data[1]}.xml", []).append(folder / "inbox" / name)
    return found


def read_small(path: Path) -> bytes:
    """An envelope or a receipt. Unreadable; FileNotFoundError where it is gone."""
    return _read(path, _LARGEST_ENVELOPE)


def read_data(path: Path) -> bytes:
    """A data file. Unreadable; FileNotFoundError where it is gone."""
    return _read(path, LARGEST_SEALED)


def waited(path: Path, span: timedelta = WAITS) -> bool:
    """Whether a file has lain there for so long, by the clock of the machine that dates files."""
    with suppress(FileNotFoundError):
        return time.time() - path.lstat().st_mtime > span.total_seconds()
    return False


def take_away(*paths: Path) -> None:
    """Remove files whose content has been committed, in this order."""
    for path in paths:
        path.unlink(missing_ok=True)


def quarantine(folder: Path, *paths: Path) -> None:
    """Lay files aside, beside the client's folders: whoever runs the system looks at them. Nothing is overwritten."""
    aside = folder / "quarantine"
    aside.mkdir(mode=0o770, exist_ok=True)
    for path in paths:
        if not os.path.lexists(path):
            continue
        place, number = aside / path.name, 1
        while os.path.lexists(place):
            place, number = aside / f"{path.name}.{number}", number + 1
        os.rename(path, place)
    sync_folder(aside)


def _common(data: Path) -> str:
    found = _DATA.fullmatch(data.name)
    return found[1] if found else ""


def _oldest(folder: Path, wanted: Callable[[str], bool]) -> list[Path]:
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if wanted(entry.name):
                try:
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
                except FileNotFoundError:
                    continue
    return [folder / name for _at, name in sorted(found)]


def _read(path: Path, most: int) -> bytes:
    """A whole file: a plain one, not larger than that, not one that something points to."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            raise Unreadable(Code.CONTENT, "no plain file", final=False) from error
        raise
    try:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise Unreadable(Code.CONTENT, "no plain file", final=False)
        if seen.st_size > most:
            raise Unreadable(Code.TOO_LARGE, f"larger than {most} bytes", final=False)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            content = file.read(most + 1)
    finally:
        os.close(descriptor)
    if len(content) > most:
        raise Unreadable(Code.TOO_LARGE, f"larger than {most} bytes", final=False)
    return content
