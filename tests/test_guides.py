"""The guides' pictures are there and made by the browser's tests; both languages show the same; links lead on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.bed import ROOT

GUIDES = sorted((ROOT / "docs/guides").glob("*.md"))
PICTURE = re.compile(r"!\[[^\]]+\]\(\.\./images/([\w-]+)\.png\)")


def taken() -> set[str]:
    """The names of the pictures that tests take, without the width."""
    found: set[str] = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        found |= set(
            re.findall(r"""(?:picture|fine\w*)\(\w+, f?"([\w-]+?)(?:-(?:\d+|\{width\}))?"\)""", path.read_text())
        )
    return found


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_each_picture_is_there_and_made_by_a_test(guide: Path) -> None:
    text, made = guide.read_text("utf-8"), taken()
    shown = PICTURE.findall(text)
    assert shown, guide
    for name in shown:
        assert (ROOT / f"docs/images/{name}.png").exists(), name
        assert name.rsplit("-", 1)[0] in made, name
    for link in re.findall(r"(?<!!)\[[^\]]+\]\((\S+?)\)", text):
        assert (guide.parent / link).exists(), link


def test_each_guide_is_there_in_both_languages_with_the_same_pictures() -> None:
    names = {path.name.split(".")[0] for path in GUIDES}
    assert names == {"apply", "caseworker"}
    for name in names:
        swedish, english = (
            (ROOT / f"docs/guides/{name}.{language}.md").read_text("utf-8") for language in ("sv", "en")
        )
        assert PICTURE.findall(swedish) == PICTURE.findall(english)
        numbered = [re.findall(r"^(\d)\. ", text, re.M) for text in (swedish, english)]
        assert numbered[0] == numbered[1] and len(numbered[0]) == 6
