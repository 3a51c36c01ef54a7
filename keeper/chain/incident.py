"""What an operator may want to read about the endpoints, and who receives it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Incident:
    """One event at one endpoint; `endpoint` carries no secret."""

    endpoint: str
    event: str
    detail: str


Report: TypeAlias = Callable[[str, str | None], None]
"""Takes (part, a sentence) while the part has a problem, and (part, None) when the problem is over."""


def no_report(part: str, problem: str | None) -> None:
    """A `Report` for callers that do not show problems."""
