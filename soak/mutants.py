"""Mutation of the rules: does a case notice when one operator, limit or branch of the law's text is changed?"""

import ast
import inspect
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from random import Random
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

import yaml

from handslag.rules.case_files import Case, worked_cases
from handslag.rules.packs import names
from tests.rules import rule_cases

WHAT = (
    "In each round one change is made to the rules of each pack, in memory: an operator, a comparison, a whole number, "
    "the two branches of a condition, smaller for larger, down for half up, a line left out. Which changes are made is "
    "drawn by a hash, so it is the same in every run. All cases of the pack are calculated; the change is killed when "
    "one sheet differs or fails. At least 90 of 100 must be; every survivor is listed with the reason in "
    "soak/survivors.yaml, and one without a reason is a finding."
)
ROUNDS = 300
LEAST = 90
SECONDS = 1
REASONS = Path(__file__).with_name("survivors.yaml")
#: What isn't law: facts and codes (plain data with faults of their own), where norms come from, columns, words.
NOT_LAW = {"facts", "codes", "numbers", "population", "text"}
#: Law that no sheet shows, with tables of cases of its own (tests/rules/rule_cases.py).
BESIDE = {"se": ("history", "months", "retention")}
_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
_COMPARED: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}  # fmt: skip
_WORDS = {"minimum": "maximum", "maximum": "minimum", "min": "max", "max": "min", "all": "any", "any": "all"}


@dataclass(frozen=True)
class Mutant:
    """One change: the module, the function (`Class.method`), which node of it, which of its changes, what it says."""

    module: str
    function: str
    node: int
    change: int
    says: str


@dataclass(frozen=True)
class Bench:
    """What a round needs: by pack its mutants in their order, its cases with the sheets that are right; reasons."""

    mutants: dict[str, list[Mutant]]
    cases: dict[str, list[tuple[Callable[[], Any], Any]]]
    reasons: dict[str, str]


def changes(node: ast.AST) -> list[Callable[[], ast.AST]]:
    """What can be done with a copy of a node: each makes the node that stands in its place."""
    found: list[Callable[[], ast.AST]] = []
    if isinstance(node, ast.BinOp | ast.BoolOp | ast.AugAssign) and type(node.op) in _SWAPPED:
        found.append(lambda: _with(node, op=_SWAPPED[type(node.op)]()))
    elif isinstance(node, ast.Compare):
        found += [
            lambda kind=kind: _with(node, ops=[kind(), *node.ops[1:]])  # type: ignore[misc]
            for kind in _COMPARED.get(type(node.ops[0]), ())
        ]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        found.append(lambda: node.operand)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        found += _calls(node, node.func.id)
    elif isinstance(node, ast.If | ast.IfExp):
        found.append(lambda: _with(node, test=ast.UnaryOp(ast.Not(), node.test)))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and "super()" not in ast.unparse(node):
        found.append(ast.Pass)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        found.append(lambda: ast.Constant(node.value + 1))  # type: ignore[operator]
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        found.append(lambda: ast.Constant(not node.value))
    return found


def _calls(node: ast.Call, word: str) -> list[Callable[[], ast.AST]]:
    given = node.args
    if word in _WORDS:
        return [lambda: _with(node, func=ast.Name(_WORDS[word], ast.Load()))]
    if word == "where" and len(given) == 3:
        return [lambda: _with(node, args=[given[0], given[2], given[1]])]
    if word == "used" and len(given) == 2:
        return [lambda: _with(node, args=[given[0], ast.Constant(True)])]
    if word == "cents" and len(given) == 3:
        return [lambda: ast.BinOp(given[0], ast.FloorDiv(), given[1])]
    if word == "round_to":
        unit, amount, *divided_by = given
        by = ast.BinOp(unit, ast.Mult(), divided_by[0]) if divided_by else unit
        return [lambda: ast.BinOp(ast.BinOp(amount, ast.FloorDiv(), by), ast.Mult(), unit)]
    return []


def _with(node: ast.AST, **fields: Any) -> ast.AST:
    made = deepcopy(node)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


class _Put(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return ast.copy_location(self.new, node) if node is self.old else self.generic_visit(node)


@cache
def functions(name: str) -> dict[str, ast.FunctionDef]:
    """The functions and methods of a module by `name` or `Class.name` as trees, without types and explanations, and
    without what decorates them: that stands beside their code, not in it."""
    found: dict[str, ast.FunctionDef] = {}
    module = ast.parse(inspect.getsource(import_module(name)))
    for top in module.body:
        for one in top.body if isinstance(top, ast.ClassDef) else [top]:
            if isinstance(one, ast.FunctionDef):
                found[f"{top.name}.{one.name}" if isinstance(top, ast.ClassDef) else one.name] = one
    for function in found.values():
        function.decorator_list = []
        for node in ast.walk(function):
            if isinstance(node, ast.arg):
                node.annotation = None
            elif isinstance(node, ast.FunctionDef):
                node.returns = None
            elif isinstance(node, ast.AnnAssign):
                node.annotation = ast.Constant(None)
    return found


def law_of(pack: str) -> list[str]:
    """The modules that the calculation is made of: the pack's own, those of its folder that it calls, and those that
    tables of cases stand for."""
    root = f"handslag.rules.{pack}."
    known = vars(import_module(f"{root}pack")).values()
    whence = {v.__name__ if isinstance(v, ModuleType) else getattr(v, "__module__", "") or "" for v in known}
    called = {name for name in whence if name.startswith(root) and name.rpartition(".")[2] not in NOT_LAW}
    return sorted({*called, f"{root}pack", *(f"{root}{name}" for name in BESIDE.get(pack, ()))})


def mutants(pack: str) -> list[Mutant]:
    """Every change of the pack's rules, in an order drawn once for all."""
    found: list[Mutant] = []
    told: Counter[str] = Counter()
    for name in law_of(pack):
        for function, tree in functions(name).items():
            around = {id(inner): outer for outer in ast.walk(tree) for inner in ast.iter_child_nodes(outer)}
            for n, node in enumerate(ast.walk(tree)):
                for c, change in enumerate(changes(node)):
                    new = change()
                    if isinstance(around.get(id(node)), ast.arguments):
                        continue  # a default stands beside the code, not in it
                    shown = around[id(node)] if isinstance(node, ast.Constant) else node
                    was, becomes = _text(shown), _text(_Put(node, new).visit(_copy_around(shown, node)))
                    if was == becomes:
                        continue
                    short = _short(was, becomes)
                    says = f"{pack}/{name.rpartition('.')[2]}.py {function}: {short}"
                    told[says] += 1
                    if told[says] > 1:
                        says += f" ({told[says]})"
                    found.append(Mutant(name, function, n, c, says))
    return sorted(found, key=lambda m: sha256(m.says.encode()).digest())


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())


def _copy_around(shown: ast.AST, node: ast.AST) -> ast.AST:
    """A copy in which `node` itself stands, so that it can be found there."""
    return deepcopy(shown, {id(node): node})


def _short(was: str, becomes: str) -> str:
    """Both texts without what they have in common at the beginning and the end, but for a few words around."""
    if becomes == "pass" or len(was) < 120:
        return f"{was[:160]} -> {becomes[:160]}"
    first = next(n for n in range(len(was) + 1) if was[:n] != becomes[:n]) - 1
    start = max(first - 40, 0)
    return f"...{was[start : first + 60]}... -> ...{becomes[start : first + 60]}..."


def code_of(mutant: Mutant) -> CodeType:
    """The changed function, compiled as if it stood in its module, and in its class."""
    tree = deepcopy(functions(mutant.module)[mutant.function])
    old = list(ast.walk(tree))[mutant.node]
    tree = _Put(old, changes(old)[mutant.change]()).visit(tree)
    owner, _, name = mutant.function.rpartition(".")
    body: ast.stmt = tree
    if owner:
        body = ast.ClassDef(owner, [], [], [tree], [])
    scope: dict[str, Any] = dict(vars(import_module(mutant.module)))
    exec(compile(ast.fix_missing_locations(ast.Module([body], [])), mutant.module, "exec"), scope)
    made: FunctionType = vars(scope[owner])[name] if owner else scope[name]
    return made.__code__


def original(mutant: Mutant) -> Any:
    """The function that is to be changed."""
    owner, _, name = mutant.function.rpartition(".")
    module = import_module(mutant.module)
    found = vars(getattr(module, owner))[name] if owner else getattr(module, name)
    found = found.fget if isinstance(found, property) else getattr(found, "__func__", found)
    return inspect.unwrap(found)


def killed(mutant: Mutant, cases: list[tuple[Callable[[], Any], Any]]) -> bool:
    """Whether some case notices; one that doesn't come to an end has been noticed too."""
    function = original(mutant)
    right = function.__code__
    function.__code__ = code_of(mutant)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return any(found() != right for found, right in cases)
    except Exception:  # whatever a wrong rule raises, somebody has noticed
        return True
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        function.__code__ = right


def _too_long(_: int, __: FrameType | None) -> None:
    raise TimeoutError


def _sheet(case: Case) -> bytes:
    return case.calculate().to_bytes()


@contextmanager
def setting() -> Iterator[Bench]:
    """The cases with their right sheets, and all changes."""
    before = signal.signal(signal.SIGPROF, _too_long)
    cases: dict[str, list[tuple[Callable[[], Any], Any]]] = {}
    for pack in names():
        sheets = [partial(_sheet, case) for _, case in worked_cases(pack)]
        cases[pack] = [(found, found()) for found in sheets]
    cases["se"] += [(row.found, row.expected) for row in rule_cases.every()]
    reasons = {
        change: group["reason"]
        for group in yaml.safe_load(REASONS.read_text(encoding="utf-8"))
        for change in group["changes"]
    }
    yield Bench({pack: mutants(pack) for pack in names()}, cases, reasons)
    signal.signal(signal.SIGPROF, before)


def round(bench: Bench, number: int, _: Random, counts: Counter[str]) -> list[str]:
    """One change of each pack; in the last round, whether enough were noticed."""
    findings = []
    for pack, found in bench.mutants.items():
        if number < len(found):
            says = found[number].says
            if killed(found[number], bench.cases[pack]):
                counts[f"{pack}: killed"] += 1
            else:
                counts[f"{pack}: survived"] += 1
                counts[f"{says}: {bench.reasons.get(says, 'no reason')}"] += 1
                if says not in bench.reasons:
                    findings.append(f"survived: {says}")
    if number + 1 == ROUNDS:
        for pack in bench.mutants:
            done = counts[f"{pack}: killed"] + counts[f"{pack}: survived"]
            if counts[f"{pack}: killed"] * 100 < LEAST * done:
                findings.append(f"{pack}: {counts[f'{pack}: killed']} of {done} changes noticed")
    return findings
