"""Structured logs without personal data: only listed keys pass, and none of them holds what a person wrote."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

#: What a log line may carry. Anything else is dropped and named in `dropped`, so that it is noticed.
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
        line["count"] = len(dropped)
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
        structlog.get_logger(record.name).log(
            record.levelno,
            "library",
            logger=record.name,
            exc_info=record.exc_info,
            status=getattr(record, "status_code", None),
        )


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
