"""keeper devnet up: a local chain with the real contracts, traders, and a ready configuration."""

import time
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from contracts.devnet import PATHS, AnvilOptions, Devnet, PlayedBlock, play, write_config
from contracts.devnet.anvil import AnvilError
from keeper import daemon
from keeper.errors import ConfigError

_FINALITY_SLOTS = 8
_FOREVER = 10**9
"""Chain seconds without price moves, until Ctrl-C."""


def up(traders: int, seed: int, port: int, directory: Path, path_name: str | None, block_seconds: int, interval: float) -> int:
    """Start, print where everything is, produce blocks until Ctrl-C. With `path_name` the prices walk that path first."""
    if path_name is not None and path_name not in PATHS:
        raise ConfigError(f"no price path {path_name!r}. Known: {', '.join(PATHS)}.")
    console = Console()
    options = AnvilOptions(port=port or None, no_mining=True, slots_in_epoch=_FINALITY_SLOTS)
    with ExitStack() as stack:
        started = time.monotonic()
        try:
            with console.status("deploying the contracts and opening positions"):
                devnet = stack.enter_context(Devnet.up(options, seed=seed, traders=traders))
        except AnvilError as error:
            raise ConfigError(str(error)) from error
        config = _write(devnet, directory, block_seconds)
        console.print(f"{traders} traders, seed {seed}, up in {time.monotonic() - started:.1f} s: {devnet.url}")
        # Unfolded: these lines are there to be copied.
        console.print(f"addresses   {directory / 'deployment.json'}", highlight=False, soft_wrap=True)
        console.print(f"follow it   keeper run --config {config}", highlight=False, soft_wrap=True)
        owner = f"--owner-key {config.with_suffix('.owner.key.json')} --password-file {config.with_suffix('.password')}"
        console.print(f"its owner   keeper executor status --config {config}    (to sign: {owner})", highlight=False, soft_wrap=True)
        console.print(f"a block every {interval} s, Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            _produce(devnet, path_name, seed, block_seconds, interval, console)
        console.print("stopped")
    return daemon.OK


def _write(devnet: Devnet, directory: Path, block_seconds: int) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    devnet.deployment.save(directory / "deployment.json")
    config = directory / "keeper.toml"
    write_config(
        devnet.deployment,
        config,
        url=devnet.url,
        ws_url=devnet.anvil.ws_url,
        mode="execute",
        lake_dir=directory / "lake",
        block_seconds=block_seconds,
        finality_depth=2 * _FINALITY_SLOTS,
    )
    return config


def _produce(devnet: Devnet, path_name: str | None, seed: int, block_seconds: int, interval: float, console: Console) -> None:
    def told(block: PlayedBlock) -> None:
        for failure in block.failures:
            console.print(f"block {block.number}: {failure}", style="yellow")

    if path_name is not None:
        path = PATHS[path_name](devnet.deployment.start_prices_8(), seed)
        play(devnet.url, devnet.deployment, path, block_seconds=block_seconds, wall_interval=interval, on_block=told)
        console.print(f"the path {path_name} is over; blocks go on")
    play(devnet.url, devnet.deployment, (), block_seconds=block_seconds, wall_interval=interval, tail_seconds=_FOREVER)
