"""Payment files: ours (checked, written, validated, read back) against sepaxml (written; and validated).

    python bench/bank.py [--payments 50000] [--rounds 7]

Rounds are interleaved in one process; printed are the median seconds of each and the median of the ratios.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

from sepaxml import SepaTransfer

from handslag.connectors.bank.pain001_se import Pain001Writer
from handslag.connectors.bank.port import Account, Payment, PaymentFile

IBAN = "SE3550000000054910000003"


def ours(count: int) -> Callable[[], int]:
    """A run of our writer over `count` payments to IBANs, as sepaxml knows only those."""
    payments = [
        Payment(
            f"E{n:06d}",
            100 + 7 * n,
            "SEK",
            f"Anna Andersson {n}",
            Account("iban", IBAN),
            message=f"Bistand {n}",
        )
        for n in range(count)
    ]
    file = PaymentFile(
        "BENCH-1",
        datetime(2026, 3, 24, 12, tzinfo=UTC),
        date(2026, 3, 25),
        "Ljungvik kommun",
        "212000-1355",
        Account("iban", IBAN, bic="ESSESESS"),
        payments,
    )
    writer = Pain001Writer()
    return lambda: len(writer.write(file).content)


def theirs(count: int, *, validate: bool) -> Callable[[], int]:
    """The same payments by sepaxml, in its one-block (batch) form."""

    def run() -> int:
        config = {
            "name": "Ljungvik kommun",
            "IBAN": IBAN,
            "BIC": "ESSESESS",
            "batch": True,
            "currency": "SEK",
        }
        transfer = SepaTransfer(config, schema="pain.001.001.09", clean=True)
        for n in range(count):
            transfer.add_payment(
                {
                    "name": f"Anna Andersson {n}",
                    "IBAN": IBAN,
                    "amount": 100 + 7 * n,
                    "execution_date": date(2026, 3, 25),
                    "description": f"Bistand {n}",
                    "endtoend_id": f"E{n:06d}",
                }
            )
        return len(transfer.export(validate=validate))

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    runs = {
        "handslag, checked and validated": ours(asked.payments),
        "sepaxml, written only": theirs(asked.payments, validate=False),
        "sepaxml, validated": theirs(asked.payments, validate=True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    sizes: dict[str, int] = {}
    for _ in range(asked.rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            sizes[name] = run()
            seconds[name].append(time.perf_counter() - start)
    first = next(iter(runs))
    print(f"{asked.payments} payments, {asked.rounds} interleaved rounds")
    for name, taken in seconds.items():
        ratio = statistics.median(t / o for t, o in zip(taken, seconds[first], strict=True))
        print(
            f"{name:34} {statistics.median(taken):7.3f} s  {asked.payments / statistics.median(taken):9.0f}/s"
            f"  {sizes[name] / 1e6:5.1f} MB  x{ratio:.2f}"
        )


if __name__ == "__main__":
    main()
