"""What other installations know of our messages: `landed/` holds each schema as it was last given to them.

`python -m tests.messages.landed` lands the schemas as they are now; it refuses what breaks a version. Whoever sends by
the landed schema must be understood by the new one, and the other way round: so a field that is known keeps its type,
its bounds and whether it is needed. A new field that isn't needed, and words, may be added; anything else is a new
version, in a folder `<kind>_<version>` of its own, and the old one stays.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

ROOT = Path(__file__).resolve().parents[2]
FOLDER, LANDED = ROOT / "src/handslag/messages", ROOT / "tests/messages/landed"
WORDS = ("description", "title", "examples", "$schema")
XSD = "{http://www.w3.org/2001/XMLSchema}"


def now() -> dict[str, Path]:
    """The schemas as they are, by the name under which they are landed: kind and version."""
    found = {}
    for path in sorted(FOLDER.glob("*/schema.*")):
        kind, _, version = path.parent.name.rpartition("_")
        name = f"{kind}-{version}" if version.isdigit() else f"{path.parent.name}-1"
        found[name + path.suffix] = path
    return found | {path.name: path for path in sorted((FOLDER / "ech").glob("*.xsd"))}


def breaks(name: str, old: str, new: str) -> list[str]:
    """What of the change from one schema to another breaks its version."""
    if name.endswith(".json"):
        return list(_json(json.loads(old), json.loads(new), ""))
    return list(_xsd(*(etree.fromstring(text.encode()) for text in (old, new)), ""))


def alike(name: str, old: str, new: str) -> bool:
    """Whether two schemas say the same, apart from words."""
    return not breaks(name, old, new) and not breaks(name, new, old)


def _json(old: Any, new: Any, at: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        named = at.rpartition("/")[2] in ("properties", "$defs")
        for key in old:
            if key in WORDS and not named:
                continue
            if key not in new:
                yield f"{at}/{key}: is gone"
            elif key in ("required", "enum"):
                if sorted(map(str, old[key])) != sorted(map(str, new[key])):
                    yield f"{at}/{key}: is another"
            else:
                yield from _json(old[key], new[key], f"{at}/{key}")
        for key in new.keys() - old.keys():
            if not named and key not in WORDS:
                yield f"{at}/{key}: is new"
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, pair in enumerate(zip(old, new, strict=True)):
            yield from _json(*pair, f"{at}/{place}")
    elif old != new:
        yield f"{at}: was {old!r}, is {new!r}"


def _xsd(old: etree._Element, new: etree._Element, at: str) -> Iterator[str]:
    at = f"{at}/{new.tag.removeprefix(XSD)}" + "".join(
        f"[{new.get(k)}]" for k in ("name", "ref", "value") if new.get(k)
    )
    if dict(old.attrib) != dict(new.attrib):
        yield f"{at}: was {dict(old.attrib)}, is {dict(new.attrib)}"
    left = [child for child in new if isinstance(child.tag, str)]
    for child in old:
        if not isinstance(child.tag, str):
            continue
        while left and _named(left[0]) != _named(child):
            yield from _added(left.pop(0), at)
        if not left:
            yield f"{at}: {_named(child)} is gone"
            return
        yield from _xsd(child, left.pop(0), at)
    for child in left:
        yield from _added(child, at)


def _named(element: etree._Element) -> tuple[Any, ...]:
    return (element.tag, *(element.get(name) for name in ("name", "ref", "value", "namespace")))


def _added(element: etree._Element, at: str) -> Iterator[str]:
    whole_type = element.tag in (f"{XSD}complexType", f"{XSD}simpleType") and element.get("name")
    if element.get("minOccurs") != "0" and not whole_type:
        yield f"{at}: {_named(element)} is new and needed"


def main() -> None:
    """Land what is compatible."""
    broken = []
    for name, path in now().items():
        place, text = LANDED / name, path.read_text()
        found = breaks(name, place.read_text(), text) if place.exists() else []
        broken += [f"{name}{one}" for one in found]
        if not found:
            place.write_text(text)
    print("\n".join(broken) or "landed")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
