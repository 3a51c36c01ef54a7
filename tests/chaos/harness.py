"""A devnet on which the real daemon runs as its own process, and what must hold afterwards whatever was done to it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from contracts.demo.programs import Keeper, running_keeper
from contracts.devnet import PATHS, AnvilOptions, Devnet, PlayedBlock, play, write_config
from keeper import assembly, evm
from keeper.chain.chain import ChainClient
from keeper.domain.chain import BlockRef, RawLog
from keeper.domain.venue import Venue
from keeper.lake.place import LakePlace
from keeper.lake.reader import LakeReader
from keeper.service.log import logger
from keeper.settings import ChainScope, Loaded, load

_BLOCK_SECONDS = 6
_SLOTS_IN_EPOCH = 4


@dataclass(frozen=True, slots=True)
class Harness:
    """The devnet, the keeper's directory and settings."""

    devnet: Devnet
    directory: Path
    loaded: Loaded

    @property
    def scope(self) -> ChainScope:
        """The settings of its one chain."""
        (scope,) = self.loaded.settings.scopes()
        return scope

    @property
    def venue(self) -> Venue:
        """The venue under test."""
        return assembly.build_venues(self.scope)["perp_v2"]

    @contextmanager
    def keeper(self, *options: str, settings: Mapping[str, str] | None = None) -> Iterator[Keeper]:
        """A daemon in execute mode, or as `options` and `settings` (PERP_KEEPER__ variables) say."""
        with running_keeper(self.loaded.path, self.directory / "keeper.log", *options, settings=settings) as keeper:
            yield keeper

    def play(self, path: str = "shock", *, first_step: int = 0, blocks: int | None = None, interval: float = 0.15) -> int:
        """Play some blocks of a path (all that are left without `blocks`); returns the next step."""
        stop, next_step = Event(), first_step

        def each(block: PlayedBlock) -> None:
            nonlocal next_step
            next_step = block.step + 1
            if blocks is not None and next_step - first_step >= blocks:
                stop.set()

        moves = PATHS[path](self.devnet.deployment.start_prices_8(), 7)
        play(
            self.devnet.url,
            self.devnet.deployment,
            moves,
            block_seconds=_BLOCK_SECONDS,
            wall_interval=interval,
            on_block=each,
            first_step=first_step,
            stop=stop,
        )
        return next_step

    def quiet(self, blocks: int = 1, interval: float = 0.1) -> None:
        """Blocks in which no price moves."""
        play(
            self.devnet.url,
            self.devnet.deployment,
            (),
            block_seconds=_BLOCK_SECONDS,
            wall_interval=interval,
            tail_seconds=blocks * _BLOCK_SECONDS,
        )

    def head(self) -> int:
        """Height of the chain."""
        return int(self.devnet.rpc.call("eth_blockNumber"), 16)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """A query on the keeper's lake."""
        with LakeReader(LakePlace.at(self.loaded.settings.lake.dir).keeper, self.scope.chain.id) as lake:
            return lake.rows(sql, *values)

    def chain_events(self, *names: str) -> list[tuple[int, str, int]]:
        """(block, block hash, log index) of every log on the canonical chain that the venue takes in; with `names` only such events."""
        return asyncio.run(self._chain_events(names))

    async def _chain_events(self, names: Sequence[str]) -> list[tuple[int, str, int]]:
        async with evm.open_chain(self.scope, {"perp_v2": self.venue}, logger()) as chain:
            blocks = await _blocks(chain, self.venue, self.scope.chain.start_block, self.head())
        decoded = [(block, log, self.venue.decode(log)) for block, logs in blocks for log in logs]
        events = [(block, log) for block, log, event in decoded if event is not None and (not names or type(event).__name__ in names)]
        return [(block.number, block.hash, log.log_index) for block, log in events]

    def lake_events(self) -> list[tuple[int, str, int]]:
        """The same from the lake."""
        rows = self.rows("SELECT block_number, block_hash, log_index FROM venue_events WHERE source = 'log' ORDER BY 1, 3")
        return [(row["block_number"], row["block_hash"], row["log_index"]) for row in rows]


async def _blocks(chain: ChainClient, venue: Venue, first: int, last: int) -> Sequence[tuple[BlockRef, tuple[RawLog, ...]]]:
    return [item async for item in chain.backfill(venue.filters(), first, last)]


@contextmanager
def harness(directory: Path, traders: int = 24, seed: int = 7) -> Iterator[Harness]:
    """A devnet of its own, with a keeper configured for it."""
    with Devnet.up(AnvilOptions(no_mining=True, slots_in_epoch=_SLOTS_IN_EPOCH), seed=seed, traders=traders) as devnet:
        config = directory / "keeper.toml"
        write_config(
            devnet.deployment,
            config,
            url=devnet.url,
            ws_url=devnet.anvil.ws_url,
            mode="execute",
            lake_dir=directory / "lake",
            block_seconds=_BLOCK_SECONDS,
            finality_depth=2 * _SLOTS_IN_EPOCH,
        )
        yield Harness(devnet, directory, load(config, {}))


def caught_up(keeper: Keeper, harness: Harness, *, seconds: float = 60.0) -> None:
    """Until the keeper has finished the newest block. Quiet blocks are mined meanwhile: a daemon that has just started, and one whose
    newest blocks were orphaned, have nothing to finish before the next one."""
    deadline = time.monotonic() + seconds
    while keeper.metrics().get("keeper_head_block", 0) < harness.head():
        keeper.must_run()
        assert time.monotonic() < deadline, "the keeper does not catch up"
        time.sleep(0.5)
        if keeper.metrics().get("keeper_head_block", 0) < harness.head():
            harness.quiet()
            time.sleep(0.5)
