"""Who plays the rounds of a run: this process one after the other, or several processes at the same time."""

import importlib
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from random import Random
from typing import Any


def one_round(module: Any, setting: Any, seed: int, number: int, counts: Counter[str]) -> list[str]:
    """Play a round: its findings."""
    found: list[str] = module.round(setting, number, Random(f"{seed}:{number}"), counts)
    return found


def _plays(name: str, seed: int, end: Any) -> None:
    """In a process of its own: the rounds whose numbers come through the pipe, until there is none."""
    module = importlib.import_module(f"soak.{name}")
    with module.setting() as setting:
        while (number := end.recv()) is not None:
            counts = Counter[str]()
            end.send((one_round(module, setting, seed, number, counts), counts))


@contextmanager
def players(name: str, seed: int, processes: int) -> Iterator[Any]:
    """Gives what plays so many rounds from a number on, each in a process and setting of its own."""
    spawn = multiprocessing.get_context("spawn")
    pipes = [spawn.Pipe() for _ in range(processes)]
    running = [spawn.Process(target=_plays, args=[name, seed, there]) for _here, there in pipes]
    for one, (_here, there) in zip(running, pipes, strict=True):
        one.start()
        there.close()

    def play(first: int, most: int, counts: Counter[str]) -> list[list[str]]:
        used = [here for here, _there in pipes[:most]]
        for n, here in enumerate(used):
            here.send(first + n)
        told = [here.recv() for here in used]
        for _found, counted in told:
            counts.update(counted)
        return [found for found, _counted in told]

    try:
        yield play
    finally:
        for here, _there in pipes:
            with suppress(OSError):  # its process ended already
                here.send(None)
        for one in running:
            one.join()


@contextmanager
def alone(name: str, seed: int) -> Iterator[Any]:
    """The same in this process, one round at a time."""
    module = importlib.import_module(f"soak.{name}")
    with module.setting() as setting:
        yield lambda first, _most, counts: [one_round(module, setting, seed, first, counts)]
