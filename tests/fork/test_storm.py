"""A small storm, as `make bench-storm` plays a large one: forty accounts breached in one block, in blocks that hold a few of them."""

from pathlib import Path

import pytest

from tests.bench.storm import Weather, storm

pytestmark = [pytest.mark.fork, pytest.mark.slow]
_BLOCK_GAS = 30_000_000


@pytest.mark.timeout(600)
def test_all_are_liquidated_in_batches_the_most_valuable_first(tmp_path: Path) -> None:
    figures = storm(Weather(traders=40, block_gas=_BLOCK_GAS, interval=1.0, blocks=30), tmp_path)
    assert figures.breached == 40
    assert figures.left == 0
    assert figures.accounts_per_transaction.max > 1
    assert figures.largest_gas_limit <= _BLOCK_GAS // 4
    assert figures.order < -0.7
