"""A simulation in its folder: killed and started again, on a cluster that loses a worker, and what it refuses."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from distributed import Client
from typer.testing import CliRunner

from handslag.cli.main import load
from handslag.kernel.months import Month
from handslag.rules.packs import pack
from handslag.simulation import population
from handslag.simulation.invented import households
from handslag.simulation.run import Simulation, simulate

PROPOSAL = """
- name: riksnorm.single
  values: [{since: 2026-03-01, value: 4400, source: a bill, checked_on: 2026-01-01, status: example}]
- name: riksnorm.child
  values:
    - since: 2026-03-01
      rows: [2000, 2000, 2000, 2000, 2000, 2000, 2000, 2000]
      source: a bill
      checked_on: 2026-01-01
      status: example
"""


KNOWN = date(2026, 11, 1)
"""By what is known on which day the tests calculate."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a population of 400 and a proposal."""
    folder = tmp_path_factory.mktemp("simulation")
    population.write(folder / "people.parquet", pack("se"), households("se", 400, seed=3))
    (folder / "bill.yaml").write_text(PROPOSAL)
    return folder


@pytest.fixture(scope="module")
def whole(place: Path) -> dict[str, bytes]:
    """The report of one run that nothing disturbs."""
    simulate(asked(place), place / "whole")
    return report(place / "whole")


def asked(place: Path, **more: Any) -> Simulation:
    told = {
        "known_on": KNOWN,
        "people": place / "people.parquet",
        "after": (place / "bill.yaml",),
        "lang": "en",
        **more,
    }
    return Simulation(law="se", since=Month(2026, 2), months=6, **told)


def report(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "report").iterdir())}


def command(place: Path, out: Path, *more: str) -> list[str]:
    told = [str(place / "people.parquet"), "--after", str(place / "bill.yaml"), "--since", "2026-02", "--months", "6"]
    told += ["--known-on", str(KNOWN), "--lang", "en", "--chunk", "20", "--out", str(out), *more]
    return [sys.executable, "-m", "handslag.cli.main", "simulate", "run", *told]


def first_pieces(out: Path, number: int) -> None:
    """Wait until so many pieces are done."""
    end = time.monotonic() + 60
    while len(list((out / "work").glob("[0-9]*.json"))) < number:
        assert time.monotonic() < end, "nothing is calculated"
        time.sleep(0.005)


def test_killed_and_started_again_it_goes_on_and_says_the_same(place: Path, whole: dict[str, bytes]) -> None:
    out = place / "killed"
    with subprocess.Popen(command(place, out), stderr=subprocess.PIPE) as running:
        first_pieces(out, 2)
        running.kill()
    assert running.returncode == -signal.SIGKILL and not (out / "report").exists()
    kept = {path.name: path.stat().st_mtime_ns for path in (out / "work").glob("[0-9]*.json")}
    seen: list[tuple[int, int]] = []
    again: dict[str, int] = {}

    def tell(done: int, of: int) -> None:
        seen.append((done, of))
        again.update({name: (out / "work" / name).stat().st_mtime_ns for name in kept})

    simulate(asked(place, chunk=20), out, tell=tell)
    assert seen == [(n, 20) for n in range(len(kept) + 1, 21)] and again == kept  # none is calculated twice
    assert report(out) == whole
    assert sorted(path.name for path in out.iterdir()) == ["not-calculated.csv", "report", "run.json", "run.lock"]
    assert out.stat().st_mode & 0o777 == 0o700
    told = CliRunner().invoke(load("simulate"), command(place, out)[4:])
    assert told.output.startswith(whole["report.txt"].decode()) and "Publish one report about these" in told.output


def test_a_cluster_says_the_same_also_when_a_worker_is_killed(place: Path, whole: dict[str, bytes]) -> None:
    file, seen = place / "scheduler.json", list[int]()
    quiet = ["--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(file)]
    worker = ["worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(place), *quiet]
    kinds = (["scheduler", "--port", "0", *quiet], worker, worker)
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    lost = os.environ | {"DASK_DISTRIBUTED__SCHEDULER__NO_WORKERS_TIMEOUT": "60s"}  # then it fails instead of waiting
    started = [subprocess.Popen([sys.executable, "-m", "dask", *kind], env=lost, **silent) for kind in kinds]
    try:
        end = time.monotonic() + 120
        while not (file.exists() and file.stat().st_size):
            assert time.monotonic() < end and started[0].poll() is None
            time.sleep(0.05)
        address = json.loads(file.read_text())["address"]
        with Client(address, timeout="60s", set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)

        def tell(done: int, of: int) -> None:
            seen.append(done)
            if done == 3:
                started[2].kill()

        simulate(asked(place, chunk=20), place / "cluster", address, tell)
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()
    assert seen == list(range(1, 21)) and started[2].returncode == -signal.SIGKILL
    assert report(place / "cluster") == whole


def test_lines_of_json_say_the_same_and_people_can_read_it(place: Path, whole: dict[str, bytes]) -> None:
    lines = place / "people.jsonl"
    population.write(lines, pack("se"), households("se", 400, seed=3))
    text = simulate(asked(place, people=lines, chunk=150), place / "lines")
    assert report(place / "lines") == whole and text == whole["report.txt"].decode()
    assert "400 households, 6 months from 2026-02. Amounts in SEK." in text
    rows = list(csv.DictReader(whole["by-kind.csv"].decode().splitlines()))
    assert [row["kind"] for row in rows][-1] == "all"
    shown = [row for row in rows[:-1] if row["winners"] != ".."]
    for row in shown:
        assert int(row["winners"]) + int(row["losers"]) + int(row["same"]) == int(row["households"])
        assert round(float(row["difference"]) - float(row["gains"]) + float(row["losses"]), 2) == 0
    assert shown and sum(int(row["households"]) for row in rows[:-1]) == int(rows[-1]["households"]) == 400
    months = list(csv.DictReader(whole["by-month.csv"].decode().splitlines()))
    assert sum(float(m["cost_after"]) for m in months) == float(rows[-1]["cost_after"])


def test_pictures_say_their_data_in_words(whole: dict[str, bytes]) -> None:
    space = "{http://www.w3.org/2000/svg}"
    months = list(csv.DictReader(whole["by-month.csv"].decode().splitlines()))
    for name in ("cost-by-month.svg", "more-and-less.svg"):
        picture = ElementTree.fromstring(whole[name])
        title, data = picture.findall(f"{space}title") + picture.findall(f"{space}desc")
        assert picture.get("role") == "img"
        assert picture.get("aria-labelledby") == f"{title.get('id')} {data.get('id')}"
        drawn = {text.text for text in picture.iter(f"{space}text")}
        for part in (data.text or "").split("; "):
            label, _, values = part.partition(": ")
            assert label in drawn and all(value.split(" ", 1)[1] for value in values.split(", "))
        if name == "cost-by-month.svg":
            assert [part.partition(":")[0] for part in (data.text or "").split("; ")] == [m["month"] for m in months]


@pytest.mark.browser
def test_the_report_is_a_page_that_everybody_can_use(
    place: Path, whole: Any, page: Any, axe: Callable[..., Any]
) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto((place / "whole" / "report" / "report.html").as_uri())
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    tables = page.evaluate("[...document.querySelectorAll('table')].map(t => t.rows.length)")
    assert tables == [len(whole["by-kind.csv"].splitlines()), len(whole["by-month.csv"].splitlines())]


def test_a_folder_is_for_one_simulation(place: Path, whole: Any) -> None:
    out = place / "whole"
    again = asked(place, known_on=None)  # by what was known when it was begun
    assert simulate(again, out).startswith("What a change would cost")  # done already: the same again
    others = {"lang": "sv"}, {"after": ()}, {"chunk": 7}, {"known_on": date(2026, 11, 2)}
    for more, what in zip(others, ("lang", "norms", "chunk", "known_on"), strict=True):
        refused = run_command(place, out, **more)
        assert refused == f"{out}: holds another simulation ({what}); name another folder"
    (place / "full" / "report").mkdir(parents=True)
    assert run_command(place, place / "full").endswith("isn't empty; name another folder")


def run_command(place: Path, out: Path, **more: Any) -> str:
    """What stands on the last line when it is refused."""
    from handslag.simulation.chunk import SimulationError
    from handslag.simulation.population import PopulationError

    with pytest.raises((SimulationError, PopulationError)) as refused:
        simulate(asked(place, **more), out)
    return str(refused.value)


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (["people.parquet", "--since", "2026-13"], "--since: no such month: 2026-13"),
        (["people.parquet", "--months", "0"], "from 1 to 120 months are simulated, not 0"),
        (["people.parquet", "--chunk", "0"], "a piece has from 1 to 1000000 households, not 0"),
        (["people.parquet", "--since", "0001-01"], "0001-01: from 2000 on is simulated"),
        (["people.parquet", "--after", "a\nTotal.yaml"], "'a\\nTotal.yaml': a name that can be printed is expected"),
        (["people.parquet", "--lang", "xx"], "--lang: sv, de, fr, en"),
        (["people.parquet", "--law", "fr"], "there is no pack fr; there are ch, de, se"),
        (["people.parquet", "--law", "de"], "people.parquet: costs: no such column; there are members, housing"),
        (["people.parquet", "--law", "ch"], "people.parquet: norm: no such column; there are canton, members"),
        (["people.parquet", "--after", "none.yaml"], "none.yaml: [Errno 2]"),
        (
            ["people.parquet", "--after", "early.yaml", "--before", "early.yaml"],
            "early.yaml: line 6: riksnorm.single, since 2026-05-01: checked_on 9999-12-31 hasn't come yet",
        ),
        (
            ["people.parquet", "--tables", "foreign.yaml"],
            "foreign.yaml: line 3: limit.RENT: label: a text in sv, the language of this law, is expected",
        ),
        (
            ["people.parquet", "--tables", "later.yaml"],
            "2026-02: later.yaml: line 1: limit.RENT counts in calculations from 2100-01-01 on, not yet on",
        ),
        (
            ["people.parquet", "--after", "proposed.yaml", "--known-on", "2026-11-26"],
            "proposed.yaml: line 3: riksnorm.single, since 2026-03-01: known_from 2100-01-01 is after 2026-11-26, by",
        ),
        (["people.parquet", "--scheduler", "x://a:1"], "x://a:1: no Dask scheduler answers there: unknown address"),
        (["bill.yaml"], "bill.yaml: a population is a .parquet or a .jsonl file"),
        (["broken.parquet"], "broken.parquet: no Parquet file"),
        (["broken.jsonl"], "broken.jsonl: row 2: a JSON object is expected"),
        (["latin.jsonl"], "latin.jsonl: row 1: a JSON object is expected: 'utf-8' codec can't decode byte 0xe5"),
        (["deep.jsonl"], "deep.jsonl: row 1: a JSON object is expected: maximum recursion depth exceeded"),
        (["doubled.parquet"], "doubled.parquet: settings, from row 1 on: can't be read: Converting to Python"),
        (["far.parquet"], "far.parquet: household_size, from row 1 on: can't be read: d"),
        (["old.jsonl"], "old.jsonl: row 1: members[0]: age: whole years from 0 to 120 are expected, not '40'"),
        (["few.jsonl"], "1 of 1 pieces\nfewer than 5 households could be calculated: nothing can be published"),
        (["nobody.jsonl"], "nobody.jsonl: there is no household in it"),
        (["bare.parquet"], "bare.parquet: members: this column is missing"),
        (["twice.parquet"], "twice.parquet: norm: this column stands twice"),
        (["endless.parquet"], "endless.parquet: household_size: whole numbers are expected, not a column of double"),
        (["torn.parquet"], "torn.parquet: can't be read: "),
        (["one.jsonl"], "one.jsonl: row 1: members: a list is expected"),
        (["people.parquet", "--after", "old.yaml"], "old.yaml: line 2: not YAML: byte E5 is no character of UTF-8"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str], problem: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("people.parquet", "bill.yaml"):
        (tmp_path / name).symlink_to(place / name)
    one = '{"members": [{"key": "a", "role": "adult", "age": 40}]}\n'
    (tmp_path / "a\nTotal.yaml").write_text(PROPOSAL)
    (tmp_path / "early.yaml").write_text(
        "- name: riksnorm.single\n  values:\n"
        "    - {since: 2026-03-01, value: 4400, source: a bill, checked_on: 2026-01-01, status: example}\n"
        "    - since: 2026-05-01\n      value: 4500\n      checked_on: 9999-12-31\n"
        "      source: a bill\n      status: example\n"
    )
    (tmp_path / "foreign.yaml").write_text(
        "- name: limit.RENT\n  unit: SEK/month\n  label: {it: Limite}\n  values:\n"
        "    - {since: 2026-01-01, value: 7000, source: s, checked_on: 2026-01-01, status: official}\n"
    )
    later = (tmp_path / "foreign.yaml").read_text().replace("it: Limite", "sv: Gräns")
    (tmp_path / "later.yaml").write_text(later.replace("official", "official, known_from: 2100-01-01"))
    proposed = "- name: riksnorm.single\n  values:\n    - {since: 2026-03-01, value: 4400, known_from: 2100-01-01, "
    (tmp_path / "proposed.yaml").write_text(proposed + "source: s, checked_on: 2026-01-01, status: example}\n")
    (tmp_path / "broken.parquet").write_text("PAR")
    (tmp_path / "broken.jsonl").write_text(one + "\n[]\n")
    (tmp_path / "old.jsonl").write_text(one.replace("40", '"40"'))
    (tmp_path / "latin.jsonl").write_bytes(one.replace("40", '"å"').encode("latin-1"))
    (tmp_path / "deep.jsonl").write_text(f'{{"members": {"[" * 5000}{"]" * 5000}}}')
    (tmp_path / "few.jsonl").write_text(one * 4)
    (tmp_path / "nobody.jsonl").write_text("\n")
    import pyarrow
    from pyarrow import parquet

    parquet.write_table(pyarrow.table({"norm": ["a"]}), tmp_path / "bare.parquet")
    parquet.write_table(pyarrow.table([["a"], ["b"]], names=["norm", "norm"]), tmp_path / "twice.parquet")
    members = pyarrow.array([[{"key": "a", "role": "adult", "age": 40}]] * 9)
    endless = pyarrow.table({"members": members, "household_size": [float("inf")] * 9})
    parquet.write_table(endless, tmp_path / "endless.parquet")
    texts = pyarrow.map_(pyarrow.string(), pyarrow.string())
    doubled = pyarrow.array([[("setting.lunch_days", "x"), ("setting.lunch_days", "y")]] * 9, type=texts)
    parquet.write_table(pyarrow.table({"members": members, "settings": doubled}), tmp_path / "doubled.parquet")
    far = pyarrow.array([2**62] * 9, type=pyarrow.timestamp("us"))
    parquet.write_table(pyarrow.table({"members": members, "household_size": far}), tmp_path / "far.parquet")
    whole = bytearray((place / "people.parquet").read_bytes())
    whole[4:400] = bytes(396)
    (tmp_path / "torn.parquet").write_bytes(whole)
    (tmp_path / "one.jsonl").write_text(one.replace("[", "").replace("]", ""))
    (tmp_path / "old.yaml").write_bytes(b"- name: riksnorm.single\n  source: \xe5r\n")
    since = [] if "--since" in told else ["--since", "2026-02"]
    months = [] if "--months" in told else ["--months", "1"]
    done = CliRunner().invoke(load("simulate"), ["run", *told, "--out", "out", *since, *months])
    assert (done.exit_code, done.output.count("\n")) == (1, problem.count("\n") + 1), done.output
    assert done.output.startswith(problem)


def test_the_example_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    files = []
    for law in ("se", "ch", "de"):
        for name in ("a.jsonl", "b.jsonl"):
            told = ["example", str(tmp_path / name), "--law", law, "--households", "20"]
            assert CliRunner().invoke(load("simulate"), told).exit_code == 0
        files.append((tmp_path / "a.jsonl").read_bytes())
        assert files[-1] == (tmp_path / "b.jsonl").read_bytes()
        assert (tmp_path / "a.jsonl").stat().st_mode & 0o777 == 0o600
    assert len(set(files)) == 3
    refused = CliRunner().invoke(load("simulate"), ["example", str(tmp_path / "a.csv")])
    assert refused.output.endswith("a.csv: a population is a .parquet or a .jsonl file\n")


def test_why_nobody_could_be_calculated_is_told_though_nothing_can_be_published(tmp_path: Path) -> None:
    row = '{"members": [{"key": "a", "role": "adult", "age": 40}], "settings": {"setting.none": "x"}}\n'
    (tmp_path / "people.jsonl").write_text(row * 6)
    people, out = str(tmp_path / "people.jsonl"), str(tmp_path / "out")
    told = ["run", people, "--out", out, "--since", "2026-02", "--months", "1"]
    done = CliRunner().invoke(load("simulate"), told)
    why = tmp_path / "out" / "not-calculated.csv"
    assert done.exit_code == 1
    assert done.output.endswith(f"nothing can be published; {why} says what couldn't be calculated\n")
    assert why.read_text().splitlines()[6] == "6,2026-02: settings: setting.none is no setting"
    (tmp_path / "people.jsonl").write_text(row.replace("none", "child_work").replace('"x"', '"month_passed"') * 6)
    out, early = str(tmp_path / "early"), ["--known-on", "2026-11-27"]
    assert CliRunner().invoke(load("simulate"), [*told[:3], out, *told[4:], *early]).exit_code == 1
    said = (tmp_path / "early" / "not-calculated.csv").read_text()
    assert "setting.child_work counts in calculations from 2026-11-28 on, not yet on 2026-11-27" in said
