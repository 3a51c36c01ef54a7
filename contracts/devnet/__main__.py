"""`python -m contracts.devnet`: what `make devnet` runs. A local chain with the real contracts, traders, and a ready configuration."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from contracts.devnet import PATHS, Anvil, AnvilError, AnvilOptions, Devnet, MarketDriver, PlayedBlock, play_path, write_config
from contracts.devnet.artifacts import ArtifactMissing
from contracts.devnet.config import AnyDeployment
from contracts.devnet.play import Driver
from contracts.devnet.price_service import price_service
from contracts.devnet.synthetix_v3 import SynthetixDevnet, SynthetixDriver

_FINALITY_SLOTS = 8
_FOREVER = 10**9
"""Chain seconds without price moves, until Ctrl-C."""
_SET_UP_SECONDS = 600
"""More than a set-up takes, in chain time."""
_EXAMPLE = "Example:  make devnet ARGS='--traders 120 --seed 7 --path staircase'"


@dataclass(frozen=True, slots=True)
class _Ground:
    """A venue that is up: where, what mines its blocks, its prices before the path, and what to print."""

    url: str
    driver: Driver
    start_8: Mapping[str, int]
    lines: tuple[str, ...]


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
        description="Start anvil with the real contracts and traders; write keeper.toml for it; produce blocks until Ctrl-C.",
        epilog=_EXAMPLE,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--venue", choices=list(_VENUES), default="perp_v2", help="which protocol")
    parser.add_argument("--traders", type=_at_least(1, int), default=120, help="how many traders")
    parser.add_argument("--seed", type=int, default=7, help="everything is drawn from it")
    parser.add_argument("--port", type=int, default=8545, help="port of the chain; 0 for a free one")
    parser.add_argument("--dir", type=Path, default=Path("var/devnet"), help="where the addresses and the ready settings go")
    parser.add_argument("--path", choices=list(PATHS), help="price path to play first")
    parser.add_argument("--block-seconds", type=_at_least(1, int), default=2, help="chain seconds per block")
    parser.add_argument("--interval", type=_at_least(0.05, float), default=2.0, help="wall seconds per block")
    parser.add_argument("--block-gas", type=_at_least(1_000_000, int), default=200_000_000, help="gas a block may hold")
    parser.add_argument("--cap-transactions", action="store_true", help="no transaction above 2^24 gas, as by EIP-7825")
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
    with ExitStack() as stack:
        start = time.monotonic()
        with console.status("deploying the contracts and opening positions"):
            ground = _VENUES[options.venue](options, stack)
        console.print(f"{options.traders} traders, seed {options.seed}, up in {time.monotonic() - start:.1f} s: {ground.url}")
        for line in ground.lines:
            # Unfolded: these lines are there to be copied.
            console.print(line, highlight=False, soft_wrap=True)
        console.print(f"a block every {options.interval} s, Ctrl-C ends it")
        with suppress(KeyboardInterrupt):
            _produce(ground, options, console)
        console.print("stopped")


def _perp_v2(options: argparse.Namespace, stack: ExitStack) -> _Ground:
    devnet = stack.enter_context(Devnet.up(_anvil(options), seed=options.seed, traders=options.traders))
    lines = _write(devnet.anvil, devnet.deployment, options)
    driver = stack.enter_context(MarketDriver(devnet.url, devnet.deployment))
    return _Ground(devnet.url, driver, devnet.deployment.start_prices_8(), lines)


def _synthetix_v3(options: argparse.Namespace, stack: ExitStack) -> _Ground:
    # A signed price is as old as the clock on the wall says: so the chain keeps that time, once it is set up.
    anvil = replace(_anvil(options), timestamp=int(time.time()) - _SET_UP_SECONDS)
    devnet = stack.enter_context(SynthetixDevnet.up(anvil, seed=options.seed, traders=options.traders))
    prices = stack.enter_context(price_service(devnet.pythnet))
    lines = _write(devnet.anvil, devnet.deployment, options, prices)
    driver = stack.enter_context(SynthetixDriver(devnet.url, devnet.deployment, devnet.pythnet))
    driver.step({}, int(time.time()))
    return _Ground(devnet.url, driver, devnet.deployment.start_prices_8(), (*lines, f"prices      {prices}    (as Hermes has them)"))


_VENUES = {"perp_v2": _perp_v2, "synthetix_v3": _synthetix_v3}


def _anvil(options: argparse.Namespace) -> AnvilOptions:
    return AnvilOptions(
        port=options.port or None,
        no_mining=True,
        gas_limit=options.block_gas,
        cap_transactions=options.cap_transactions,
        slots_in_epoch=_FINALITY_SLOTS,
    )


def _write(anvil: Anvil, deployment: AnyDeployment, options: argparse.Namespace, prices: str | None = None) -> tuple[str, ...]:
    """The addresses and the settings; returns the lines that say where they are."""
    options.dir.mkdir(parents=True, exist_ok=True)
    deployment.save(options.dir / "deployment.json")
    config = options.dir / "keeper.toml"
    write_config(
        deployment,
        config,
        url=anvil.url,
        ws_url=anvil.ws_url,
        mode="execute",
        lake_dir=options.dir / "lake",
        block_seconds=options.block_seconds,
        finality_depth=2 * _FINALITY_SLOTS,
        price_service=prices,
    )
    owner = f"--owner-key {config.with_suffix('.owner.key.json')} --password-file {config.with_suffix('.password')}"
    return (
        f"addresses   {config.with_name('deployment.json')}",
        f"follow it   keeper run --config {config}",
        f"its owner   keeper executor status --config {config}    (to sign: {owner})",
    )


def _produce(ground: _Ground, options: argparse.Namespace, console: Console) -> None:
    def print_failures(block: PlayedBlock) -> None:
        for failure in block.failures:
            console.print(f"block {block.number}: {failure}", style="yellow")

    pace = {"block_seconds": options.block_seconds, "wall_interval": options.interval}
    final_8 = ground.start_8
    if options.path is not None:
        path = PATHS[options.path](ground.start_8, options.seed)
        play_path(ground.driver, ground.start_8, path, **pace, on_block=print_failures)
        final_8 = {**final_8, **{move.market: move.price_8 for move in path}}
        console.print(f"the path {options.path} is over; blocks go on")
    play_path(ground.driver, final_8, (), **pace, tail_seconds=_FOREVER)


if __name__ == "__main__":
    sys.exit(main())
