"""Letters set by typst: PDF/UA-1 and PDF/A-3a in one file, data by JSON only, own fonts; see README.md."""

from handslag.connectors.letter.typst_.set import TypstSetter, setter

__all__ = ["TypstSetter", "setter"]
