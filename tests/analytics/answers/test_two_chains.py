"""One venue name on two chains is two venues: what a question says of one is what it says where the other is not there."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

import analytics
from analytics.answers.annotated import notes_of
from analytics.answers.checks import run_checks
from analytics.answers.liquidation_map import liquidation_map
from analytics.answers.positioning import funding, open_interest_path
from analytics.answers.window import Window
from analytics.lake import open_lake, open_market
from analytics.models.episodes import EpisodeRules
from analytics.summary import summarise
from tests.analytics.answers.test_common_shock import blocks_of
from tests.analytics.deficit_lake import deficit_blocks
from tests.analytics.report.cascade_lake import BLOCKS, BOOKS
from tests.analytics.two_chains import FIRST, LABELS, SECOND, cascade_blocks, write_chains

Lake = duckdb.DuckDBPyConnection
Lakes = Mapping[tuple[int, ...], Lake]
BOTH = (FIRST, SECOND)
EVERYTHING = Window()
SMALL = EpisodeRules(minute_floor_usd=1_000, total_floor_usd=5_000, start_minutes=1)
BEFORE_THE_SNAPSHOT = BOOKS.replace("00:01:00", "00:00:00")
QUESTIONS: Mapping[str, Callable[[Lake], pa.Table]] = {
    "liquidations": analytics.liquidations,
    "price_extremes": analytics.price_extremes,
    "price_path": lambda lake: analytics.price_path(lake, EVERYTHING, "ETH", 10.0),
    "open_interest_path": lambda lake: open_interest_path(lake, EVERYTHING, "ETH", 10.0),
    "regime": analytics.regime,
    "map_skill": analytics.map_skill,
    "activation": analytics.activation,
    "activation_effect": analytics.activation_effect,
    "structure": analytics.structure,
    "keepers": analytics.keepers,
    "attempts": analytics.attempts,
    "missed": analytics.missed,
    "waterfall": analytics.waterfall,
    "summary": lambda lake: summarise(lake).markets,
}


@pytest.fixture(scope="module")
def cascades(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lakes]:
    """The cascade on either chain alone, and on both, each beside two recorded books."""
    with ExitStack() as stack:
        yield {of: stack.enter_context(_cascade(tmp_path_factory.mktemp("cascade"), *of)) for of in ((FIRST,), (SECOND,), BOTH)}


@pytest.fixture
def both(cascades: Lakes) -> Lake:
    """The cascade on both chains."""
    return cascades[BOTH]


def _cascade(directory: Path, *chains: int) -> Lake:
    write_chains(directory, cascade_blocks(), *chains)
    with open_market(directory) as market:
        market.execute(BEFORE_THE_SNAPSHOT)
    return open_lake(directory)


def rows_of(table: pa.Table, chain: int) -> list[dict[str, Any]]:
    """An answer's rows about one chain."""
    return [row for row in table.to_pylist() if row["chain_id"] == chain]


@pytest.mark.parametrize("chain", BOTH)
@pytest.mark.parametrize("name", QUESTIONS)
def test_what_is_said_of_a_chain_is_what_is_said_of_it_alone(cascades: Lakes, name: str, chain: int) -> None:
    together, alone = (rows_of(QUESTIONS[name](cascades[chains]), chain) for chains in (BOTH, (chain,)))
    assert alone
    assert together == alone


def test_deficits_of_one_account_key_on_two_chains(tmp_path: Path) -> None:
    chains = ((FIRST,), (SECOND,), BOTH)
    answers = {}
    for of in chains:
        directory = tmp_path / "".join(map(str, of))
        write_chains(directory, deficit_blocks(), *of)
        with open_lake(directory) as lake:
            answers[of] = analytics.waterfall(lake)
    for chain in BOTH:
        assert rows_of(answers[BOTH], chain) == rows_of(answers[chain,], chain) != []
    total, *parts = (answers[of].to_pylist()[-1] for of in (BOTH, (FIRST,), (SECOND,)))
    assert int(total["bad_debt_raw"]) == sum(int(part["bad_debt_raw"]) for part in parts) > 0
    assert any(note.startswith(f"insurance fund of {LABELS[0]}: ") for note in notes_of(answers[BOTH]))


@pytest.mark.parametrize("chain", BOTH)
@pytest.mark.parametrize("all_markets", [False, True])
def test_the_map_of_one_chain(cascades: Lakes, chain: int, all_markets: bool) -> None:
    chosen = liquidation_map(cascades[BOTH], "ETH", chain_id=chain, all_markets=all_markets)
    alone = liquidation_map(cascades[chain,], "ETH", all_markets=all_markets)
    assert chosen.levels is not None
    assert alone.levels is not None
    assert np.array_equal(chosen.levels.price, alone.levels.price, equal_nan=True)
    assert (chosen.accounts, chosen.coverage, chosen.max_pain) == (alone.accounts, alone.coverage, alone.max_pain)


def test_the_map_of_both_keeps_accounts_apart_and_knows_the_open_interest_of_both(cascades: Lakes) -> None:
    """An account key of one chain has nothing to do with the same one of the other."""
    together = liquidation_map(cascades[BOTH], "ETH", all_markets=True)
    alone = [liquidation_map(cascades[chain,], "ETH", all_markets=True) for chain in BOTH]
    assert together.levels is not None
    assert len(set(together.accounts)) == sum(len(answer.accounts) for answer in alone)
    assert [block for block, _ in together.blocks] == LABELS
    assert together.map is not None
    longs = float(together.levels.notional[together.levels.side == 1].sum())
    assert together.coverage[0].value == pytest.approx(longs / ((700 + 3 * 700) * together.map.mark))


def test_the_common_shock_of_an_account_is_that_of_its_own_chain(tmp_path: Path) -> None:
    """Two equal accounts of one key: merged they would have half the equity for their positions."""
    for of in ((FIRST,), BOTH):
        write_chains(tmp_path / str(len(of)), blocks_of(0.0), *of)
    prices = []
    for of in ((FIRST,), BOTH):
        with open_lake(tmp_path / str(len(of))) as lake:
            answer = liquidation_map(lake, "ETH", all_markets=True)
            assert answer.map is not None
            assert answer.levels is not None
            prices.append([price / answer.map.mark for price in answer.levels.price.tolist()])
    assert prices[1] == pytest.approx([prices[0][0]] * 2)


def test_venues_of_the_headline_and_of_episodes(both: Lake) -> None:
    """Names alone would make them one."""
    assert [row["venues"] for row in analytics.headline(both).to_pylist()] == [LABELS, LABELS]
    (episode,) = analytics.episodes(both, rules=SMALL).to_pylist()
    assert episode["venues"] == LABELS


def test_a_name_on_one_chain_stays_as_it_is(cascades: Lakes) -> None:
    assert {tuple(row["venues"]) for row in analytics.headline(cascades[FIRST,]).to_pylist()} == {("perp_v2",)}


def test_a_price_path_is_of_one_chain(both: Lake) -> None:
    """It says of which; the prices of both in turn would be waves where there are none."""
    (wave,) = analytics.waves(both).to_pylist()
    assert wave["price_source"] == f"{LABELS[0]} ETH mark price"
    assert wave["extreme_usd"] == 80.0


def test_signals_say_whose_prices_they_read(both: Lake) -> None:
    (bars, *_) = notes_of(analytics.signals(both, "ETH", bar_minutes=1))
    assert bars.endswith(f", {LABELS[0]} mark price")


def test_funding_is_a_series_for_each(cascades: Lakes) -> None:
    series = {one.market.chain_id: one for one in funding(cascades[BOTH], EVERYTHING, "ETH")}
    assert set(series) == set(BOTH)
    for chain in BOTH:
        (alone,) = funding(cascades[chain,], EVERYTHING, "ETH")
        assert np.array_equal(series[chain].rate_8h, alone.rate_8h)
        assert np.array_equal(series[chain].time, alone.time)


def test_open_interest_of_both_is_added_up(cascades: Lakes) -> None:
    both, *alone = (analytics.open_interest_to_spot(cascades[of]).to_pylist()[0] for of in (BOTH, (FIRST,), (SECOND,)))
    assert both["open_interest_usd"] == sum(row["open_interest_usd"] for row in alone)
    assert both["open_interest_venues"] == LABELS


def test_shares_of_venues_are_of_both(both: Lake) -> None:
    rows = {row["measure"]: row for row in analytics.concentration(both).to_pylist()}
    for measure in ("liquidations", "open interest"):
        assert rows[measure]["venues"] == LABELS[::-1]
        assert rows[measure]["shares"] == pytest.approx([6 / 7, 1 / 7])


def test_gaps_are_those_of_each(both: Lake) -> None:
    rows = analytics.quality(both).to_pylist()
    assert [row["about"] for row in rows if row["topic"] == "gap"] == LABELS


def test_the_win_rate_is_told_for_each(cascades: Lakes) -> None:
    """Two races: what is won in one is no part of the other."""
    (alone,) = [note for note in notes_of(analytics.keepers(cascades[FIRST,])) if note.startswith("win rate")]
    rates = [note for note in notes_of(analytics.keepers(cascades[BOTH])) if "win rate" in note]
    assert rates == [f"{label}: {alone}" for label in LABELS]


def test_blocks_of_two_chains_are_no_range(cascades: Lakes) -> None:
    (covered,) = summarise(cascades[BOTH]).covered.to_pylist()
    assert covered["blocks"] == 2 * BLOCKS
    assert (covered["first_block"], covered["last_block"]) == (None, None)
    assert [chain["first_block"] for chain in covered["chains"]] == [1, 1_000_001]


def test_every_check_holds(both: Lake) -> None:
    assert {name: rows for name, rows in run_checks(both).items() if rows} == {}
