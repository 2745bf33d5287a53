"""An organisation's colours from one seed colour.

Each step has a fixed relative luminance (WCAG 2.2, "relative luminance"), so that every pair that the
components use keeps its contrast whatever the seed: text on any surface of its scheme at least 4.5:1, borders
that carry meaning 3:1.  The hue is the seed's; large surfaces take half of its saturation and stay calm.
"""

from __future__ import annotations

import colorsys
import re

SEED = "#1c5c56"

#: step -> relative luminance
LIGHT = {
    "background-default": 1.0,
    "background-tinted": 0.90,
    "surface-default": 1.0,
    "surface-tinted": 0.82,
    "surface-hover": 0.72,
    "surface-active": 0.61,
    "border-subtle": 0.50,
    "border-default": 0.17,
    "border-strong": 0.095,
    "text-subtle": 0.095,
    "text-default": 0.022,
}
DARK = {
    "background-default": 0.009,
    "background-tinted": 0.014,
    "surface-default": 0.021,
    "surface-tinted": 0.027,
    "surface-hover": 0.036,
    "surface-active": 0.056,
    "border-subtle": 0.08,
    "border-default": 0.24,
    "border-strong": 0.42,
    "text-subtle": 0.42,
    "text-default": 0.84,
}
#: the seed itself fills buttons: dark enough for white text, light enough for black text on dark pages
DARKEST_FILL, LIGHTEST_FILL = 0.02, 0.155
DARK_FILL = 0.36
#: of the seed's saturation, in large surfaces
SHARE = 0.5


def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white), of "#rrggbb"."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21, of two colours."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def with_luminance(seed: str, wanted: float, share: float = 1) -> str:
    """The colour of the seed's hue with the wanted relative luminance; `share` of the seed's saturation."""
    hue, _, saturation = colorsys.rgb_to_hls(*(int(seed[i : i + 2], 16) / 255 for i in (1, 3, 5)))
    low, high = 0.0, 1.0
    for _ in range(24):
        middle = (low + high) / 2
        colour = "#" + "".join(f"{round(c * 255):02x}" for c in colorsys.hls_to_rgb(hue, middle, saturation * share))
        if luminance(colour) < wanted:
            low = middle
        else:
            high = middle
    return colour


def scale(seed: str, dark: bool) -> dict[str, str]:
    """Step -> colour of the sixteen steps of Designsystemet's accent scale; ValueError unless "#rrggbb"."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", seed):
        raise ValueError(f"a colour is written #rrggbb: {seed!r}")
    steps = {
        name: with_luminance(seed, wanted, 1 if name.startswith(("text-subtle", "border-default")) else SHARE)
        for name, wanted in (DARK if dark else LIGHT).items()
    }
    if dark:
        fill, shades, text = DARK_FILL, (0.46, 0.56), "#000000"
    else:
        fill = min(max(luminance(seed), DARKEST_FILL), LIGHTEST_FILL)
        shades, text = (fill * 0.68, fill * 0.45), "#ffffff"
    steps["base-default"] = with_luminance(seed, fill)
    steps["base-hover"], steps["base-active"] = (with_luminance(seed, shade) for shade in shades)
    steps["base-contrast-default"] = steps["base-contrast-subtle"] = text
    return steps


def css(seed: str) -> str:
    """The stylesheet of an organisation: sets --ds-color-accent-* for light, dark and automatic scheme."""

    def block(dark: bool) -> str:
        return ";".join(f"--ds-color-accent-{name}:{colour}" for name, colour in scale(seed, dark).items())

    light, dark = block(False), block(True)
    return (
        "@layer handslag.theme{"
        f":root,[data-color-scheme]{{{light}}}[data-color-scheme=dark]{{{dark}}}"
        f"@media screen and (prefers-color-scheme:dark){{[data-color-scheme=auto]{{{dark}}}}}"
        "}\n"
    )
