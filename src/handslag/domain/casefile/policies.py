"""What a message may be, which words in it mean that a person must look at once; where a case is worked."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from pathlib import Path
from unicodedata import category, combining, normalize

from handslag.domain.casefile.models import Case
from handslag.domain.tenancy.policies import NotPossible
from handslag.kernel.months import Month
from handslag.rules.yaml_files import shipped

#: Characters of a message.
LONGEST_MESSAGE = 4_000
#: Characters of the reason for which somebody opens a case that isn't hers.
SHORTEST_ACCESS_REASON, LONGEST_ACCESS_REASON = 10, 400


@cache
def _urgent(bare: bool = False) -> re.Pattern[str]:
    """The phrases of urgent.yaml, each as whole words; in Arabic "and" is written as one with the word behind it.
    `bare`: as a keyboard without ä, ö or é writes them."""
    entries = shipped(Path(__file__).parent / "urgent.yaml")
    phrases = [_folded(phrase) for entry in entries for phrase in entry["phrases"]]
    if bare:
        phrases = ["".join(c for c in normalize("NFKD", phrase) if not combining(c)) for phrase in phrases]
    return re.compile(r"(?<!\w)و?(?:" + "|".join(map(re.escape, sorted(phrases, key=len, reverse=True))) + r")(?!\w)")


#: What one and the same word is written with or without: Arabic vowel signs, hamza above or below, the stretched line.
_POINTS = dict.fromkeys([*range(0x064B, 0x0656), 0x0670, 0x0640])
_SAME = str.maketrans("ةى’", "هي'")


def _folded(text: str) -> str:
    seen = "".join(c for c in normalize("NFKD", text) if category(c) != "Cf")  # what nobody sees splits no word
    return " ".join(normalize("NFKC", seen.translate(_POINTS)).translate(_SAME).casefold().split())


def is_urgent(text: str) -> bool:
    """Whether a word of need stands in a text. It only makes a person look sooner; nothing else follows from it."""
    said = _folded(text)
    return bool(_urgent(bare=said.isascii()).search(said))


def months_taken(today: date) -> list[Month]:
    """The months for which an office enters an application or grants an advance: two back to the next."""
    now = Month.of(today)
    return [now - 2, now - 1, now, now + 1]


def require_worked_here(case: Case) -> None:
    """NotPossible("worked elsewhere") for a case that another case system works: it is decided and paid there."""
    if case.worked_in is not None:
        raise NotPossible("worked elsewhere")
