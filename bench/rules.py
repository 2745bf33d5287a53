"""The law against what others take for it: one warm household, and a population of a million.

    PYTHONPATH=src:. python bench/rules.py [--households 1000000] [--rounds 7] [--largest 3000000] [--keep]

Rounds are interleaved: in each one every engine does the same work once, each in a process and on a core of its own.
Times are processor times, so that other work on the machine counts less. Printed are medians, the spread (lowest to
highest) and medians of the ratios within a round. Arrays are built from an Arrow table
inside the time. OpenFisca-core (AGPL) is installed by pip into an environment of its own under var/, at run time; its
building of the simulation counts, the reading of its columns doesn't. Households are invented, seeded. `--keep` writes
docs/evidence/bench_rules.json.
"""

import argparse
import json
import multiprocessing
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.columns import from_arrow, to_arrow
from bench.riksnorm_2019 import households as benchmark
from bench.riksnorm_2019 import rule
from handslag.kernel.months import Month
from handslag.rules.packs import pack
from handslag.rules.periods import Period
from handslag.rules.population import CHUNK, Columns, Households
from handslag.rules.se import population as se
from handslag.rules.se.facts import Facts
from handslag.rules.se.numbers import Norms, norms_for
from handslag.rules.se.pack import calculate
from handslag.rules.se.rows import NO_LIMIT
from handslag.rules.unnamed import facts_of
from handslag.simulation import invented
from soak.evidence import ROOT, write

WHAT = "bench/rules.py: interleaved rounds against OpenFisca-core and the same arithmetic by hand in NumPy."
OPENFISCA = "openfisca-core==46.0.1"
SINCE, UNTIL = date(2026, 3, 1), date(2026, 4, 1)
MARCH = Period.of(SINCE, UNTIL)
TIMES = 200
SAMPLE = 4000
SIZES = (100_000, 300_000, 1_000_000)

COUPLE = {
    "since": "2026-03-01",
    "until": "2026-04-01",
    "members": [
        {"key": "sara", "role": "adult", "birth_on": "1988-02-11", "job_stimulus": True},
        {"key": "omar", "role": "adult", "birth_on": "1986-09-30"},
        {"key": "liv", "role": "child", "birth_on": "2020-08-14", "lunch_days": 5},
        {"key": "noa", "role": "child", "birth_on": "2013-11-02"},
    ],
    "costs": [
        {"code": "RENT", "applied": 940000},
        {"code": "ELECTRICITY", "applied": 90000},
        {"code": "HOME_INSURANCE", "applied": 21000},
        {"code": "UNEMPLOYMENT_FUND", "applied": 35000},
        {"code": "UNION_FEE", "applied": 32000, "person": "sara"},
    ],
    "incomes": [
        {"code": "PARENTAL_BENEFIT", "gross": 820000, "person": "omar", "source": "fetched"},
        {"code": "CHILD_BENEFIT", "gross": 265000, "source": "fetched"},
        {"code": "HOUSING_ALLOWANCE", "gross": 300000, "source": "fetched"},
        {"code": "SALARY", "gross": 1200000, "person": "sara", "source": "evidence"},
    ],
}


def swedish(households: int, seed: int = 1) -> se.Population:
    """About 2.2 persons, 4 costs and 2 incomes to a household; a tenth of the persons part of the month."""
    draw = np.random.default_rng(seed)
    adults = draw.choice([1, 1, 1, 2, 2], households).astype(np.int64)
    children = draw.choice([0, 0, 0, 0, 0, 1, 1, 2, 3], households).astype(np.int64)

    def offsets(counts: Any) -> Any:
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    at = offsets(adults + children)
    rows = int(at[-1])
    adult = np.arange(rows) - np.repeat(at[:-1], adults + children) < np.repeat(adults, adults + children)
    years = np.where(adult, draw.integers(20, 70, rows), draw.integers(0, 20, rows))
    birth = (2026 - years) * 10000 + draw.integers(1, 13, rows) * 100 + draw.integers(1, 29, rows)
    birth = np.minimum(birth, 20260301)
    whole = draw.random(rows) < 0.9
    members = Columns(
        at,
        {
            "adult": adult,
            "cohabiting": adult & np.repeat(adults == 2, adults + children),
            "couple": adult & np.repeat(adults == 2, adults + children),
            "visiting": ~adult & (draw.random(rows) < 0.05),
            "first": np.ones(rows, dtype=np.bool_),
            "throughout": whole,
            "birth": birth,
            "lunch_days": draw.choice([0, 5], rows).astype(np.int64),
            "days": (days := np.where(whole, 31, draw.integers(1, 31, rows))),
            "part_days": days,
            "earlier": (none := np.zeros(rows, dtype=np.int64)),
            "named_earlier": none,
            "before": none - 1,
        },
    )
    expenses = offsets(draw.integers(2, 6, households))
    special = offsets(draw.integers(0, 2, households))
    incomes = offsets(draw.integers(0, 5, households))
    work = draw.random(int(incomes[-1]))
    return se.Population(
        {
            "own_size": np.where(draw.random(households) < 0.1, 9, 0).astype(np.int64),
            "before": np.full(households, -1, dtype=np.int64),
        },
        {
            "members": members,
            "expenses": Columns(expenses, costs(draw, 900_000, int(expenses[-1]))),
            "special_expenses": Columns(special, costs(draw, 200_000, int(special[-1]))),
            "incomes": Columns(
                incomes,
                {
                    "gross": draw.integers(0, 1_200_000, int(incomes[-1])),
                    "earned_before": np.where(work < 0.05, draw.integers(0, 9_000_000, int(incomes[-1])), 0),
                    "earned_earlier": np.zeros(int(incomes[-1]), dtype=np.int64),
                    "means_of_child": np.zeros(int(incomes[-1]), dtype=np.bool_),
                    "stimulated": work > 0.8,
                    "work_of_child": work < 0.05,
                },
            ),
        },
    )


def costs(draw: np.random.Generator, most: int, rows: int) -> dict[str, Any]:
    """Costs applied for, a tenth of them above a limit, a tenth set by the office."""
    applied = draw.integers(0, most, rows)
    return {
        "applied": applied,
        "limit": np.where(draw.random(rows) < 0.1, most // 2, NO_LIMIT),
        "limit_changes": np.zeros(rows, dtype=np.bool_),
        "effective": applied // 2,
        "decided": draw.random(rows) < 0.1,
    }


def by_hand(p: se.Population, norm: Norms) -> Any:
    """What a programmer would write for these columns and this month, with no regard to reading it as law."""
    m, i = p.members, p.incomes
    age = np.maximum((20260301 - m.birth) // 10000, 0)
    lunch = ~m.adult & (age <= 6) & (m.lunch_days >= 5)
    full, less = norm.child.values, norm.child_without_lunch.values
    monthly = np.where(lunch, less[np.minimum(age, 6)], full[np.minimum(age, 20)])
    monthly = np.where(m.adult, np.where(m.cohabiting, int(norm.couple) // 2, int(norm.single)), monthly)
    daily = (monthly * 12 + 18250) // 36500 * 100
    cost = np.where(m.days == 31, monthly, np.minimum(daily * m.days, monthly))
    by_month = (2 * monthly * m.days + 3100) // 6200 * 100
    cost = np.where(m.throughout & (m.days < 31), by_month, cost)

    def total(values: Any, rows: Columns) -> Any:
        running = np.concatenate([[0], np.cumsum(values)])
        at = rows.offsets - rows.offsets[0]
        return running[at[1:]] - running[at[:-1]]

    members = total(m.first & ~m.visiting, m)
    size = np.maximum(np.where(p.own_size > 0, p.own_size, members), 1)
    common = norm.common.values[np.minimum(size, 7) - 1] + np.maximum(size - 7, 0) * 19000
    common = (2 * common * np.minimum(members, size) + 100 * size) // (200 * size) * 100
    need = total(cost, m) + common
    for c in (p.expenses, p.special_expenses):
        need += total(np.where(c.decided, c.effective, np.minimum(c.applied, c.limit)), c)
    above = np.maximum(i.gross - np.maximum(int(norm.prisbasbelopp) - i.earned_before, 0), 0)
    counted = np.where(i.stimulated, i.gross - (i.gross * 25 + 50) // 100, i.gross)
    income = total(np.where(i.work_of_child, above, counted), i)
    return np.maximum(need - income, 0)


# What is measured: each in a process of its own, which answers commands


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of the processor, and the result."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def served(make: Callable[[], Mapping[str, Callable[[], Any]]], pipe: Any) -> None:
    """The work by its name, done once for each command; answers (seconds and result, peak memory in MB)."""
    work = make()
    pipe.send(sorted(work))
    while (name := pipe.recv()) is not None:
        answer = work[name]()
        pipe.send((answer, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024))


class Engine:
    """A process that does pieces of work by name."""

    def __init__(self, make: Callable[[], Mapping[str, Callable[[], Any]]]) -> None:
        self.pipe, other = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("fork").Process(target=served, args=(make, other), daemon=True)
        self.process.start()
        self.pipe.recv()
        self.peak = 0

    def do(self, name: str) -> Any:
        """One round of a piece of work."""
        self.pipe.send(name)
        answer, self.peak = self.pipe.recv()
        return answer

    def end(self) -> None:
        """Let it end."""
        self.pipe.send(None)
        self.process.join()


@contextmanager
def engine(make: Callable[[], Mapping[str, Callable[[], Any]]]) -> Iterator[Engine]:
    """An engine while it is needed."""
    found = Engine(make)
    yield found
    found.end()


class OpenFisca:
    """OpenFisca in its own environment, made once, asked over pipes."""

    def __init__(self) -> None:
        folder = ROOT / "var" / "bench" / "openfisca"
        python = folder / "bin" / "python"
        made = folder / "made"
        if not made.exists() or made.read_text() != OPENFISCA:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", OPENFISCA], check=True)
            made.write_text(OPENFISCA)
        script = Path(__file__).parent / "riksnorm_2019" / "openfisca.py"
        self.process = subprocess.Popen(
            [str(python), str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, **command: Any) -> dict[str, Any]:
        """One command and its answer."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


def alone() -> Mapping[str, Callable[[], Any]]:
    """One household from JSON to the whole sheet as JSON, seconds each."""
    norms, couple = norms_for(SINCE), Facts.from_json(COUPLE).to_bytes()

    def repeated(sheet: Callable[[], bytes]) -> float:
        sheet()
        return timed(lambda: [sheet() for _ in range(TIMES)])[0] / TIMES

    return {
        "rule": lambda: repeated(lambda: rule.calculate(rule.Facts.from_json(benchmark.FACTS)).to_bytes()),
        "se": lambda: repeated(lambda: calculate(Facts.from_json(couple), norms).to_bytes()),
        "granted": lambda: rule.calculate(rule.Facts.from_json(benchmark.FACTS)).granted,
    }


def in_columns(kind: Any, table: Any, work: Callable[[Any], Any]) -> float:
    """Seconds for the arrays from Arrow and the calculation of all."""
    return timed(lambda: work(from_arrow(kind, table)))[0]


def of_rule(households: int) -> Mapping[str, Callable[[], Any]]:
    """The benchmark rule."""
    table = to_arrow(benchmark.many(households))
    return {
        "all": lambda: in_columns(Households, table, rule.calculate_many),
        "granted": lambda: rule.calculate_many(from_arrow(Households, table))["granted"],
    }


def of_se(households: int) -> Mapping[str, Callable[[], Any]]:
    """The Swedish sheet, and its arithmetic by hand: on whole arrays, and in the same pieces."""
    norms, table = norms_for(SINCE), to_arrow(swedish(households))

    def hand_in_pieces(many: se.Population) -> Any:
        cuts = [*range(0, len(many), CHUNK), len(many)]
        return np.concatenate([by_hand(many.part(since, until), norms) for since, until in pairwise(cuts)])

    return {
        "all": lambda: in_columns(se.Population, table, lambda many: se.calculate(many, MARCH, norms)),
        "hand": lambda: in_columns(se.Population, table, lambda many: by_hand(many, norms)),
        "pieces": lambda: in_columns(se.Population, table, hand_in_pieces),
        "equal": lambda: np.array_equal(
            se.calculate(from_arrow(se.Population, table), MARCH, norms)["granted"],
            by_hand(from_arrow(se.Population, table), norms),
        ),
    }


def of_pack(law: str, households: int) -> Mapping[str, Callable[[], Any]]:
    """A pack on invented households: a sample, again and again until there are so many."""
    module, facts = import_module(f"handslag.rules.{law}.population"), sample(law)
    norms = pack(law).norms_of(facts[0])
    table = to_arrow(tiled(module.Population.of(facts), -(-households // len(facts)))).slice(0, households)
    return {
        "all": lambda: in_columns(
            module.Population, table.combine_chunks(), lambda many: module.calculate(many, MARCH, norms)
        )
    }


def sample(law: str) -> list[Any]:
    """Facts of some invented households."""
    return [facts_of(pack(law), row, Month.of(SINCE)) for row in invented.households(law, SAMPLE)]


def tiled(many: Any, times: int) -> Any:
    """The same households, many times."""

    def rows(one: Columns) -> Columns:
        offsets = np.concatenate([[0], np.cumsum(np.tile(np.diff(one.offsets), times))])
        return Columns(offsets, {name: np.tile(column, times) for name, column in one.columns.items()})

    own = {name: np.tile(column, times) for name, column in many.households.items()}
    return type(many)(own, {name: rows(one) for name, one in many.rows.items()})


def lines_of_rule() -> tuple[float, float]:
    """Lines of a household on the benchmark rule's sheet: calculated, and not 0."""
    few = benchmark.many(SAMPLE)
    return counted(rule.calculate_lines(few).lines, SAMPLE)


def lines_of(law: str) -> tuple[float, float]:
    """The same for a pack."""
    module, facts = import_module(f"handslag.rules.{law}.population"), sample(law)
    return counted(
        module.calculate_lines(module.Population.of(facts), MARCH, pack(law).norms_of(facts[0])).lines, SAMPLE
    )


def counted(lines: Mapping[str, Any], households: int) -> tuple[float, float]:
    """Lines for each household: amounts worked out, and those that aren't 0."""
    amounts = list(lines.values())
    return sum(map(len, amounts)) / households, sum(int((x != 0).sum()) for x in amounts) / households


# What is printed


class Told:
    """Prints figures and keeps them."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def figures(self, name: str, values: list[float], scale: float, unit: str) -> float:
        """A median with its range."""
        low, mid, high = (f(values) * scale for f in (min, statistics.median, max))
        print(f"{name:<62}{mid:10.2f} {unit} ({low:.2f} to {high:.2f})", flush=True)
        self.kept[name] = {"median": round(mid, 3), "from": round(low, 3), "to": round(high, 3), "unit": unit}
        return mid

    def ratio(self, name: str, over: list[float], under: list[float], target: str) -> None:
        """The median of the rounds' ratios."""
        self.figures(f"{name} ({target})", [a / b for a, b in zip(over, under, strict=True)], 1, "x")

    def say(self, name: str, value: Any) -> None:
        """One value."""
        print(f"{name:<62}{value!s:>10}", flush=True)
        self.kept[name] = value


def one_household(told: Told, openfisca: OpenFisca, rounds: int) -> None:
    """(1) One warm household, JSON in, the whole explained sheet out."""
    with engine(alone) as ours:
        found: dict[str, list[float]] = {"rule": [], "se": [], "openfisca": []}
        assert abs(openfisca.ask(do="one", text=benchmark.SITUATION, times=20)["aid"] * 100 - ours.do("granted")) < 10
        for _ in range(rounds):
            for name in ("rule", "se"):
                found[name].append(ours.do(name))
            found["openfisca"].append(openfisca.ask(do="one", text=benchmark.SITUATION, times=50)["seconds"])
    told.figures("one household: OpenFisca, benchmark rule, with its trace", found["openfisca"], 1e6, "us")
    told.figures("one household: benchmark rule, whole sheet", found["rule"], 1e6, "us")
    told.figures("one household: Swedish law, whole sheet", found["se"], 1e6, "us")
    told.ratio("OpenFisca / the benchmark rule", found["openfisca"], found["rule"], "at least 5")
    told.ratio("OpenFisca / the Swedish law", found["openfisca"], found["se"], "at least 5")


def million(told: Told, openfisca: OpenFisca, households: int, rounds: int, folder: Path) -> None:
    """(2) Many households, arrays built from Arrow included."""
    benchmark.for_openfisca(benchmark.many(households), folder)
    openfisca.ask(do="load", folder=str(folder))
    with ExitStack() as stack:
        ours = stack.enter_context(engine(partial(of_rule, households)))
        swedish_law = stack.enter_context(engine(partial(of_se, households)))
        packs = {law: stack.enter_context(engine(partial(of_pack, law, households))) for law in ("ch", "de")}
        names = ("rule", "build", "openfisca", "se", "hand", "pieces", *packs)
        found: dict[str, list[float]] = {name: [] for name in names}
        peak = 0
        for _ in range(rounds):
            found["rule"].append(ours.do("all"))
            answer = openfisca.ask(do="many")
            found["build"].append(answer["load"])
            found["openfisca"].append(answer["load"] + answer["calculate"])
            peak = answer["peak_mb"]
            for name, work in (("se", "all"), ("hand", "hand"), ("pieces", "pieces")):
                found[name].append(swedish_law.do(work))
            for law, process in packs.items():
                found[law].append(process.do("all"))
        exact = ours.do("granted")
        theirs = np.rint(np.load(folder / "aid.result.npy").astype(np.float64) * 100).astype(np.int64)
        equal = swedish_law.do("equal")
        told.say("households", households)
        told.figures("OpenFisca, simulation built and calculated", found["openfisca"], 1e3, "ms")
        told.figures("  of it building the simulation", found["build"], 1e3, "ms")
        told.figures("benchmark rule", found["rule"], 1e3, "ms")
        told.ratio("OpenFisca / benchmark rule", found["openfisca"], found["rule"], "at least 10")
        told.say("households for which OpenFisca is off by an öre or more", int((exact != theirs).sum()))
        told.figures("Swedish law", found["se"], 1e3, "ms")
        told.figures("its arithmetic by hand in NumPy", found["hand"], 1e3, "ms")
        told.figures(f"the same by hand in pieces of {CHUNK:,}", found["pieces"], 1e3, "ms")
        told.ratio("rate of the Swedish law / by hand", found["hand"], found["se"], "at least 0.5")
        told.ratio("rate of the Swedish law / by hand in pieces", found["pieces"], found["se"], "at least 0.5")
        told.say("equal to the öre, all households", equal)
        worked, shown = lines_of_rule()
        told.say("lines of a household, benchmark rule: worked out, not 0", f"{worked:.1f}, {shown:.1f}")
        for law in ("se", *packs):
            mine, seen = lines_of(law)
            if law != "se":
                told.figures(f"{law}: the whole law", found[law], 1e3, "ms")
            told.say(f"{law}: lines of a household: worked out, not 0", f"{mine:.1f}, {seen:.1f}")
            told.ratio(
                f"{law}: cost of a line worked out / benchmark rule's",
                [t / mine for t in found[law]], [t / worked for t in found["rule"]],
                "for comparison" if law == "se" else "at most 3",
            )  # fmt: skip
            told.ratio(
                f"{law}: cost of a line that isn't 0 / benchmark rule's",
                [t / seen for t in found[law]], [t / shown for t in found["rule"]], "for comparison",
            )  # fmt: skip
        told.say("peak memory: OpenFisca, MB", peak)
        for name, process in (("benchmark rule", ours), ("Swedish law and by hand", swedish_law), *packs.items()):
            told.say(f"peak memory: {name}, MB", process.peak)
        if not equal:
            raise SystemExit("the hand-written version gives other amounts")


def growing(told: Told, largest: int, rounds: int) -> None:
    """(3) The cost of one household as there are more."""
    for name, make in (("benchmark rule", of_rule), ("Swedish law", of_se)):
        found: dict[int, list[float]] = {size: [] for size in (*(s for s in SIZES if s < largest), largest)}
        with ExitStack() as stack:
            engines = {size: stack.enter_context(engine(partial(make, size))) for size in found}
            for _ in range(rounds):
                for size, process in engines.items():
                    found[size].append(process.do("all") / size)
            for size, seconds in found.items():
                told.figures(f"{name}, {size} households, each", seconds, 1e9, "ns")
            told.ratio(
                f"{name}: a household among {largest} / among {min(found)}", found[largest], found[min(found)], "1"
            )
            told.say(f"peak memory: {name}, {largest} households, MB", engines[largest].peak)


def main() -> None:
    """Print the figures; fail when the hand-written version disagrees."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--households", type=int, default=1_000_000)
    arguments.add_argument("--largest", type=int, default=3_000_000)
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--keep", action="store_true", help="write docs/evidence/bench_rules.json")
    given = arguments.parse_args()
    told, openfisca = Told(), OpenFisca()
    with TemporaryDirectory() as folder:
        one_household(told, openfisca, given.rounds)
        million(told, openfisca, given.households, given.rounds, Path(folder))
        growing(told, given.largest, given.rounds)
    if given.keep:
        write("bench_rules", what=WHAT, seed=1, result={"rounds": given.rounds, **told.kept})


if __name__ == "__main__":
    main()
