"""Logging with structlog: an event is a name and key-values; JSON in production, colour on a terminal."""

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.typing import FilteringBoundLogger, Processor

_LEVELS = ("debug", "info", "warning", "error")


def configure(form: str, level: str) -> None:
    """Set up structlog once per process. `form` is "console", "json" or "auto"; raises ValueError for anything else."""
    if form not in ("console", "json", "auto") or level not in _LEVELS:
        raise ValueError(f"log format {form!r} / level {level!r}: use console, json or auto, and one of {', '.join(_LEVELS)}")
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )
    last: Sequence[Processor] = (
        (structlog.dev.ConsoleRenderer(),) if console else (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def logger(**context: object) -> FilteringBoundLogger:
    """A logger that carries `context` in every event."""
    bound: FilteringBoundLogger = structlog.get_logger(**context)
    return bound
