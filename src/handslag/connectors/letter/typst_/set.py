"""Letter, Receipt -> PDF bytes by a compiler that is kept between letters.

The data travels as one JSON text inside of a string, the one argument of the paper's function: what a person wrote
is never read as markup. (Other `sys.inputs` for each would let the compiler begin anew: a tenth of a letter's time.)
Only the fonts beside this file are used, on every machine, and for what they don't show those of the installation's
own folders (HANDSLAG_FONTS).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, time
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import typst

from handslag.connectors.letter.port import Letter, LetterRefused, NoticeBatch, Receipt, SetDocument
from handslag.connectors.letter.typst_.coverage import showable, unshown

_HERE = Path(__file__).parent
_STANDARDS: list[typst.PDFStandard] = ["ua-1", "a-3a"]
_NO_GLYPH = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_CONTROLS = dict.fromkeys(
    [*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
)
_FAMILIES = ("Source Sans 3", "Vazirmatn")
_PAGE = re.compile(rb"/Type\s*/Page\b")


def _fonts(*folders: Path) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[*folders])


class TypstSetter:
    """The port's LetterSetter. One compiler per process, used by one thread at a time. `folders`: more fonts, for
    characters that the product's own don't show."""

    def __init__(self, folders: tuple[Path, ...] = ()) -> None:
        self._lock = Lock()
        self._folders = folders
        self._compiler = typst.Compiler(
            input=_HERE / "letter.typ",
            root=_HERE,
            font_paths=_fonts(_HERE / "fonts", *folders),
            sys_inputs={"fonts": json.dumps([*_FAMILIES, *(sorted(_fonts(*folders).families()) if folders else ())])},
        )

    def letter(self, letter: Letter) -> SetDocument:
        """The decision letter as PDF/UA-1 + PDF/A-3a. Raises LetterRefused."""
        return self._set("letter", asdict(letter), letter.written_on, letter.organisation.colour)

    def receipt(self, receipt: Receipt) -> SetDocument:
        """The receipt as PDF/UA-1 + PDF/A-3a: a character that no font shows stands as a square, and `unshown` says
        so. Raises LetterRefused."""
        typed = _printable(asdict(receipt))
        paper = _each(typed, lambda text: showable(text, self._folders))
        if paper != typed:
            paper["closing"].append({"heading": "", "text": receipt.unshown})
        return self._set("receipt", paper, receipt.written_on, receipt.organisation.colour)

    def notices(self, batch: NoticeBatch) -> SetDocument:
        """A page for each notice, as PDF/UA-1 + PDF/A-3a. Raises LetterRefused."""
        return self._set("notices", asdict(batch), batch.written_on, batch.organisation.colour)

    def unshown(self, text: str) -> str:
        """The characters of a text for which a letter would be refused, each once."""
        return unshown(_printable(text), self._folders)

    def _set(self, paper: str, data: dict[str, object], written_on: date, colour: str) -> SetDocument:
        if not _COLOUR.fullmatch(colour):
            raise LetterRefused("the organisation's colour must be #rrggbb")
        text = json.dumps(_printable(data | {"written_on": written_on.isoformat()}), ensure_ascii=False)
        try:
            source = f'#import "{paper}.typ": {paper}\n#{paper}(json(bytes({_literal(text)})))\n'.encode()
            with self._lock:
                content = self._compiler.compile(
                    input=source,
                    format="pdf",
                    pdf_standards=_STANDARDS,
                    timestamp=datetime.combine(written_on, time(), UTC),
                )
        except UnicodeEncodeError as error:
            raise LetterRefused("text with half a character", error.object[error.start : error.end]) from None
        except typst.TypstError as error:
            missing = "".join(_NO_GLYPH.findall(error.message))
            raise LetterRefused("no font shows a character" if missing else error.message, missing) from None
        assert isinstance(content, bytes)
        return SetDocument(content, hashlib.sha256(content).hexdigest(), len(_PAGE.findall(content)))


def _literal(text: str) -> str:
    """The text as a string of typst, which ends where the text does whatever stands in it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _printable(value: Any) -> Any:
    """The value without control characters and bidirectional overrides."""
    return _each(value, lambda text: text.translate(_CONTROLS))


def _each(value: Any, change: Callable[[str], str]) -> Any:
    """The value with its texts changed; data and logos stay as they are."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {k: v if k in ("data", "logo") else _each(v, change) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_each(v, change) for v in value]
    return value


@cache
def setter() -> TypstSetter:
    """The process's setter."""
    from django.conf import settings

    return TypstSetter(tuple(map(Path, settings.FONT_FOLDERS)))
