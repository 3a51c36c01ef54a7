"""`python -m contracts.devnet`: what `make devnet` runs. A local chain with the real contracts, traders, and a ready configuration."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

from rich.console import Console

from contracts.devnet import PATHS, AnvilError, AnvilOptions, Devnet, PlayedBlock, play, write_config
from contracts.devnet.artifacts import ArtifactMissing

_FINALITY_SLOTS = 8
_FOREVER = 10**9
"""Chain seconds without price moves, until Ctrl-C."""
_EXAMPLE = "Example:  make devnet ARGS='--traders 120 --seed 7 --path staircase'"


def main() -> int:
    """Exit code 0 after Ctrl-C; 2 with one line for a bad option, or where anvil or a contract is missing."""
    options = _parser().parse_args()
    try:
        _up(options, Console())
    except (AnvilError, ArtifactMissing) as error:
        Console(stderr=True, soft_wrap=True).print(f"[bold red]error[/] {error}", highlight=False)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make devnet",
        description="Start anvil with the real contracts, makers and traders; write keeper.toml for it; produce blocks until Ctrl-C.",
        epilog=_EXAMPLE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--traders", type=_at_least(1, int), default=120, help="how many traders")
    parser.add_argument("--seed", type=int, default=7, help="everything is drawn from it")
    parser.add_argument("--port", type=int, default=8545, help="port of the chain; 0 for a free one")
    parser.add_argument("--dir", type=Path, default=Path("var/devnet"), help="where the addresses and the ready settings go")
    parser.add_argument("--path", choices=list(PATHS), help="price path to play first")
    parser.add_argument("--block-seconds", type=_at_least(1, int), default=2, help="chain seconds per block")
    parser.add_argument("--interval", type=_at_least(0.05, float), default=2.0, help="wall seconds per block")
    return parser


def _at_least(least: float, kind: Callable[[str], float]) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = kind(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"{text} is less than {least}")
        return value

    # argparse names the type by this where the text is no number at all.
    number.__name__ = kind.__name__
    return number


def _up(options: argparse.Namespace, console: Console) -> None:
    """Start, print where everything is, produce blocks until Ctrl-C. Raises AnvilError, ArtifactMissing."""
    anvil = AnvilOptions(port=options.port or None, no_mining=True, slots_in_epoch=_FINALITY_SLOTS)
    with ExitStack() as stack:
        start = time.monotonic()
        with console.status("deploying the contracts and opening positions"):
            devnet = stack.enter_context(Devnet.up(anvil, seed=options.seed, traders=options.traders))
        config = _write(devnet, options.dir, options.block_seconds)
        console.print(f"{options.traders} traders, seed {options.seed}, up in {time.monotonic() - start:.1f} s: {devnet.url}")
        _print_commands(config, console)
        console.print(f"a block every {options.interval} s, Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            _produce(devnet, options, console)
        console.print("stopped")


def _print_commands(config: Path, console: Console) -> None:
    owner = f"--owner-key {config.with_suffix('.owner.key.json')} --password-file {config.with_suffix('.password')}"
    lines = (
        f"addresses   {config.with_name('deployment.json')}",
        f"follow it   keeper run --config {config}",
        f"its owner   keeper executor status --config {config}    (to sign: {owner})",
    )
    for line in lines:
        # Unfolded: these lines are there to be copied.
        console.print(line, highlight=False, soft_wrap=True)


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


def _produce(devnet: Devnet, options: argparse.Namespace, console: Console) -> None:
    def print_failures(block: PlayedBlock) -> None:
        for failure in block.failures:
            console.print(f"block {block.number}: {failure}", style="yellow")

    pace = {"block_seconds": options.block_seconds, "wall_interval": options.interval}
    if options.path is not None:
        path = PATHS[options.path](devnet.deployment.start_prices_8(), options.seed)
        play(devnet.url, devnet.deployment, path, **pace, on_block=print_failures)
        console.print(f"the path {options.path} is over; blocks go on")
    play(devnet.url, devnet.deployment, (), **pace, tail_seconds=_FOREVER)


if __name__ == "__main__":
    sys.exit(main())
