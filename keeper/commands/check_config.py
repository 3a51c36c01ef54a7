"""keeper check-config: every setting as resolved and where it came from; and whether the chain is the one they speak of."""

import asyncio
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from keeper import assembly, daemon
from keeper.commands import session
from keeper.commands.chain_check import ChainAnswer, ask_chain
from keeper.execution.keyring import key_source
from keeper.lake.faults import without_password
from keeper.service import log
from keeper.settings import Mode, documented


def check_config(path: Path, overrides: dict[str, Any], as_json: bool, offline: bool) -> int:
    """Print the settings; also proves that venues know their options, accounts are addresses and execute mode has one source of keys. Exit
    code 2 where the chain is another one, or a contract is not there; raises RpcUnavailable where no endpoint answers. Nothing of the chain
    is asked when `offline`."""
    loaded = session.settings(path, overrides)
    scopes = loaded.settings.scopes()
    for scope in scopes:
        assembly.build_venues(scope)
        for executor in scope.executors:
            if executor.name is not None and scope.keeper.mode is Mode.EXECUTE:
                key_source(executor)
        assembly.limits_of(scope)
    rows = [(key, _text(value), loaded.origins[key], doc) for key, value, doc in documented(loaded.settings)]
    if not as_json:
        _print_settings(path, rows)
    answers = [] if offline else [asyncio.run(ask_chain(scope)) for scope in scopes]
    if as_json:
        plain: dict[str, object] = {key: {"value": value, "origin": origin} for key, value, origin, _ in rows}
        chains = {answer.name: answer.plain() for answer in answers}
        Console().print_json(json.dumps(plain | ({"chains": chains} if chains else {})))
    else:
        for answer in answers:
            _print_chain(answer)
    return daemon.MISCONFIGURED if any(answer.problems for answer in answers) else daemon.OK


def _print_settings(path: Path, rows: list[tuple[str, str, str, str]]) -> None:
    # Whole lines, not a table: in a narrow terminal a table would cut keys and addresses.
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(str(path))
    for key, value, origin, meaning in rows:
        console.print(f"{key} = {value}", style="dim" if origin == "default" else "bold")
        console.print(f"    from {origin}: {meaning}", style="dim")


def _print_chain(answer: ChainAnswer) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for line in answer.lines():
        console.print(line)
    for problem in answer.problems:
        console.print(f"wrong: {problem}", style="bold red")


def _text(value: object) -> str:
    """As a person may see it: of addresses of endpoints, what may be a key is left out."""
    if isinstance(value, tuple):
        return ", ".join(log.redact(str(item)) for item in value)
    return "" if value is None else log.redact(without_password(str(value)))
