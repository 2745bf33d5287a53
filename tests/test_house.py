"""The layout of the house: what a chapter may contain, which way keys and imports point."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
DOMAIN = ROOT / "src" / "handslag" / "domain"
FILES = {
    "__init__",
    "apps",
    "migrations",
    "models",
    "states",
    "operations",
    "queries",
    "permissions",
    "policies",
    "checks",
}
EXCEPTIONS = {  # with their reasons in docs/decisions/0005-files-of-a-chapter.md
    "tenancy": {"door", "rows", "constraints", "postgres", "keys", "installation", "migrate", "columns"},
    "audit": {"blocks"},
    "intake": {"forms"},
    "people": {"names", "identifiers", "accounts", "references", "qr_bill"},
    "exchange": {"frame", "sedex", "wrap"},
    "settlement": {"extracts"},
}
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())


def order() -> list[str]:
    """The chapters, first to last, as the import contract has them."""
    contracts = CONFIGURATION["tool"]["importlinter"]["contracts"]
    (chapters,) = [each for each in contracts if each.get("containers") == ["handslag.domain"]]
    return [name.strip("()") for name in reversed(chapters["layers"])]


def test_a_chapter_has_only_the_files_it_may_have() -> None:
    found = {
        chapter.name: {
            path.stem
            for path in chapter.iterdir()
            if (path.suffix == ".py" or (path.is_dir() and list(path.rglob("*.py")))) and path.name != "__pycache__"
        }
        for chapter in DOMAIN.iterdir()
        if (chapter / "__init__.py").exists()
    }
    assert set(found) <= set(order())
    assert {name: files - FILES for name, files in found.items() if files - FILES} == EXCEPTIONS
    written = (ROOT / "docs" / "decisions" / "0005-files-of-a-chapter.md").read_text()
    for chapter, names in EXCEPTIONS.items():
        for name in names:
            assert any(f"| {chapter} |" in line and f"`{name}`" in line for line in written.splitlines()), name


def test_foreign_keys_point_to_the_same_or_an_earlier_chapter() -> None:
    place = {f"handslag.domain.{name}": number for number, name in enumerate(order())}
    keys = [
        (model, field)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_config.name in place
        for field in model._meta.get_fields(include_hidden=True)
        if field.concrete and field.is_relation
    ]
    assert len(keys) > 50
    backwards = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model, field in keys
        if place.get(field.related_model._meta.app_config.name, len(place)) > place[model._meta.app_config.name]
    ]
    assert backwards == []


BREACHES = [
    ("handslag/kernel/ids.py", "import handslag.rules.words", "Floors"),
    ("handslag/domain/people/queries.py", "import handslag.web.ui", "Floors"),
    ("handslag/jobs/watch.py", "import handslag.web.ui", "Floors"),
    ("handslag/domain/people/models.py", "import handslag.domain.payments.models", "Chapters"),
    ("handslag/web/citizen/apps.py", "import handslag.web.caseworker", "Counters"),
    ("handslag/web/ui/site.py", "import handslag.web.citizen", "Counters"),
    ("handslag/web/citizen/apps.py", "import handslag.domain.exchange.queries", "nothing of the exchange"),
    ("handslag/domain/decisions/queries.py", "import handslag.domain.decisions.operations", "Files inside"),
    ("handslag/rules/words.py", "import django.db", "plain Python"),
    ("handslag/kernel/money.py", "import psycopg", "plain Python"),
    ("handslag/connectors/bank/port.py", "import handslag.connectors.letter", "side by side"),
    ("verifier/__init__.py", "import handslag.kernel", "verifier shares"),
    ("simulators/__init__.py", "import handslag.kernel", "Simulated outside"),
    ("handslag/ops/web.py", "import simulators", "does not import simulators"),
]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages, to plant breaches in."""
    copy = tmp_path_factory.mktemp("house")
    unwanted = shutil.ignore_patterns("__pycache__", "static", "templates", "locale")
    shutil.copytree(ROOT / "src" / "handslag", copy / "handslag", ignore=unwanted)
    for name in ("verifier", "simulators"):
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", copy)
    return copy


def broken(house: Path) -> set[tuple[str, str, str]]:
    """The imports that import-linter reports: contract, who imports, what."""
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    said = subprocess.run(
        [sys.executable, "-c", code, "--no-cache", "--no-logo"],
        cwd=house, env={"PYTHONPATH": str(house), "PATH": "", "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True, text=True,
    )  # fmt: skip
    head, _, told = said.stdout.partition("Broken contracts")
    assert "Contracts: " in head, said.stdout + said.stderr
    names = {line.partition(" BROKEN")[0] for line in head.splitlines() if " BROKEN" in line}
    found, name = set(), ""
    for line in told.splitlines():
        name = line if line in names else name
        if edge := re.search(r"(\S+) -> (\S+) \(l\.", line):
            found.add((name, edge[1], edge[2]))
    assert {name for name, _, _ in found} == names
    return found


#: Who reads the machine's clock: what moves the product's, and what deals with files, sessions and certificates.
BY_THE_MACHINE = {
    "tests/conftest.py", "tests/whole_case.py", "simulators/clock.py", "tests/sedex.py", "simulators/sedex/__main__.py",
    "tests/connectors/store/test_local.py", "tests/office.py", "tests/connectors/authorities/test_certificates.py",
    "tests/connectors/notices/test_smtp.py", "tests/quarter.py",
}  # fmt: skip


def test_tests_and_their_peers_go_by_the_products_clock() -> None:
    """Else they fail on the day from which the tests play an earlier one."""
    real = re.compile(r"datetime\.now\(|time\.time\(|date\.today\(|utcnow\(")
    paths = [path for folder in ("tests", "simulators") for path in (ROOT / folder).rglob("*.py")]
    assert {str(path.relative_to(ROOT)) for path in paths if real.search(path.read_text("utf-8"))} == BY_THE_MACHINE


def test_each_import_contract_reports_its_breach(house: Path) -> None:
    assert broken(house) == set()
    for file, line, _ in BREACHES:
        path = house / file
        path.write_text(f"{path.read_text()}\n{line}\n")
    found = broken(house)
    for file, line, contract in BREACHES:
        importer = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        assert any(
            contract in name and importer == by and f"{line}.".startswith(f"import {imported}.")
            for name, by, imported in found
        ), f"{line} in {file}: {found}"
    assert len({name for name, _, _ in found}) == len(CONFIGURATION["tool"]["importlinter"]["contracts"])
