from __future__ import annotations

import ast
import gettext
import importlib.util
import io
import re
from types import ModuleType

import pytest
from django.utils.translation.template import templatize

from tests.bed import ROOT

UI = ROOT / "src/handslag/web/ui"


@pytest.fixture(scope="module")
def assets() -> ModuleType:
    spec = importlib.util.spec_from_file_location("assets", ROOT / "build/assets.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_catalogue_is_compiled_as_gettext_reads_it(assets: ModuleType) -> None:
    source = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

#: a.html
msgid "One answer"
msgid_plural "%(number)s answers"
msgstr[0] "Ett svar"
msgstr[1] "%(number)s svar"

msgctxt "verb"
msgid "Open"
msgstr "Öppna"

msgid "A \"long\" "
"text"
msgstr "En \"lång\" "
"text"

#, fuzzy
msgid "Guessed"
msgstr "Gissat"

msgid "Empty"
msgstr ""
"""
    compiled = gettext.GNUTranslations(io.BytesIO(assets.machine_object(assets.messages(source))))
    assert compiled.ngettext("One answer", "%(number)s answers", 1) == "Ett svar"
    assert compiled.ngettext("One answer", "%(number)s answers", 5) == "%(number)s svar"
    assert compiled.pgettext("verb", "Open") == "Öppna"
    assert compiled.gettext('A "long" text') == 'En "lång" text'
    assert compiled.gettext("Guessed") == "Guessed"
    assert compiled.gettext("Empty") == "Empty"


def messages_used() -> set[str]:
    """Each message of our templates and modules, plural behind a NUL."""
    text = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    call = re.compile(rf"\b(?:n?gettext|_)\(u?{text}(?:,\s*u?{text})?")
    used: set[str] = set()
    for template in UI.rglob("*.html"):
        for match in call.finditer(templatize(template.read_text("utf-8"))):
            used.add("\0".join(ast.literal_eval(group) for group in match.groups() if group))
    for module in UI.glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if isinstance(node, ast.Call) and name in ("_", "gettext") and isinstance(node.args[0], ast.Constant):
                used.add(str(node.args[0].value))
    return used


@pytest.mark.parametrize("language", ["sv", "ar", "de", "fr"])
def test_every_text_is_translated(assets: ModuleType, language: str) -> None:
    catalogue = assets.messages((UI / f"locale/{language}/LC_MESSAGES/django.po").read_text("utf-8"))
    assert set(catalogue) - {""} == messages_used()
    for source, translation in catalogue.items():
        if source:
            wanted = set(re.findall(r"%\(\w+\)s", source))
            assert set(re.findall(r"%\(\w+\)s", translation)) == wanted, source


def test_nothing_stands_inline_and_no_picture_is_a_data_address() -> None:
    for template in UI.rglob("*.html"):
        assert not re.search(r"\s(style|on\w+)=|<style|<script(?![^>]*\ssrc=)", template.read_text("utf-8")), template
    styles = [*(UI / "static/vendor").glob("*.css"), *(UI / "static/css").glob("*.css")]
    assert len(styles) >= 4
    for style in styles:
        for address in re.findall(r"url\(['\"]?([^'\")]+)", style.read_text("utf-8")):
            assert (style.parent / address).is_file(), f"{style.name}: {address}"


def test_the_lock_file_names_no_place() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    assert "integrity" in lock
    assert "://" not in lock
    assert "resolved" not in lock
