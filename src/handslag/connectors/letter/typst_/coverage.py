"""Which characters the product's fonts show, read from the fonts themselves (OpenType, table `cmap`)."""

from __future__ import annotations

import re
import struct
import unicodedata
from functools import cache
from pathlib import Path

_FONTS = Path(__file__).parent / "fonts"
#: What stands for a character that no font shows; every font here shows it.
UNSHOWN = "\N{WHITE SQUARE}"
# Joiners and variation selectors show nothing of their own: with a character that isn't shown they go too.
_JOINING = "\u200d\ufe00-\ufe0f\U000e0020-\U000e007f\U000e0100-\U000e01ef"


def characters_of(font: bytes) -> set[int]:
    """The code points that a font file has a glyph for (cmap formats 4 and 12)."""
    tables = struct.unpack_from(">H", font, 4)[0]
    entries = (struct.unpack_from(">4sLLL", font, 12 + 16 * n) for n in range(tables))
    start = next(offset for tag, _, offset, _ in entries if tag == b"cmap")
    found: set[int] = set()
    for n in range(struct.unpack_from(">H", font, start + 2)[0]):
        at = start + struct.unpack_from(">HHL", font, start + 4 + 8 * n)[2]
        kind = struct.unpack_from(">H", font, at)[0]
        if kind == 12:
            for group in range(struct.unpack_from(">L", font, at + 12)[0]):
                first, last, _ = struct.unpack_from(">LLL", font, at + 16 + 12 * group)
                found.update(range(first, last + 1))
        elif kind == 4:  # its last segment is 0xFFFF, and no character
            count = struct.unpack_from(">H", font, at + 6)[0] // 2
            ends = struct.unpack_from(f">{count}H", font, at + 14)
            starts = struct.unpack_from(f">{count}H", font, at + 16 + 2 * count)
            found.update(*map(lambda first, last: range(first, last + 1), starts, ends))
    return found - {0xFFFF}


def fonts_in(folder: Path) -> list[Path]:
    """The fonts of an installation's own folder, in an order that is the same on every machine."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in (".ttf", ".otf"))


@cache
def _shown(folders: tuple[Path, ...]) -> frozenset[int]:
    """What each weight can show by one font or the other; a font of the installation's own serves for each."""
    fonts = {path.stem: characters_of(path.read_bytes()) for path in _FONTS.glob("*.ttf")}
    weights = ("400Regular", "600SemiBold")
    ours = frozenset.intersection(
        *(frozenset().union(*(has for name, has in fonts.items() if name.endswith(weight))) for weight in weights)
    )
    return ours.union(*(characters_of(path.read_bytes()) for folder in folders for path in fonts_in(folder)))


@cache
def _unshown(folders: tuple[Path, ...]) -> re.Pattern[str]:
    shown = sorted(_shown(folders) | set(range(0x20)) | {0x200C, 0x200D, 0x200E, 0x200F, 0x2028, 0x2029})
    ranges, first = [], shown[0]
    for here, after in zip(shown, [*shown[1:], None], strict=True):
        if after != here + 1:
            ranges.append(f"{re.escape(chr(first))}-{re.escape(chr(here))}")
            first = after or 0
    return re.compile(f"[{_JOINING}]*[^{''.join(ranges)}{_JOINING}][{_JOINING}]*")


def showable(text: str, folders: tuple[Path, ...] = ()) -> str:
    """The text with `UNSHOWN` for each character that no font shows, alone or as a letter with its marks; `folders`:
    fonts beside the product's."""

    def square(found: re.Match[str]) -> str:
        parts = unicodedata.normalize("NFD", found[0])
        return found[0] if len(parts) > 1 and all(ord(part) in _shown(folders) for part in parts) else UNSHOWN

    return _unshown(folders).sub(square, text)


def unshown(text: str, folders: tuple[Path, ...] = ()) -> str:
    """The characters of a text that no font shows, each once, in their order."""
    found = (one[0] for one in _unshown(folders).finditer(text))
    return "".join(dict.fromkeys(c for part in found if showable(part, folders) == UNSHOWN for c in part))
