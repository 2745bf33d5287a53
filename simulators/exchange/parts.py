"""What the sandbox plays: a Swedish municipality, or a Swiss canton with rules of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """Who it is, by which number it knows people, how it speaks, whether it takes the frame of eCH."""

    address: str
    name: str
    numbers: str
    currency: str
    person: dict[str, str]
    ground: str
    nothing: str
    question: str
    moves: str
    document: str
    asks_back: str
    takes_xml: bool
    words: dict[str, str]

    def asks_for(self, text: str) -> set[str]:
        """What the words of a text ask it to do, see README.md."""
        return {meant for said, meant in self.words.items() if said in text.lower()}

    def knows(self, person: dict[str, Any]) -> bool:
        """Whether it could know somebody by this number at all. ValueError for one that can't be right."""
        if person["identifier_type"] == "ahvn13":
            ahvn13(person["identifier"])
        return bool(person["identifier_type"] == self.numbers)


def ahvn13(number: str) -> None:
    """ValueError unless it is an AHV number: 756, nine digits and the check digit of EAN-13, with or without dots."""
    digits = number.replace(".", "")
    if not re.fullmatch(r"756[0-9]{10}", digits):
        raise ValueError("an AHV number is 13 digits from 756 on")
    if sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10:
        raise ValueError("check digit of an AHV number")


_ENGLISH = {"refuse": "refuse", "ask back": "ask back", "wait": "wait", "ask me": "ask me"}
MUNICIPALITY = Part(
    address="municipality:sandbox:0001",
    name="Sandbox kommun",
    numbers="personnummer",
    currency="SEK",
    person={
        "identifier_type": "personnummer", "identifier": "199006159806", "given_name": "Petra",
        "family_name": "Nilsson",
    },
    ground="10 kap. 28 § OSL",
    nothing="Nothing is paid.",
    question="Do you pay her rent?",
    moves="She moves to you.",
    document="Her lease",
    asks_back="Which month do you mean?",
    takes_xml=False,
    words=_ENGLISH,
)  # fmt: skip
CANTON = Part(
    address="canton_office:sandbox:ZZ",
    name="Sandbox Kanton",
    numbers="ahvn13",
    currency="CHF",
    person={
        "identifier_type": "ahvn13", "identifier": "7569217076985", "given_name": "Lena",
        "family_name": "Beispiel", "birth_on": "1990-06-15",
    },
    ground="Einwilligung im Gespräch",
    nothing="Es wird nichts bezahlt.",
    question="Bezahlen Sie ihre Miete?",
    moves="Sie zieht zu Ihnen.",
    document="Ihr Mietvertrag",
    asks_back="Welchen Monat meinen Sie?",
    takes_xml=True,
    words={
        **_ENGLISH, "ablehnen": "refuse", "rückfrage": "ask back", "warten": "wait", "fragen sie mich": "ask me",
        "assign somebody": "assign", "weisen sie zu": "assign",
    },
)  # fmt: skip
PARTS = {"municipality": MUNICIPALITY, "canton": CANTON}
