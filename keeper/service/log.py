"""Logging with structlog: an event is a name and key-values; JSON in production, colour on a terminal."""

import logging
import re
import sys
from collections.abc import Sequence

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

_END = r"""\s"'<>,;()\\\x1b"""
_ADDRESS = re.compile(
    rf"(?P<scheme>[a-z][a-z0-9+]*)://(?:[^{_END}/@]*@)?(?P<host>\[[0-9a-f:]*\]|[^{_END}/?#@:]*)(?P<port>:\d+)?(?P<rest>[/?#][^{_END}]*)?",
    re.IGNORECASE,
)
_LEVELS = ("debug", "info", "warning", "error")


def configure(form: str, level: str) -> None:
    """Set up structlog once per process. `form` is "console", "json" or "auto"; raises ValueError for anything else."""
    if form not in ("console", "json", "auto") or level not in _LEVELS:
        raise ValueError(f"log format {form!r} / level {level!r}: use console, json or auto, and one of {', '.join(_LEVELS)}")
    # Tracebacks are plain: rich ones show local variables, secrets among them, and colour an address piece by piece.
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: Sequence[Processor] = (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    )
    last: Sequence[Processor] = (
        (structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),)
        if console
        else (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
    )
    structlog.configure(
        processors=[*shared, *last, _redact_line],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )


def redact(text: str) -> str:
    """The text with every address in it cut to scheme, host and port: user, path and query may be API keys."""
    return _ADDRESS.sub(_bare, text)


def _bare(match: re.Match[str]) -> str:
    if match["scheme"].lower() == "file":
        return match[0]
    hidden = "/..." if len(match["rest"] or "") > 1 else ""
    return f"{match['scheme']}://{match['host']}{match['port'] or ''}{hidden}"


def _redact_line(_: object, __: str, line: EventDict | str) -> str:
    """The net under all others, at the rendered line: a library's words, a traceback's too."""
    return redact(str(line))


def logger(**context: object) -> FilteringBoundLogger:
    """A logger that carries `context` in every event."""
    bound: FilteringBoundLogger = structlog.get_logger(**context)
    return bound
