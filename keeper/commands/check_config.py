"""keeper check-config: every setting as resolved, and where it came from."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from keeper import assembly, daemon
from keeper.commands import session
from keeper.settings import documented


def check_config(path: Path, overrides: dict[str, Any], as_json: bool) -> int:
    """Print the settings; also proves that venues know their options and accounts are addresses."""
    loaded = session.settings(path, overrides)
    assembly.build_venues(loaded.settings)
    assembly.limits_of(loaded.settings)
    rows = [(key, _text(value), loaded.origins[key], doc) for key, value, doc in documented(loaded.settings)]
    if as_json:
        Console().print_json(json.dumps({key: {"value": value, "origin": origin} for key, value, origin, _ in rows}))
        return daemon.OK
    table = Table("setting", "value", "from", "meaning", title=str(path), title_justify="left")
    for row in rows:
        table.add_row(*row, style="dim" if row[2] == "default" else None)
    Console().print(table)
    return daemon.OK


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
