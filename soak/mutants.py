"""Mutation of the rules: does a case notice when one operator, limit or branch of the law's text is changed?"""

import ast
import inspect
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from random import Random
from types import CodeType, FunctionType, ModuleType
from typing import Any

from handslag import rules
from handslag.rules.case_files import Case, read
from handslag.rules.packs import names

WHAT = (
    "In each round one change is made to the rules of each pack, in memory: an operator, a comparison, a whole number, "
    "the two branches of a condition, smaller for larger. All cases of the pack are calculated; the change is killed "
    "when one sheet differs or fails. At least 90 of 100 must be; survivors are counted by place."
)
ROUNDS = 300
LEAST = 90
#: What isn't law: facts and codes (plain data), columns, where norms come from.
NOT_LAW = {"facts", "codes", "rows", "numbers"}
_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}  # fmt: skip
_WORDS = {"minimum": "maximum", "maximum": "minimum"}


@dataclass(frozen=True)
class Mutant:
    """One change: the module, the function, which node of it (in the order of `ast.walk`), and what it says."""

    module: str
    function: str
    node: int
    says: str


@dataclass(frozen=True)
class Bench:
    """What a round needs: by pack its mutants in their order, its cases with the sheets that are right."""

    mutants: dict[str, list[Mutant]]
    cases: dict[str, list[tuple[Case, bytes]]]


def changed(node: ast.AST) -> str:
    """Change the node in place and say how; "" where there is nothing to change."""
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        before, node.op = type(node.op).__name__, _OPERATORS[type(node.op)]()  # type: ignore[assignment]
        return f"{before} to {type(node.op).__name__}"
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _OPERATORS:
        name, node.ops[0] = type(node.ops[0]).__name__, _OPERATORS[type(node.ops[0])]()  # type: ignore[assignment]
        return f"{name} to {type(node.ops[0]).__name__}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id in _WORDS:
            node.func.id = _WORDS[node.func.id]
            return f"to {node.func.id}"
        if node.func.id == "where" and len(node.args) == 3:
            node.args[1], node.args[2] = node.args[2], node.args[1]
            return "branches of where"
    if isinstance(node, ast.If | ast.IfExp):
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return "condition turned"
    if isinstance(node, ast.Constant) and type(node.value) is int:
        node.value += 1
        return f"{node.value - 1} to {node.value}"
    return ""


def functions(module: ModuleType) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions of a module as trees, without their types."""
    for function in ast.parse(inspect.getsource(module)).body:
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.arg):
                    node.annotation = None
                elif isinstance(node, ast.FunctionDef):
                    node.returns = None
                elif isinstance(node, ast.AnnAssign):
                    node.annotation = ast.Constant(None)
            yield function.name, function


def law_of(pack: str) -> list[str]:
    """The modules that the calculation is made of: the pack's own, and those of its folder that it calls."""
    root = f"handslag.rules.{pack}."
    known = vars(import_module(f"{root}pack")).values()
    whence = {v.__name__ if isinstance(v, ModuleType) else getattr(v, "__module__", "") or "" for v in known}
    called = {name for name in whence if name.startswith(root) and name.rpartition(".")[2] not in NOT_LAW}
    return sorted({*called, f"{root}pack"})


def mutants(pack: str) -> list[Mutant]:
    """Every change of the pack's rules, in an order drawn once for all."""
    found = []
    for name in law_of(pack):
        for function, tree in functions(import_module(name)):
            for n, node in enumerate(ast.walk(tree)):
                says = changed(deepcopy(node))
                if says:
                    place = f"{pack}/{name.rpartition('.')[2]}.py:{getattr(node, 'lineno', 0)} {function}: {says}"
                    found.append(Mutant(name, function, n, place))
    return sorted(found, key=lambda m: sha256(f"{m.says} {m.node}".encode()).digest())


def code_of(mutant: Mutant) -> CodeType:
    """The changed function, compiled as if it stood in its module."""
    tree = dict(functions(import_module(mutant.module)))[mutant.function]
    changed(list(ast.walk(tree))[mutant.node])
    tree.decorator_list = []
    scope: dict[str, Any] = dict(vars(import_module(mutant.module)))
    exec(compile(ast.fix_missing_locations(ast.Module([tree], [])), mutant.module, "exec"), scope)
    made: FunctionType = scope[mutant.function]
    return made.__code__


def killed(mutant: Mutant, cases: list[tuple[Case, bytes]]) -> bool:
    """Whether some case notices."""
    function = inspect.unwrap(getattr(import_module(mutant.module), mutant.function))
    right = function.__code__
    function.__code__ = code_of(mutant)
    try:
        return any(case.calculate().to_bytes() != sheet for case, sheet in cases)
    except Exception:  # whatever a wrong rule raises, somebody has noticed
        return True
    finally:
        function.__code__ = right


@contextmanager
def setting() -> Iterator[Bench]:
    """The cases with their right sheets, and all changes."""
    cases: dict[str, list[tuple[Case, bytes]]] = {}
    for pack in names():
        folder = Path(rules.__file__).parent / pack / "cases"
        found = [read(path) for path in sorted(folder.rglob("*.yaml"))]
        cases[pack] = [(case, case.calculate().to_bytes()) for case in found]
    yield Bench({pack: mutants(pack) for pack in names()}, cases)


def round(bench: Bench, number: int, _: Random, counts: Counter[str]) -> list[str]:
    """One change of each pack; in the last round, whether enough were noticed."""
    for pack, found in bench.mutants.items():
        if number < len(found):
            if killed(found[number], bench.cases[pack]):
                counts[f"{pack}: killed"] += 1
            else:
                counts[f"{pack}: survived"] += 1
                counts[found[number].says] += 1
    if number + 1 < ROUNDS:
        return []
    findings = []
    for pack in bench.mutants:
        done = counts[f"{pack}: killed"] + counts[f"{pack}: survived"]
        if counts[f"{pack}: killed"] * 100 < LEAST * done:
            findings.append(f"{pack}: {counts[f'{pack}: killed']} of {done} changes noticed")
    return findings
