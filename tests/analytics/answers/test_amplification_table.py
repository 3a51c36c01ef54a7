"""M9, M11: what counts as one event of a series."""

from pathlib import Path

import analytics
from analytics.lake import open_lake
from keeper.domain.records import Record
from tests.analytics.answers.test_common_shock import state
from tests.analytics.keeper_lake import Rows, change
from tests.analytics.two_chains import FIRST, SECOND, write_chains

BLOCKS = 12


def test_blocks_of_two_chains_with_one_number_are_two_moments(tmp_path: Path) -> None:
    """Liquidations an hour apart; their blocks have the same numbers by chance."""
    blocks: dict[int, list[Record]] = {
        number: [state(number, "ETH", 100.0 - number), Rows(number).liquidation(f"a{number}", "ETH", 100.0, "long")]
        for number in range(1, BLOCKS + 1)
    }
    write_chains(tmp_path, blocks, FIRST, SECOND)
    change(
        tmp_path,
        "UPDATE lake.main.liquidations SET block_number = block_number - 1_000_000, block_time = block_time + INTERVAL 1 HOUR "
        f"WHERE chain_id = {SECOND}",
    )
    with open_lake(tmp_path) as lake:
        (row,) = analytics.amplification(lake).to_pylist()
    assert (row["n"], row["events"]) == (2 * BLOCKS, 2 * BLOCKS)
