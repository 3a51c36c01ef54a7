"""Brings a scenario's stage up, and down again."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

from contracts.devnet import AnvilOptions, write_config
from tests.chaos.daemon import Daemon
from tests.chaos.player import Pace, Player
from tests.chaos.proxy import Line
from tests.chaos.stage import SLOTS_IN_EPOCH, Set, Stage

_CAP_ETH = "10.0"
_OWN_LOAD, _SLOWEST = 1.5, 4.0
"""Load per core that a scenario makes by itself; the slowest pace."""


@contextmanager
def staged(settings: Set, directory: Path) -> Iterator[Stage]:
    """A fresh devnet of the venue with everything around it in `directory`; nothing is left running."""
    options = AnvilOptions(no_mining=True, slots_in_epoch=SLOTS_IN_EPOCH)
    with ExitStack() as stack:
        ground = stack.enter_context(settings.ground(options, settings.seed, settings.traders))
        node, deployment = ground.anvil, ground.deployment
        lines = [stack.enter_context(Line(node.url, node.ws_url, seed=place)) for place in range(settings.endpoints)]
        price_line = stack.enter_context(Line(ground.price_service, "")) if ground.price_service is not None else None
        config = directory / "keeper.toml"
        write_config(
            deployment,
            config,
            url=lines[0].url,
            ws_url=lines[0].ws_url if settings.socket else None,
            mode="execute",
            lake_dir=directory / "lake",
            block_seconds=settings.block_seconds,
            finality_depth=settings.finality,
            price_service=price_line.url if price_line is not None else None,
        )
        daemon = Daemon(config, directory / "keeper.log", _settings(settings, lines))
        pace = Pace(settings.block_seconds, settings.interval * slowness(), wall_clock=price_line is not None)
        player = Player(ground.driver, deployment.start_prices_8(), pace)
        random = Random(settings.seed)
        stage = Stage(settings, directory, ground, lines, player, daemon, random, daemons=[daemon], price_line=price_line)
        try:
            yield stage
        finally:
            player.stop()
            for each in stage.daemons:
                each.close()


def slowness() -> float:
    """At least 1, and more where others share the cores: blocks come that much slower."""
    per_core = os.getloadavg()[0] / (os.cpu_count() or 1)
    return min(max(1.0, per_core / _OWN_LOAD), _SLOWEST)


def _settings(choices: Set, lines: Sequence[Line]) -> Mapping[str, str]:
    return {
        "PERP_KEEPER__CHAINS__DEVNET__RPC_URLS": ",".join(line.url for line in lines),
        # A socket may be deaf: whoever cares polls about as often as blocks come.
        "PERP_KEEPER__CHAINS__DEVNET__POLL_INTERVAL_S": "0.25",
        "PERP_KEEPER__KEEPER__TRIPWIRE_BLOCKS": "3",
        "PERP_KEEPER__KEEPER__POSITION_SNAPSHOT_BLOCKS": "20",
        "PERP_KEEPER__KEEPER__MODE": choices.mode,
        # Nobody is too small here: what is left over would count as missed.
        "PERP_KEEPER__LIMITS__MIN_PROFIT_USD": "0",
        "PERP_KEEPER__LIMITS__SPENDING_CAP_ETH": _CAP_ETH,
        **choices.settings,
    }
