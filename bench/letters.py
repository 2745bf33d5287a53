"""Decision letters per second on one core: kept compiler against a new one for each letter.

    python bench/letters.py [--letters 300] [--rounds 7]

Each letter differs (name, number, amounts): a decision and a sheet of 12 or 40 lines. Rounds alternate;
the median counts. Memory is printed after every round, since typst keeps what it has computed.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from datetime import date

from handslag.connectors.letter.port import Annex, DecisionLine, Letter, Organisation, Section, SheetLine
from handslag.connectors.letter.typst_ import TypstSetter


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    kept = TypstSetter()
    number = 0

    def run(lines: int, setter: Callable[[], TypstSetter], count: int) -> Callable[[], int]:
        def letters() -> int:
            nonlocal number
            for _ in range(count):
                number += 1
                assert setter().letter(letter(number, lines)).pages >= 2
            return count

        return letters

    runs = {
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
    for name, found in rates.items():
        print(f"{name:26} {statistics.median(found):7.1f} letters per second of one core")


if __name__ == "__main__":
    main()
