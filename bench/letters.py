"""Decision letters per second on one core: kept compiler against a new one for each letter, and against a floor.

    python -m bench.letters [--letters 300] [--rounds 7] [--keep]

Each letter differs (name, number, amounts): a decision and a sheet of 12 or 40 lines. Rounds alternate;
the median counts, of processor time. Memory is printed after every round, since typst keeps what it has computed.
Goal: at least 60 a second and core of those with 12 lines, each its own tagged file. What a machine can do at all is
told by the floor: the same words as plain paragraphs on as many pages, by the same compiler, tagged and to the same
standards, in one weight of one font, without a table, a header or a file inside. `--keep` writes
docs/evidence/bench_letters.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import typst

from handslag.connectors.letter.port import Annex, DecisionLine, Letter, Organisation, Section, SheetLine
from handslag.connectors.letter.typst_ import TypstSetter
from handslag.connectors.letter.typst_ import set as setting
from soak.evidence import write

GOAL = 60


def letter(number: int, lines: int) -> Letter:
    """An invented letter, different for each `number`."""
    sheet = tuple(
        SheetLine(
            f"Kostnad {n}",
            1000 * (number % 977) + 100 * n,
            "12 kap. 7 § SoL",
            f"Underlag {number}-{n}, inom gränsen",
        )
        for n in range(lines)
    )
    text = (
        "Den som inte själv kan tillgodose sina behov har rätt till ekonomiskt bistånd enligt 12 kap. 1 § "
        "socialtjänstlagen (2025:400). Biståndet beräknas efter riksnormen och skäliga kostnader därutöver."
    )
    return Letter(
        organisation=Organisation("Ljungvik kommun", ("Box 12", "123 21 Ljungvik"), "Socialförvaltningen"),
        recipient=(f"Petra Nilsson {number}", f"Björkgatan {number}", "123 45 LJUNGVIK"),
        reference=f"2026-{number:06d}-K",
        written_on=date(2026, 3, 24),
        language="sv",
        heading="Beslut om ekonomiskt bistånd för mars 2026",
        outcome="Du får ekonomiskt bistånd för mars 2026.",
        outcome_amount=655000 + number,
        paragraphs=(Section("Skälen för beslutet", f"{text}\n\n{text}"), Section("Vad du ska göra", text)),
        lines=(DecisionLine("Försörjningsstöd", 655000 + number, "12 kap. 1 § SoL", "Mars 2026"),),
        decided_by=("Karin Åberg", "Socialsekreterare"),
        delegation="punkt 4.2",
        appeal=Section("Om du inte är nöjd med beslutet", f"{text}\n\n{text}"),
        annex=Annex("Beräkning för mars 2026", "Riksnorm 2026.", sheet, "{}"),
    )


class Plain:
    """The floor: the words of a letter, one paragraph each, and a page's end where the letter's annex begins."""

    def __init__(self) -> None:
        fonts = Path(setting.__file__).parent / "fonts"
        self._compiler = typst.Compiler(
            input=b"", root=fonts, font_paths=typst.Fonts(False, False, font_paths=[fonts]), sys_inputs={}
        )

    def letter(self, letter: Letter) -> bytes:
        annex = asdict(letter)
        pages = [list(_words(part)) for part in (annex | {"annex": None}, annex["annex"] | {"data": None})]
        text = "#pagebreak()".join(
            "".join(f"#par({json.dumps(words, ensure_ascii=False)})" for words in page) for page in pages
        )
        look = '#set document(title: "Plain")\n#set text(font: "Source Sans 3", size: 10.5pt, lang: "sv")\n'
        content = self._compiler.compile(
            input=(look + text).encode(),
            format="pdf",
            pdf_standards=["ua-1", "a-3a"],
            timestamp=datetime(2026, 3, 24, tzinfo=UTC),
        )
        assert isinstance(content, bytes) and b"/StructTreeRoot" in content
        return content


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _words(part)
    elif isinstance(value, str | int | date):
        yield from str(value).split("\n\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", action="store_true", help="write docs/evidence/bench_letters.json")
    asked = parser.parse_args()
    kept, plain = TypstSetter(), Plain()
    number = 0

    def run(lines: int, setter: Callable[[], TypstSetter], count: int) -> Callable[[], int]:
        def letters() -> int:
            nonlocal number
            for _ in range(count):
                number += 1
                made = setter().letter(letter(number, lines))
                assert made.pages >= 2 and b"/StructTreeRoot" in made.content  # tagged
            return count

        return letters

    def floor() -> int:
        nonlocal number
        for _ in range(asked.letters):
            number += 1
            plain.letter(letter(number, 12))
        return int(asked.letters)

    runs = {
        "floor, the same words plain": floor,
        "kept compiler, 12 lines": run(12, lambda: kept, asked.letters),
        "kept compiler, 40 lines": run(40, lambda: kept, asked.letters),
        "new compiler, 12 lines": run(12, TypstSetter, max(asked.letters // 10, 1)),
    }
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for round_number in range(asked.rounds):
        for name, letters in runs.items():
            start = time.process_time()
            count = letters()
            rates[name].append(count / (time.process_time() - start))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"round {round_number + 1}: {number} letters so far, peak {peak:.0f} MB")
    result: dict[str, Any] = {"letters": asked.letters, "rounds": asked.rounds, "peak, MB": round(peak)}
    for name, found in rates.items():
        result[f"{name}, per second of one core"] = [round(f(found), 1) for f in (statistics.median, min, max)]
    shares = [
        ours / least
        for ours, least in zip(rates["kept compiler, 12 lines"], rates["floor, the same words plain"], strict=True)
    ]
    result["12 lines of the floor"] = [round(f(shares), 2) for f in (statistics.median, min, max)]
    for label, value in result.items():
        print(f"{label:48} {value}")
    if asked.keep:
        what = "bench/letters.py: decision letters, each its own tagged file; median, lowest and highest."
        write("bench_letters", what=what, seed=None, result=result)
    sys.exit(0 if statistics.median(rates["kept compiler, 12 lines"]) >= GOAL else 1)


if __name__ == "__main__":
    main()
