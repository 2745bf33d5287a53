"""The two forms of a rule that were tried, on the same small piece of law; see docs/decisions/0002.

    PYTHONPATH=src python bench/forms.py [--households 1000000]

Personal cost by age, lunch, single or couple, and a wage of which 25 % doesn't count (2026 amounts, öre).
Form 1: plain functions over words. Form 2: a table of formulas, first that holds counts, compiled to both
executions. Both explain one household with the amounts used, and must agree to the öre.
"""

import argparse
import ast
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from handslag.rules.norms import Number, Table, Used
from handslag.rules.words import Whole, lookup, round_to, where


def number(name: str, kronor: int) -> Number:
    """An amount of the ordinance."""
    return Number.of(kronor * 100, Used(name, kronor * 100, "SEK/month", "SFS 2025:468", "official", False))


def table(name: str, amounts: dict[range, int]) -> Table:
    """A table by age."""
    rows = tuple(number(name, kronor) for ages, kronor in amounts.items() for _ in ages)
    return Table(name, "age", 0, rows, np.array([*rows, 0], dtype=np.int64))


NORM = SimpleNamespace(
    single=number("single", 3940),
    couple=number("couple", 7100),
    child=table(
        "child",
        {
            range(1): 2740, range(1, 3): 3060, range(3, 4): 2720, range(4, 7): 3060, range(7, 11): 3820,
            range(11, 15): 4390, range(15, 19): 4960, range(19, 21): 5000,
        },
    ),
    child_without_lunch=table(
        "child_without_lunch", {range(1): 2560, range(1, 3): 2800, range(3, 4): 2500, range(4, 7): 2720}
    ),
)  # fmt: skip


# --- Form 1: plain functions over words -------------------------------------------------------------------


def personal_cost(person: Any, norm: Any, line: Callable[..., Whole]) -> Whole:
    """12 kap. 2 §: a child by age, without lunch up to six; a single adult; half of a couple's amount."""
    child = where(person.adult, False, True)
    lunch_away = child & (person.age <= 6) & (person.lunch_days >= 5)
    of_child = where(
        lunch_away,
        lookup(norm.child_without_lunch, person.age, only=lunch_away),
        lookup(norm.child, person.age, only=child),
    )
    row = where(person.cohabiting, norm.couple, where(person.adult, norm.single, of_child))
    return line("PERSON", where(person.cohabiting, row // 2, row), row)


def wage_counted(person: Any, norm: Any, line: Callable[..., Whole]) -> Whole:
    """Of the wage of an adult with job stimulus 25 % doesn't count, rounded half up to whole öre."""
    free = where(person.stimulated, round_to(1, person.wage * 25, 100), 0)
    return line("WAGE", person.wage - free, None)


def by_functions(person: Any, norm: Any, line: Callable[..., Whole]) -> Whole:
    """Need less income."""
    return personal_cost(person, norm, line) - wage_counted(person, norm, line)


# --- Form 2: a table of formulas --------------------------------------------------------------------------

FORMULAS = """
PERSON  12 kap. 2 §
    couple // 2                 if cohabiting
    single                      if adult
    child_without_lunch[age]    if age <= 6 and lunch_days >= 5
    child[age]                  otherwise
WAGE  25 % doesn't count, half up to whole öre
    wage - (wage * 25 + 50) // 100    if stimulated
    wage                              otherwise
RESULT
    PERSON - WAGE    otherwise
"""


class _ForArrays(ast.NodeTransformer):
    """`a and b` as `(a) & (b)`; a row of a table clipped to the table, since every branch is worked out."""

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        joined = node.values[0]
        for value in node.values[1:]:
            joined = ast.BinOp(joined, ast.BitAnd(), value)
        return joined

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        taken = f"{ast.unparse(node.value)}.take({ast.unparse(node.slice)}, mode='clip')"
        return ast.parse(taken, mode="eval").body


def for_arrays(expression: str) -> str:
    """The expression as NumPy needs it."""
    return ast.unparse(_ForArrays().visit(ast.parse(expression, mode="eval")))


def compiled(text: str, facts: list[str]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The function for one household, which also returns its lines, and the one for arrays."""
    one = ["def one(person, norm, line):"] + [f"    {fact} = person.{fact}" for fact in facts]
    many = ["def many(person, norm):"] + [f"    {fact} = person.{fact}" for fact in facts]
    norms = vars(NORM)
    one += [f"    {name} = norm.{name}" for name in norms]
    many += [f"    {name} = norm.{name}" for name in norms]
    code = ""
    branches: list[tuple[str, str]] = []
    for row in [*text.strip().splitlines(), "END"]:
        if row.startswith(" "):
            amount, _, condition = row.strip().rpartition("  ")
            branches.append((amount.strip(), condition.removeprefix("if ")))
            continue
        if code:
            conditions = [for_arrays(condition) for _, condition in branches[:-1]]
            *amounts, default = [for_arrays(amount) for amount, _ in branches]
            chosen = f"select([{', '.join(conditions)}], [{', '.join(amounts)}], {default})"
            many.append(f"    {code} = {chosen if amounts else default}")
            for n, (amount, condition) in enumerate(branches):
                word = "if" if n == 0 else "elif"
                head = "else" if condition == "otherwise" else f"{word} {condition}"
                one.append(f"    {head}: {code} = {amount}" if amounts else f"    {code} = {amount}")
            used = [name for name in norms if any(name in amount for amount, _ in branches)]
            one.append(f"    line({code!r}, {code}, {', '.join(used) if used else None})")
        code, branches = row.split()[0], []
    space: dict[str, Any] = {"select": np.select}
    exec("\n".join([*one, "    return RESULT", *many, "    return RESULT"]), space)
    return space["one"], space["many"]


# --- Figures ----------------------------------------------------------------------------------------------


def main() -> None:
    """Print medians of 7 interleaved rounds."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--households", type=int, default=1_000_000)
    households = arguments.parse_args().households
    facts = ["adult", "cohabiting", "age", "lunch_days", "stimulated", "wage"]
    alone, among = compiled(FORMULAS, facts)
    draw = np.random.default_rng(1)
    adult = draw.random(households) < 0.6
    people = SimpleNamespace(
        adult=adult,
        cohabiting=adult & (draw.random(households) < 0.4),
        age=np.where(adult, draw.integers(20, 80, households), draw.integers(0, 21, households)),
        lunch_days=draw.choice([0, 5], households),
        stimulated=adult & (draw.random(households) < 0.3),
        wage=draw.integers(0, 3_000_000, households),
    )
    arrays = SimpleNamespace(
        **{name: n.values[:-1] if isinstance(n, Table) else int(n) for name, n in vars(NORM).items()}
    )
    rows = SimpleNamespace(**{name: n.rows if isinstance(n, Table) else n for name, n in vars(NORM).items()})
    person = SimpleNamespace(adult=False, cohabiting=False, age=5, lunch_days=5, stimulated=False, wage=0)
    lines: list[Any] = []

    def line(code: str, amount: Whole, *row: Any) -> Whole:
        lines.append((code, amount, row[0].used if row and isinstance(row[0], Number) else None))
        return amount

    def silent(code: str, amount: Whole, *row: Any) -> Whole:
        return amount

    def repeated(work: Callable[[], Any]) -> Callable[[], None]:
        def run() -> None:
            for _ in range(10_000):
                work()
            lines.clear()

        return run

    works: dict[str, Callable[[], Any]] = {
        "one household, functions": repeated(lambda: by_functions(person, NORM, line)),
        "one household, formulas": repeated(lambda: alone(person, rows, line)),
        "population, functions": lambda: by_functions(people, NORM, silent),
        "population, formulas": lambda: among(people, arrays),
    }
    if not np.array_equal(works["population, functions"](), works["population, formulas"]()):
        raise SystemExit("the two forms differ")
    assert by_functions(person, NORM, silent) == alone(person, rows, silent) == 272_000
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(7):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    for name, taken in seconds.items():
        scale, unit = (1e6 / 10_000, "us") if name.startswith("one") else (1e3, "ms")
        low, mid, high = (f(taken) * scale for f in (min, statistics.median, max))
        print(f"{name:<28}{mid:8.2f} {unit} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
