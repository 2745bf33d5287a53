"""Structured logs without personal data: only listed keys pass, and none of them holds what a person wrote."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

#: What a log line may carry: ids, codes, counts, and places in the program. Anything else is dropped and named in
#: `dropped`, so that it is noticed. `reason` is a word out of our own code or of a port that promises one; what an
#: error or another system says in its own words stays out.
KEYS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "logger",
        "counter",
        "status",
        "method",
        "path_kind",
        "milliseconds",
        "job",
        "job_id",
        "task",
        "tenant",
        "subject",
        "run",
        "error",
        "count",
        "attempt",
        "state",
        "age",
        "exception",
        "code",
        "reason",
        "at",
        "lock",
        "document",
        "case",
        "partner",
        "batch",
        "dropped",
    }
)


def only_listed(logger: object, name: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every key that is not listed; of an exception keep the type and the places, never the message."""
    trouble = line.pop("exc_info", None)
    if trouble:
        error = sys.exc_info()[1] if trouble is True else trouble[1] if isinstance(trouble, tuple) else trouble
        line["error"] = type(error).__name__
        line["exception"] = _places(error)
    dropped = sorted(set(line) - KEYS)
    for key in dropped:
        del line[key]
    if dropped:
        line["dropped"] = dropped
    return line


def _places(error: Any) -> str:
    frames, trace = [], getattr(error, "__traceback__", None)
    while trace is not None:
        frames.append(f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(frames[-12:])


class _Plain(logging.Handler):
    """Lines of libraries: their logger, level and the error's type; never their text, which may quote data."""

    def emit(self, record: logging.LogRecord) -> None:
        job = getattr(record, "job", None)  # of the job library, with the job as it stands in the queue
        told = _job(job) if isinstance(job, dict) else {}
        structlog.get_logger(record.name).log(
            record.levelno,
            "library",
            logger=record.name,
            exc_info=record.exc_info,
            status=getattr(record, "status_code", None),
            **told,
        )


def _job(job: dict[str, Any]) -> dict[str, Any]:
    """Which job it is, by ids: the operator finds what it was about by them."""
    tenant = (job.get("task_kwargs") or {}).get("tenant")
    return {"task": job.get("task_name"), "job_id": job.get("id"), "tenant": tenant, "lock": job.get("lock")}


def configure() -> None:
    """JSON lines on standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_listed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
    root = logging.getLogger()
    root.handlers[:] = [_Plain(logging.WARNING)]
