"""Words of the sheets: every text in every language that its pack speaks, with the same places to fill."""

from string import Formatter

import pytest

from handslag.rules.packs import names
from handslag.rules.sheet import _wording, languages
from handslag.rules.text import Wording


def places(text: str) -> list[str]:
    """What a text leaves open, by name or position."""
    return sorted(f"{name}:{spec}" for _, name, spec, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("pack", names())
def test_every_text_is_there_in_every_language_with_the_same_places(pack: str) -> None:
    wording: Wording = _wording(pack).WORDING
    assert wording.languages == languages(pack)
    for key, text in wording.texts.items():
        for lang in wording.languages:
            assert text[lang].strip(), (key, lang)
            assert places(text[lang]) == places(text[wording.languages[0]]), (key, lang)
