"""Options as data: frozen dataclasses whose fields say what they mean. Read from plain values, strictly."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from keeper.domain import parse
from keeper.domain.chain import Address

T = TypeVar("T")


def option(doc: str, default: Any = MISSING) -> Any:
    """A field of an options dataclass, with what it means in a few words; without a `default` it must be given."""
    if default is MISSING:
        return field(metadata={"doc": doc})
    return field(default=default, metadata={"doc": doc})


def doc_of(item: "Field[Any]") -> str:
    """What a field means."""
    text: str = item.metadata["doc"]
    return text


class OptionError(Exception):
    """A key that is unknown, missing, or of the wrong kind. `key` is its name inside its section, `known` the names there are."""

    def __init__(self, key: str, problem: str, known: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.key = key
        self.known = known


@dataclass(frozen=True, slots=True)
class Read:
    """A section's values, and which of them stand at their defaults."""

    values: Mapping[str, Any]
    defaults: frozenset[str]


def read(kind: type[Any], raw: Mapping[str, Any]) -> Read:
    """The values of a section for the dataclass `kind`. Raises OptionError."""
    hints = get_type_hints(kind)
    known = {item.name: item for item in fields(kind)}
    for key in raw:
        if key not in known:
            raise OptionError(key, "unknown", tuple(known))
    values: dict[str, Any] = {}
    for key, item in known.items():
        if key in raw:
            try:
                values[key] = converted(raw[key], hints[key])
            except ValueError as error:
                raise OptionError(key, f"{raw[key]!r}: {error}. Expected: {doc_of(item)}") from None
        elif item.default is MISSING:
            raise OptionError(key, f"missing. Add it: {doc_of(item)}")
        else:
            values[key] = item.default
    return Read(values, frozenset(known) - raw.keys())


def build(kind: type[T], raw: Mapping[str, Any]) -> T:
    """A section as its dataclass. Raises OptionError."""
    return kind(**read(kind, raw).values)


def converted(value: Any, kind: Any) -> Any:
    """The value as the field's type. Text (from the environment) is read as the field's type too. Raises ValueError."""
    if get_origin(kind) in (Union, UnionType):
        return None if value in (None, "") else converted(value, get_args(kind)[0])
    if get_origin(kind) is tuple:
        items = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
        if not isinstance(items, Sequence):
            raise ValueError("not a list")
        return tuple(converted(part, get_args(kind)[0]) for part in items)
    return _scalar(value, kind)


def _scalar(value: Any, kind: Any) -> Any:
    if kind is Address:
        return parse.address(str(value))
    if kind is Path:
        return Path(str(value)).expanduser()
    if kind is bool:
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise ValueError("not true or false")
        return value
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError(f"not a {kind.__name__}")
    if kind is str and not isinstance(value, str):
        raise ValueError("not a text")
    if kind is int and isinstance(value, float):
        raise ValueError("not a whole number")
    return kind(value)


def schema_of(kind: type[Any]) -> Mapping[str, Any]:
    """JSON Schema (2020-12) of a section."""
    hints = get_type_hints(kind)
    properties = {item.name: {**_schema(hints[item.name]), "description": doc_of(item)} for item in fields(kind)}
    for item in fields(kind):
        if item.default is not MISSING and item.default is not None:
            default = item.default
            properties[item.name]["default"] = list(default) if isinstance(default, tuple) else _plain(default)
    required = [item.name for item in fields(kind) if item.default is MISSING]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _plain(default: Any) -> Any:
    return str(default) if isinstance(default, (Path, StrEnum)) else default


def _schema(kind: Any) -> dict[str, Any]:
    if get_origin(kind) in (Union, UnionType):
        return _schema(get_args(kind)[0])
    if get_origin(kind) is tuple:
        # A text is a list, too: of one, or of what commas separate.
        return {"type": ["array", "string"], "items": _schema(get_args(kind)[0])}
    if kind is Address:
        return {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return {"enum": [each.value for each in kind]}
    return {"type": {bool: "boolean", int: "integer", float: "number", str: "string", Path: "string"}[kind]}
