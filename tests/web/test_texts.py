"""Every text of the frame, the citizens' pages and the desk stands in Swedish too, those for applicants in Arabic,
all of them in German and French, with the same places for values."""

from __future__ import annotations

import ast
import importlib.util
import re
from functools import cache
from types import ModuleType

import pytest
from django.utils.translation.template import templatize

from tests.bed import ROOT

WEB = ROOT / "src/handslag/web"
TAGS = ("_", "gettext", "gettext_lazy")


@pytest.fixture(scope="module")
def assets() -> ModuleType:
    spec = importlib.util.spec_from_file_location("assets", ROOT / "build/assets.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def messages_used(folder: str) -> set[str]:
    """Each message of a counter's templates and modules, plural behind a NUL, a context before an EOT."""
    text = r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
    call = re.compile(rf"\b(?P<name>n?gettext|pgettext|_)\(u?(?P<first>{text})(?:,\s*u?(?P<second>{text}))?")
    used: set[str] = set()
    for template in (WEB / folder).rglob("*.html"):
        for match in call.finditer(templatize(template.read_text("utf-8"))):
            parts = [ast.literal_eval(part) for part in (match["first"], match["second"]) if part]
            used.add(("\x04" if match["name"] == "pgettext" else "\0").join(parts))
    for module in (WEB / folder).glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text("utf-8"))):
            name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
            if isinstance(node, ast.Call) and name in TAGS and isinstance(node.args[0], ast.Constant):
                used.add(str(node.args[0].value))
            elif isinstance(node, ast.Call) and name == "ngettext":
                used.add("\0".join(ast.literal_eval(part) for part in node.args[:2]))
            elif isinstance(node, ast.Call) and name in ("pgettext", "pgettext_lazy"):
                used.add("\x04".join(ast.literal_eval(part) for part in node.args[:2]))
    return used


@pytest.mark.parametrize(
    ("folder", "language"),
    [
        *((folder, "sv") for folder in ("entry", "citizen", "caseworker", "canton", "partner", "desk")),
        *((folder, "ar") for folder in ("entry", "citizen")),
        *(
            (folder, language)
            for folder in ("entry", "citizen", "caseworker", "canton", "partner", "desk")
            for language in ("de", "fr")
        ),
    ],
)
def test_every_text_is_translated(assets: ModuleType, folder: str, language: str) -> None:
    catalogue = assets.messages((WEB / folder / f"locale/{language}/LC_MESSAGES/django.po").read_text("utf-8"))
    used = messages_used(folder)
    assert len(used) > 10
    assert set(catalogue) - {""} == used
    for source, translation in catalogue.items():
        if source:
            wanted = set(re.findall(r"%\(\w+\)s", source))
            assert set(re.findall(r"%\(\w+\)s", translation)) == wanted, source
