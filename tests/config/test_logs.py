"""What a log line carries: what an operator needs to find the place, and never what a person is or wrote."""

from __future__ import annotations

import ast
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from handslag.config import logs

SOURCE = Path(logs.__file__).resolve().parents[1]
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
#: Where a `reason` may come from: our own words, a port whose error promises one machine word, the scanner's verdict.
REASONS = {
    ("jobs/partners.py", "said"),
    ("jobs/partners.py", "refused.reason"),
    ("jobs/partners.py", "error.reason"),
    ("jobs/scan.py", "verdict.detail"),
    ("jobs/sedex.py", "trouble"),
    ("jobs/elsewhere.py", "error.reason"),
    ("jobs/watch.py", "error.reason"),
    ("connectors/casesystem/follow.py", "error.reason"),
    ("connectors/casesystem/follow.py", "why"),
    ("web/caseworker/oidc.py", "reason"),
    ("web/caseworker/oidc.py", "trouble.reason"),
    ("web/citizen/login.py", "trouble.reason"),
    ("web/citizen/account.py", "trouble.reason"),
    ("web/citizen/signing.py", "trouble.reason"),
}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of a structured logger in the source."""
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text()
        for node in ast.walk(ast.parse(text)) if "structlog" in text else ():
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if node.func.attr in LEVELS and isinstance(node.func.value, ast.Name) and node.func.value.id == "log":
                yield str(path.relative_to(SOURCE)), node


def test_every_key_that_the_source_logs_is_listed() -> None:
    found = list(calls())
    assert len(found) > 20
    for path, call in found:
        where = f"{path}:{call.lineno}"
        (event,) = call.args
        assert isinstance(event, ast.Constant) and isinstance(event.value, str), where
        assert {word.arg for word in call.keywords} <= logs.KEYS - {"event", "level", "timestamp", "dropped"}, where
        for word in call.keywords:
            said = ast.unparse(word.value)
            assert "str(error)" not in said and "str(trouble)" not in said, where
            if word.arg == "reason":
                assert (path, said) in REASONS, where


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The lines that leave, as they would be written."""
    kept: list[dict[str, Any]] = []

    def keep(logger: object, name: str, line: Any) -> str:
        kept.append(dict(line))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[structlog.processors.add_log_level, logs.only_listed, keep])
    yield kept
    structlog.configure(**before)


def test_what_is_dropped_is_named_and_leaves_the_count_alone(lines: list[dict[str, Any]]) -> None:
    told = {"tenant": 7, "case": "0190", "count": 17, "reason": "status_503", "at": "fetch.py:12", "partner": "SE-9999"}
    structlog.get_logger("test").error("sheet differs", **told, name="Petra", number="197001019999")
    assert lines == [{"event": "sheet differs", "level": "error", **told, "dropped": ["name", "number"]}]
    lines.clear()
    structlog.get_logger("test").error("sheet differs", **told)
    assert lines == [{"event": "sheet differs", "level": "error", **told}]


def test_a_job_that_failed_for_good_is_named_by_ids(lines: list[dict[str, Any]]) -> None:
    """As the job library logs it: its text and the job's arguments stay out, ids and the error's type pass."""
    from procrastinate import jobs
    from procrastinate.job_context import JobContext, JobResult
    from procrastinate.worker import Worker

    from handslag.jobs.queue import app

    told = {"tenant": 7, "run": "0190-run", "note": "Petra"}
    job = jobs.Job(
        id=4711, status="doing", queue="default", priority=0, lock="run:0190-run", queueing_lock=None,
        task_name="handslag:write_run_file", task_kwargs=told, attempts=1, worker_id=None,
    )  # fmt: skip
    result = JobResult(start_timestamp=1, end_timestamp=2)
    context = JobContext(app=app, job=job, start_timestamp=1, abort_reason=lambda: None)
    library = logging.getLogger("procrastinate.worker")
    handler = logs._Plain(logging.WARNING)
    library.addHandler(handler)
    try:
        try:
            raise AttributeError("Petra")
        except AttributeError as error:
            Worker(app)._log_job_outcome(
                status=jobs.Status.FAILED, context=context, job_result=result, job_retry=None, exc_info=error
            )
    finally:
        library.removeHandler(handler)
    line = next(one for one in lines if one["event"] == "library")
    wanted = {"task": "handslag:write_run_file", "job_id": 4711, "tenant": 7, "lock": "run:0190-run"}
    assert {name: line.get(name) for name in wanted} == wanted
    assert (line["error"], "test_logs" in str(line) or "failed_for_good" in line["exception"]) == (
        "AttributeError",
        True,
    )
    assert "Petra" not in str(lines)
