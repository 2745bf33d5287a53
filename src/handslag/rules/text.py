"""A sheet in words: what all packs share. A pack has its texts.yaml, its groups, and its own turns of speech."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from handslag.kernel.money import format_amount, format_money
from handslag.rules.norms import Norm
from handslag.rules.sheet import Line, Sheet
from handslag.rules.yaml_files import shipped

_WIDTH: Final = 72
_REORDER: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PLAIN: Final = str.maketrans("\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}", "  ")


def in_line(text: str) -> str:
    """A text that somebody wrote, as it stands in a sentence: no line of its own, no mark that turns figures round."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text if c not in _REORDER)


class Shown(int):
    """A whole number in a sentence: `{gross:money}` says it as an amount, `{gross}` as it stands, and
    `{months:# month|# months}` in words for one and for more (three: for none, one, more), `#` being the number."""

    currency: str
    locale: str

    def __format__(self, spec: str) -> str:
        if spec == "money":
            return format_money(int(self), self.currency, self.locale)
        if "|" in spec:
            forms = spec.split("|")
            words = forms[min(int(self), 2)] if len(forms) == 3 else forms[int(self) != 1]
            return words.replace("#", str(int(self)))
        return format(int(self), spec)


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under one heading with their sum: texts `group.<name>` and `sum.<name>`, total by its name.

    `always`: the sum stands even where no line does.
    """

    name: str
    total: str
    belongs: Callable[[Line], bool]
    always: bool = False


def _once(clause: str, order: str) -> str:
    """A clause that says once what stands before an order's reference and is the reference's first word, too."""
    [word, *rest] = order.split(maxsplit=1) or [""]
    if not word:
        return clause
    twice = rf"\b({re.escape(word)}) {re.escape(order)}"
    return re.sub(twice, lambda found: " ".join([found[1], *rest]), clause, flags=re.IGNORECASE)


class Wording:
    """How one pack says its sheets. `languages`: the first is its own; `locales`: how a language writes amounts.

    `law`: a pattern in a section's text, and the address of that law with the pattern's groups in it. `uncounted`: a
    line's code, or what stands before its point, and the text `statistics.<key>` that says why it has no code there.

    A clause is a text `explain.<key>`; a line's `text` names one or more keys, parted by blanks. In it stand
    the line's params by name, its numbers as `{n[gbl.further]:money}` and its `amount`. The first of a line begins
    as a sentence does; those that follow others begin as they do inside one, and have no full stop.
    """

    def __init__(
        self,
        folder: Path,
        *,
        languages: tuple[str, ...],
        currency: str,
        groups: Sequence[Group],
        history: Callable[[str], Mapping[str, Norm]],
        locales: Mapping[str, str] | None = None,
        law: Sequence[tuple[str, str]] = (),
        uncounted: Mapping[str, str],
    ) -> None:
        self.folder = folder
        self.languages = languages
        self.currency = currency
        self.groups = groups
        self.history = history
        self.locales = locales or {}
        self.law = law
        self.uncounted = uncounted

    @cached_property
    def texts(self) -> Mapping[str, Mapping[str, str]]:
        """All texts by name and language: the shared ones, then the pack's own in their place."""
        texts: dict[str, dict[str, str]] = {}
        for path in (Path(__file__).with_name("texts.yaml"), self.folder / "texts.yaml"):
            texts |= shipped(path)
        return texts

    def say(self, key: str, lang: str, **values: Any) -> str:
        """One text, filled."""
        return self.texts[key][lang].format(**values)

    def money(self, minor: int | str, lang: str) -> str:
        """An amount with its currency."""
        return format_money(int(minor), self.currency, self.locales.get(lang, lang))

    def shown(self, value: int | str, lang: str) -> int | str:
        """A value as a sentence takes it."""
        if isinstance(value, str):
            return in_line(value)
        number = Shown(value)
        number.currency, number.locale = self.currency, self.locales.get(lang, lang)
        return number

    def label(self, line: Line, lang: str) -> str:
        """What the line is called: the text `label.<code>`."""
        return self.say(f"label.{line.code}", lang)

    def clauses(self, line: Line, lang: str) -> list[str]:
        """Why the line is that much: one clause for each key of its text."""
        numbers = {n.name: self.shown(n.value, lang) for n in line.numbers}
        values: dict[str, Any] = {name: self.shown(value, lang) for name, value in line.params.items()}
        values |= {"amount": self.shown(line.amount, lang), "n": numbers}
        said = [self.say(f"explain.{key}", lang, **values) for key in line.text.split()]
        return [_once(clause, in_line(str(line.params.get("order", "")))) for clause in said]

    def explain(self, line: Line, lang: str) -> str:
        """One line in one plain sentence: why it is that much, where its number came from, when it was paid."""
        said = [clause.removesuffix(".") for clause in self.clauses(line, lang)]
        if "source" in line.params:
            said.append(self.say(f"source.{line.params['source']}", lang))
        if "period" in line.params:
            said.append(self.say("explain.paid", lang, period=self.shown(line.params["period"], lang)))
        note = f" ({in_line(str(line.params['note']))})" if line.params.get("note") else ""
        return f"{'; '.join(said)}{note}."

    def uncounted_because(self, line: Line, lang: str) -> str:
        """Why a line has no statistics code, "" where it has one; lines of older versions may lack what newer have."""
        if line.statistics_code is not None:
            return ""
        kind = line.code.partition(".")[0]
        return self.say(f"statistics.{self.uncounted.get(line.code, self.uncounted.get(kind, 'version'))}", lang)

    def uncertainty(self, name: str, choice: str, lang: str, region: str = "") -> str:
        """Why the norm `name` is open, and what was chosen here."""
        norm = self.history(region)[name]
        chosen = norm.choices[choice][lang] if choice else ""
        return f"{norm.uncertain[lang]} {chosen}".strip()

    def doubts(self, sheet: Sheet, lang: str) -> list[str]:
        """What is open of a sheet and what was chosen here, each once; not without its choice beside with it."""
        said = dict.fromkeys(
            self.uncertainty(name, choice, lang, sheet.region) for name, choice in sheet.uncertain.items()
        )
        return [one for one in said if not any(other != one and other.startswith(one) for other in said)]

    def results(self, sheet: Sheet) -> list[tuple[str, int]]:
        """The rows below the lines: the name of a text and an amount."""
        rows = [("granted", sheet.granted)]
        return [*rows, ("surplus", sheet.surplus)] if sheet.surplus else rows

    def title(self, sheet: Sheet, lang: str) -> str:
        """The first line."""
        return self.say("title", lang, since=sheet.since, last=sheet.until - timedelta(days=1), region=sheet.region)

    def to_text(self, sheet: Sheet, lang: str, names: Mapping[str, str]) -> str:
        """The whole sheet: groups of lines with amounts, reasons and sections, then the result."""
        out = [self.title(sheet, lang), ""]
        locale = self.locales.get(lang, lang)

        def row(text: str, minor: int, indent: str = "") -> None:
            amount = format_amount(minor, locale).translate(_PLAIN)
            out.append(f"{indent}{text:<{_WIDTH - len(indent) - len(amount) - 1}} {amount}")

        for group in self.groups:
            lines = [line for line in sheet.lines if group.belongs(line)]
            if lines:
                out.append(self.say(f"group.{group.name}", lang))
            for line in lines:
                text = self.label(line, lang)
                if line.person is not None:
                    text += f", {in_line(names.get(line.person, line.person))}"
                row(text, line.amount, "  ")
                out.append(f"    {self.explain(line, lang).translate(_PLAIN)} [{line.section}]")
            if lines or group.always:
                row(self.say(f"sum.{group.name}", lang), sheet.totals[group.total])
        out.append("")
        for name, minor in self.results(sheet):
            row(self.say(name, lang), minor)
        if sheet.uncertain:
            out += ["", self.say("uncertain", lang), *(f"  {doubt}" for doubt in self.doubts(sheet, lang))]
        if sheet.has_example:
            out += ["", self.say("example", lang)]
        return "\n".join(out) + "\n"
