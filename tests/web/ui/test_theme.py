from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handslag.web.ui import theme
from tests.bed import ROOT


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True), st.booleans())
def test_every_seed_keeps_its_contrasts(seed: str, dark: bool) -> None:
    steps = theme.scale(seed, dark)

    def contrast(text: str, ground: str) -> float:
        return theme.contrast(steps[text], steps[ground])

    for ground in (
        "background-default",
        "background-tinted",
        "surface-default",
        "surface-tinted",
        "surface-hover",
    ):
        assert contrast("text-default", ground) >= 7
        assert contrast("text-subtle", ground) >= 4.5
    for fill in ("base-default", "base-hover", "base-active"):
        assert contrast("base-contrast-default", fill) >= 4.5
    assert contrast("base-default", "background-default") >= 4.5
    assert contrast("border-default", "background-default") >= 3


def test_the_default_stylesheet_is_the_seed_s() -> None:
    assert (ROOT / "src/handslag/web/ui/static/css/theme.css").read_text() == theme.css(theme.SEED)


@pytest.mark.parametrize("seed", ["", "#fff", "red", "#12345g", "#123456;}"])
def test_a_seed_is_a_colour(seed: str) -> None:
    with pytest.raises(ValueError):
        theme.css(seed)
