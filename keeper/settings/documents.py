"""The settings described: every key with its value and meaning, and a JSON Schema for editors."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from keeper.domain.options import doc_of, schema_of
from keeper.settings.sections import COMMON, VENUE_KEYS, ChainSettings, ExecutorSettings, OracleSettings, Settings
from keeper.venues import protocols


def documented(settings: Settings) -> Sequence[tuple[str, Any, str]]:
    """(dotted key, value, what it means) for every setting, in order."""
    rows: list[tuple[str, Any, str]] = []
    for name in COMMON:
        rows += _documented(name, getattr(settings, name))
    for group in ("chains", "executors", "oracles"):
        for name, section in getattr(settings, group).items():
            rows += _documented(f"{group}.{name}", section)
    for name, venue in settings.venues.items():
        rows += [(f"venues.{name}.{key}", getattr(venue, key), VENUE_KEYS[key]) for key in VENUE_KEYS]
        rows += _documented(f"venues.{name}", venue.options)
    return rows


def _documented(prefix: str, section: Any) -> list[tuple[str, Any, str]]:
    return [(f"{prefix}.{item.name}", getattr(section, item.name), doc_of(item)) for item in fields(section)]


def schema() -> Mapping[str, Any]:
    """JSON Schema (2020-12) of the settings file, for editors that complete and check it."""
    names = {"type": "string"}
    venues = [
        {
            **(own := schema_of(protocol.options)),
            "properties": {
                "protocol": {"const": name, "description": VENUE_KEYS["protocol"]},
                "chain": {**names, "description": VENUE_KEYS["chain"]},
                "executor": {**names, "description": VENUE_KEYS["executor"]},
                "oracle": {**names, "description": VENUE_KEYS["oracle"]},
                **own["properties"],
            },
            "required": ["protocol", "chain", *own["required"]],
        }
        for name, protocol in sorted(protocols().items())
    ]
    properties: dict[str, Any] = {
        "include": {"type": "array", "items": names, "description": "files that are read first, relative to this one"},
        **{name: schema_of(kind) for name, kind in COMMON.items()},
        "chains": {"type": "object", "additionalProperties": schema_of(ChainSettings)},
        "executors": {"type": "object", "additionalProperties": schema_of(ExecutorSettings)},
        "oracles": {"type": "object", "additionalProperties": schema_of(OracleSettings)},
        "venues": {"type": "object", "additionalProperties": {"anyOf": venues}},
    }
    # What a file leaves out may stand in one that it includes, or in the environment: nothing is required of a single file.
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "perp-keeper settings",
        **_optional({"type": "object", "properties": properties, "additionalProperties": False}),
    }


def _optional(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _optional(value) for key, value in node.items() if key != "required"}
    return [_optional(value) for value in node] if isinstance(node, list) else node
