"""`python -m simulators.bank TO FROM [--once]`: see README.md beside this file."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from simulators.bank.bank import Bank


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m simulators.bank", description=__doc__)
    parser.add_argument("to", type=Path, help="the folder that payment files come into")
    parser.add_argument("answers", type=Path, help="the folder that answers go into")
    parser.add_argument("--once", action="store_true", help="take what is there, answer and end")
    given = parser.parse_args(arguments)
    bank, stopped = Bank(given.to, given.answers), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    while True:
        taken = bank.work()
        if given.once:
            sys.stdout.write(f"{taken} files taken\n")
            return 0
        if stopped.wait(1):
            return 0


if __name__ == "__main__":
    sys.exit(main())
