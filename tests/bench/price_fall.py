"""A devnet after a fall of the prices: several accounts are breached, and stay so while nobody acts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from contracts.devnet import MarketDriver
from tests.chaos.harness import Harness, harness

TRADERS = 40
_FALLEN_TO_PERCENT = 83


@contextmanager
def after_price_fall(directory: Path) -> Iterator[Harness]:
    """`TRADERS` traders from the usual seed, both markets 17 % down."""
    with harness(directory, TRADERS) as stage:
        with MarketDriver(stage.devnet.url, stage.devnet.deployment) as driver:
            # In steps: the venue lets a price move only so far within a block.
            for percent in range(97, _FALLEN_TO_PERCENT - 1, -2):
                for market in stage.devnet.deployment.markets:
                    driver.move(market.name, market.start_price_8 * percent // 100)
        # The averages behind the mark price follow over half an hour; most of the way is enough.
        stage.quiet(40, interval=0.01)
        yield stage
