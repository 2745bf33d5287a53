"""A simulation in its folder: piece by piece, here or on a cluster; started again, it goes on where it was."""

import csv
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import msgspec

from handslag.kernel import canonical, clock
from handslag.kernel.money import KRONA
from handslag.kernel.months import Month
from handslag.rules.norms import NormError, by_name, load, load_amendments, not_yet_checked
from handslag.rules.packs import pack
from handslag.rules.unnamed import RowError
from handslag.rules.yaml_files import YamlError, text_of
from handslag.simulation import population, report
from handslag.simulation.chunk import Question, SimulationError, added, calculate, rules_digest
from handslag.simulation.disclosure import TooFew, published

CHUNK: Final = 10_000
"""Households in a piece."""
MOST_CHUNK: Final = 1_000_000
MOST_MONTHS: Final = 120
FIRST_YEAR: Final = 2000
"""No law here is older, and who is born before 1880 is no member."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is simulated: a population, months, tables of another body for both sides, proposals before and after.

    `known_on`: by the rules and norms known on that day; None: on the day on which it was begun.
    """

    law: str
    people: Path
    since: Month
    months: int
    tables: tuple[Path, ...] = ()
    before: tuple[Path, ...] = ()
    after: tuple[Path, ...] = ()
    lang: str = ""
    chunk: int = CHUNK
    known_on: date | None = None


Tell = Callable[[int, int], None]
"""Called after each piece with how many are done, of how many."""


def simulate(asked: Simulation, folder: Path, scheduler: str = "", tell: Tell = lambda done, of: None) -> str:
    """Calculate what isn't calculated yet, and write the report into `folder`/report; gives its text.

    `scheduler`: the address of a Dask cluster that does the work; "": this process. SimulationError, NormError,
    PopulationError, TooFew with one message for people; what is done stays done.
    """
    question, told = _prepared(asked, asked.known_on or _begun(folder) or clock.central_today())
    with _own(folder, told):
        done = folder / "report" / "report.txt"
        if not done.exists():
            pieces = -(-population.count(asked.people) // asked.chunk)
            _calculate(asked, question, folder / "work", scheduler, lambda n: tell(n, pieces))
            results = [msgspec.json.decode(_piece(folder / "work", n).read_bytes()) for n in range(pieces)]
            _write_report(asked, question, folder, added(results, asked.months))
            shutil.rmtree(folder / "work")
        return done.read_text(encoding="utf-8")


def _begun(folder: Path) -> date | None:
    """By what was known on which day the simulation in this folder calculates; None where there is none."""
    there = folder / "run.json"
    told = json.loads(there.read_bytes()).get("known_on") if there.exists() else None
    return date.fromisoformat(told) if told else None


def _prepared(asked: Simulation, known_on: date) -> tuple[Question, dict[str, Any]]:
    """What is asked of each household; and all that the result depends on, as plain data."""
    law = pack(asked.law)
    if not 1 <= asked.months <= MOST_MONTHS:
        raise SimulationError(f"from 1 to {MOST_MONTHS} months are simulated, not {asked.months}")
    if not 1 <= asked.chunk <= MOST_CHUNK:
        raise SimulationError(f"a piece has from 1 to {MOST_CHUNK} households, not {asked.chunk}")
    if asked.since.year < FIRST_YEAR:
        raise SimulationError(f"{asked.since}: from {FIRST_YEAR} on is simulated")
    if not population.count(asked.people):
        raise SimulationError(f"{asked.people}: there is no household in it")
    population.check_columns(asked.people, law)

    def read(reader: Any, given: tuple[Path, ...]) -> Iterator[Any]:
        return (one for path in files(given) for one in reader(_text(path), str(path), law.LANGUAGE))

    for path in files((*asked.tables, *asked.before, *asked.after)):
        if not path.name.isprintable():  # it stands in the report
            raise NormError(f"{path.name!a}: a name that can be printed is expected of a file")
    tables = tuple(by_name(read(load, asked.tables)).values())
    before, after = (tuple(read(load_amendments, given)) for given in (asked.before, asked.after))
    problems = not_yet_checked((*tables, *before, *after), clock.central_today())
    if problems := [*problems, *(told for one in (*before, *after) for told in one.unknown(known_on))]:
        raise NormError("\n".join(dict.fromkeys(problems)))
    question = Question(
        law=asked.law,
        months=tuple(asked.since + n for n in range(asked.months)),
        tables=tables,
        before=before,
        after=after,
        rules=rules_digest(),
        known_on=known_on,
    )
    told = {
        "law": asked.law,
        "population": population.digest_of(asked.people),
        "since": str(asked.since),
        "months": asked.months,
        "norms": {
            side: [[path.name, population.digest_of(path)] for path in files(given)]
            for side, given in (("tables", asked.tables), ("before", asked.before), ("after", asked.after))
        },
        "lang": asked.lang,
        "chunk": asked.chunk,
        "rules": question.rules,
        "known_on": str(known_on),
    }
    return question, told


def files(given: tuple[Path, ...]) -> list[Path]:
    """The files themselves, and the *.yaml of folders, in order."""
    return [path for each in given for path in (sorted(each.glob("*.yaml")) if each.is_dir() else [each])]


def _text(path: Path) -> str:
    try:
        return text_of(path)
    except (OSError, YamlError) as error:
        raise NormError(f"{path}: {error}") from error


@contextmanager
def _own(folder: Path, told: dict[str, Any]) -> Iterator[None]:
    """The folder for one run at a time, and for this simulation only. Its owner alone can look into it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "work").mkdir(exist_ok=True)
    with (folder / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SimulationError(f"{folder}: a simulation is running in it") from None
        known = folder / "run.json"
        if not known.exists():
            if any((folder / "work").iterdir()) or (folder / "report").exists():
                raise SimulationError(f"{folder}: isn't empty; name another folder")
            _put(known, canonical.dumps(told))
        elif (before := json.loads(known.read_bytes())) != told:
            other = ", ".join(sorted(key for key in told if before.get(key) != told[key]))
            raise SimulationError(f"{folder}: holds another simulation ({other}); name another folder")
        try:
            yield
        finally:
            if (folder / "report").exists():
                shutil.rmtree(folder / "work", ignore_errors=True)


def _put(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _piece(work: Path, number: int) -> Path:
    return work / f"{number:06}.json"


def _calculate(asked: Simulation, question: Question, work: Path, scheduler: str, tell: Callable[[int], None]) -> None:
    """Every piece that isn't there yet."""

    def missing() -> Iterator[tuple[int, int, bytes]]:
        for number, (first, rows) in enumerate(population.read(asked.people, asked.chunk)):
            if not _piece(work, number).exists():
                yield number, first, msgspec.json.encode(rows())

    def keep(number: int, result: dict[str, Any]) -> None:
        _put(_piece(work, number), canonical.dumps(result))
        tell(sum(1 for _ in work.glob("[0-9]*.json")))

    try:
        if scheduler:
            _on_cluster(scheduler, question, missing(), keep)
        else:
            for number, first, rows in missing():
                keep(number, calculate(question, first, rows))
    except RowError as error:
        raise population.PopulationError(f"{asked.people}: {error}") from error


def _on_cluster(
    scheduler: str,
    question: Question,
    missing: Iterator[tuple[int, int, bytes]],
    keep: Callable[[int, dict[str, Any]], None],
) -> None:
    """The same function on the workers of a Dask cluster, a few pieces ahead of them. Dask gives a piece whose worker
    dies to another one."""
    try:
        distributed: Any = import_module("distributed")
    except ImportError:
        raise SimulationError("a cluster is reached by an extra: pip install 'handslag[simulate]'") from None
    try:
        client = distributed.Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise SimulationError(f"{scheduler}: no Dask scheduler answers there: {error}") from error
    with client:
        running: dict[Any, int] = {}
        finished = distributed.as_completed()

        def give() -> None:
            wanted = 2 * max(sum(client.nthreads().values()), 1)
            while len(running) < wanted and (piece := next(missing, None)) is not None:
                number, first, rows = piece
                future = client.submit(calculate, question, first, rows, pure=False)
                running[future] = number
                finished.add(future)

        try:
            give()
            for future in finished:
                result = future.result()
                keep(running.pop(future), result)
                give()
        except distributed.scheduler.KilledWorker as error:
            what = f"piece {running[future] + 1}: the workers that had it died"
            raise SimulationError(f"{what}: {error}") from error
        except (distributed.client.FutureCancelledError, distributed.comm.CommClosedError) as error:
            raise SimulationError(f"{scheduler}: the scheduler was lost; started again, it goes on") from error


def _write_report(asked: Simulation, question: Question, folder: Path, sums: dict[str, Any]) -> None:
    """The report, whole or not at all; and, for the owner's eyes only, which rows weren't calculated and why."""
    law = pack(asked.law)
    lang = asked.lang or law.LANGUAGE
    why = folder / "not-calculated.csv"
    with why.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["row", "why"], *sums["refused"]])
    try:
        found = published(sums)
    except TooFew as error:
        raise TooFew(f"{error}; {why} says what couldn't be calculated" if sums["refused"] else error) from error
    about = report.About(
        lang=lang,
        locale=law.LOCALE if lang == law.LANGUAGE else lang,
        currency=law.CURRENCY,
        months=question.months,
        before=tuple(path.name for path in files(asked.before)),
        after=tuple(path.name for path in files(asked.after)),
        example=sums["example"],
        decimals=any(amount % KRONA for amount in found.amounts),
    )
    beside = folder / "work" / "report"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    report.write(beside, about, found)
    beside.rename(folder / "report")
