"""Whether a letter can show what is typed for it."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext

from handslag.connectors.letter.port import for_tenant


def unshown(text: str) -> str:
    """The characters of a text that no letter can show, in words; "" where it shows all."""
    found = for_tenant().unshown(text)
    return " ".join(one if one.isprintable() else f"U+{ord(one):04X}" for one in found)


def why_not(text: str) -> str:
    """What to tell who typed a text that no letter can show; "" where it shows all."""
    lost = unshown(text)
    told = gettext("No letter can show this: %(characters)s. Write it in another way.")
    return told % {"characters": lost} if lost else ""


def shown_in_letters(text: str) -> None:
    """The same as the validator of a field."""
    if trouble := why_not(text):
        raise forms.ValidationError(trouble)
