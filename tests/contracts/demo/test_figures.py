"""The figures of several venues together."""

from contracts.demo.figures import MarketLiquidations, figures_of
from contracts.demo.ledger import Ledger
from contracts.demo.parity import Parity
from contracts.demo.spread import Spread
from tests.contracts.demo.runs import NOTIONAL_USD, liquidation, run


def test_a_total_is_the_sum_of_its_venues() -> None:
    first = run(liquidation("a", 5), liquidation("a", 6, "BTC", size=-2.0), ledger=Ledger(breached={"a": [5], "z": [5, 6]}))
    second = run(liquidation("7", 5), liquidation("7", 5, "account", size=0), ledger=Ledger(breached={"7": [4]}), traders=4)
    total = figures_of(first, second)
    assert (total.traders, total.blocks, total.liquidations_executed) == (7, 2, 4)
    assert total.liquidations_by_market == {
        "BTC": MarketLiquidations(0, 1, 0, NOTIONAL_USD),
        "ETH": MarketLiquidations(2, 0, 0, 2 * NOTIONAL_USD),
        "account": MarketLiquidations(0, 0, 1, NOTIONAL_USD),
    }
    assert (total.accounts_ever_liquidatable, total.missed_accounts) == (3, ["z"])
    assert total.parity == Parity(2, 0, 0)
    assert total.blocks_late == Spread(1, 1, 1, 4)
    assert (total.keeper_profit_usd, total.keeper_assets_change_usd) == (12.0, 12.0)
    assert total.keeper_profit_parts_usd == {"settlement": 10.0, "tokens": 4.0, "gas": 2.0}
    assert (total.gas_used, total.outcomes, total.bad_debt_usd) == (800, {"included": 2}, 6.0)


def test_of_one_venue_a_total_is_its_own() -> None:
    one = figures_of(run(liquidation("a", 5)))
    assert (one.liquidations_executed, one.missed, one.keeper_profit_usd) == (1, 0, 6.0)
