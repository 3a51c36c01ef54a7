"""The venue calls of people who trade: deposit, open, add liquidity. Each only queues transactions."""

from __future__ import annotations

from contracts.devnet.chain import TRADE_GAS, Chain
from contracts.devnet.deployment import Core, Market, Order, Position

MAX_UINT = 2**256 - 1
_NO_CODE = bytes(32)
_OPEN = "openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"
_ADD = "addLiquidity((address,uint256,uint256,int24,int24,uint256,uint256,bool,uint256))"


def deposit(chain: Chain, core: Core, trader: str, token: str, amount: int) -> None:
    """Mints `amount` of a test token to the trader, who deposits it as margin."""
    chain.send(trader, token, "mint(address,uint256)", trader, amount)
    chain.send(trader, token, "approve(address,uint256)", core.vault, MAX_UINT)
    chain.send(trader, core.vault, "deposit(address,uint256)", token, amount)


def open_position(chain: Chain, core: Core, market: Market, trader: str, position: Position) -> None:
    """Opens or grows a taker position worth `notional_usd` of quote, at whatever price the pool gives."""
    chain.send(trader, core.clearing_house, _OPEN, open_arguments(market, position), gas=TRADE_GAS)


def open_arguments(market: Market, position: Position) -> tuple[object, ...]:
    """The struct of openPosition: a long pays an exact quote amount, a short takes out an exact quote amount."""
    short = position.side == "short"
    amount = position.notional_usd * 10**18
    bound = MAX_UINT if short else 0
    return (market.base, short, not short, amount, bound, MAX_UINT, 0, _NO_CODE)


def trade_to(chain: Chain, core: Core, market: Market, trader: str, *, sell: bool, limit_x96: int, tip: int) -> None:
    """Trades until the pool's sqrt price reaches the limit, with an amount no pool here can absorb before."""
    arguments = (market.base, sell, True, 10**27, 0, MAX_UINT, limit_x96, _NO_CODE)
    chain.send(trader, core.clearing_house, _OPEN, arguments, gas=TRADE_GAS, tip=tip)


def add_order(chain: Chain, core: Core, market: Market, maker: str, order: Order) -> None:
    """Adds liquidity in a range."""
    amounts = (order.base_18, order.quote_18, order.lower_tick, order.upper_tick, 0, 0, False, MAX_UINT)
    chain.send(maker, core.clearing_house, _ADD, (market.base, *amounts), gas=TRADE_GAS)
