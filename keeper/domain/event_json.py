"""Events to text and back, exactly: integers of any size stay integers. Fields are int, str, bool or tuple[int, ...]."""

import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeVar

E = TypeVar("E")


def dump(event: Any) -> str:
    """One event (a flat dataclass) as a JSON object in field order."""
    return json.dumps({field.name: getattr(event, field.name) for field in fields(event)}, separators=(",", ":"))


def load(types: Iterable[type[E]], name: str, text: str) -> E:
    """The event `dump` wrote under its class name. Raises ValueError for a name not among `types` or fields that do not fit."""
    for kind in types:
        if kind.__name__ == name:
            return _build(kind, text)
    raise ValueError(f"unknown event: {name}")


def _build(kind: type[E], text: str) -> E:
    values = json.loads(text)
    expected = [field.name for field in fields(kind)]  # type: ignore[arg-type] # event types are dataclasses by contract
    if not isinstance(values, dict) or sorted(values) != sorted(expected):
        raise ValueError(f"{kind.__name__} needs exactly {expected}, not {text[:200]}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
