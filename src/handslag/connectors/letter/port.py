"""Letters and receipts as documents: what goes in, what comes out, and who can set them.

All words with legal effect come from the caller (dated texts, already in the letter's language); the setter
adds only labels such as "Datum" and "Sida 1 (2)" and formats the amounts (int minor units). A setter is pure:
the same letter gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import Literal, Protocol, cast

Language = Literal["sv", "en", "de", "fr"]

_SETTERS = {"typst": "handslag.connectors.letter.typst_"}


@dataclass(frozen=True, slots=True)
class Organisation:
    """The sender. `colour` is #rrggbb (used for bars and rules, never for text); `logo` is SVG text or ""."""

    name: str
    address: tuple[str, ...]
    unit: str = ""
    contact: tuple[str, ...] = ()
    colour: str = "#2f4858"
    logo: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading ("" for none) and its text; an empty line in the text begins a new paragraph."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class DecisionLine:
    """One line of the decision: what, for whom or when (`detail`), by which section of law, how much."""

    text: str
    amount: int
    section: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of the calculation. `kind`: a line, a sum (emphasised), or a heading (no amount); `url`: where the
    section's text is published."""

    text: str
    amount: int | None
    section: str = ""
    explanation: str = ""
    kind: Literal["line", "sum", "heading"] = "line"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Annex:
    """The calculation sheet as annex; `data` is the sheet's own JSON, attached to the PDF byte for byte."""

    title: str
    introduction: str
    lines: tuple[SheetLine, ...]
    data: str
    file_name: str = "sheet.json"


@dataclass(frozen=True, slots=True)
class Translation:
    """A translation that helps a reader of `language` (sv, en, ar ...) and doesn't hold, as `notice` says: what the
    letter decides, its parts, and its lines (of the calculation, where it has one) with their three column headings."""

    language: str
    title: str
    notice: str
    heading: str
    outcome: str
    parts: tuple[Section, ...]
    columns: tuple[str, str, str]
    lines: tuple[SheetLine, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A decision letter. `reference` is the decision's number; `written_on` is the date in the letter and the PDF's
    creation date."""

    organisation: Organisation
    recipient: tuple[str, ...]
    reference: str
    written_on: date
    language: Language
    heading: str
    outcome: str
    outcome_amount: int | None
    paragraphs: tuple[Section, ...]
    lines: tuple[DecisionLine, ...]
    decided_by: tuple[str, ...]
    delegation: str
    appeal: Section
    annex: Annex | None = None
    currency: str = "SEK"
    case_number: str = ""
    translations: tuple[Translation, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value, both as printed."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class ReceiptPart:
    """One part of what was handed in: a heading and its answers."""

    heading: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that an application was received: the sentence, the facts, what was handed in, how to verify it.

    `data` is the receipt's own (signed) text, attached to the PDF byte for byte under `file_name`. `unshown`: the
    sentence that stands there too where a character had to be left out because no font shows it.
    """

    organisation: Organisation
    recipient: tuple[str, ...]
    reference: str
    written_on: date
    language: Language
    heading: str
    statement: str
    facts: tuple[Fact, ...]
    parts: tuple[ReceiptPart, ...]
    closing: tuple[Section, ...]
    digest: str
    data: str
    file_name: str = "receipt.json"
    unshown: str = ""


@dataclass(frozen=True, slots=True)
class NoticePage:
    """One printed notice: its key, the lines of the window address, heading and text."""

    key: str
    recipient: tuple[str, ...]
    language: Language
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class NoticeBatch:
    """Printed notices of one day, one page each, in this order."""

    organisation: Organisation
    written_on: date
    pages: tuple[NoticePage, ...]


@dataclass(frozen=True, slots=True)
class SetDocument:
    """The finished PDF, its SHA-256 (hex) and its number of pages."""

    content: bytes
    digest: str
    pages: int


class LetterRefused(ValueError):
    """The document can't be set. `characters`: those that no font of the product shows, or ""."""

    def __init__(self, message: str, characters: str = "") -> None:
        self.characters = characters
        super().__init__(message)


class LetterSetter(Protocol):
    """Sets letters and receipts as tagged PDF."""

    def letter(self, letter: Letter) -> SetDocument:
        """The decision letter. Raises LetterRefused."""
        ...

    def receipt(self, receipt: Receipt) -> SetDocument:
        """The receipt. Raises LetterRefused."""
        ...

    def notices(self, batch: NoticeBatch) -> SetDocument:
        """The notices of a day, a page each. Raises LetterRefused."""
        ...

    def unshown(self, text: str) -> str:
        """The characters of a text for which a letter would be refused, each once; "" where it shows all."""
        ...


def for_tenant(kind: str = "typst", options: Mapping[str, object] | None = None) -> LetterSetter:
    """The setter that a tenant has chosen. LookupError for a kind that doesn't exist."""
    if kind not in _SETTERS:
        raise LookupError(f"no letter setter {kind!r}; known: {', '.join(sorted(_SETTERS))}")
    return cast(LetterSetter, import_module(_SETTERS[kind]).setter(**(options or {})))
