"""The venue calls of people who trade: deposit, open, add liquidity."""

from __future__ import annotations

from contracts.devnet.calldata import calldata
from contracts.devnet.chain import TRADE_GAS, Chain, Transaction
from contracts.devnet.deployment import Core, Market, Order, Position

MAX_UINT = 2**256 - 1
_NO_CODE = bytes(32)
_OPEN = "openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))"
_ADD = "addLiquidity((address,uint256,uint256,int24,int24,uint256,uint256,bool,uint256))"
_MORE_THAN_ANY_POOL_18 = 10**27


def deposit(chain: Chain, core: Core, trader: str, token: str, amount: int) -> None:
    """Queues: `amount` of a test token is minted to the trader, who deposits it as margin."""
    chain.send(trader, token, "mint(address,uint256)", trader, amount)
    chain.send(trader, token, "approve(address,uint256)", core.vault, MAX_UINT)
    chain.send(trader, core.vault, "deposit(address,uint256)", token, amount)


def open_position(core: Core, market: Market, trader: str, position: Position) -> Transaction:
    """Opens a taker position: a long pays exactly the notional in quote, a short takes out exactly the notional."""
    short = position.side == "short"
    bound = MAX_UINT if short else 0
    amount_18 = position.notional_usd * 10**18
    arguments = (market.base, short, not short, amount_18, bound, MAX_UINT, 0, _NO_CODE)
    note = f"{position.side} {position.notional_usd} USD of {market.name} by {trader}"
    return Transaction(trader, core.clearing_house, calldata(_OPEN, arguments), TRADE_GAS, note)


def trade_to(core: Core, market: Market, trader: str, *, sell: bool, limit_x96: int) -> Transaction:
    """Trades until the pool's sqrt price reaches the limit, with an amount no pool here can absorb before."""
    arguments = (market.base, sell, True, _MORE_THAN_ANY_POOL_18, 0, MAX_UINT, limit_x96, _NO_CODE)
    note = f"{'sell' if sell else 'buy'} {market.name} to the index"
    return Transaction(trader, core.clearing_house, calldata(_OPEN, arguments), TRADE_GAS, note)


def add_order(core: Core, market: Market, maker: str, order: Order) -> Transaction:
    """Adds liquidity in a range."""
    amounts = (order.base_18, order.quote_18, order.lower_tick, order.upper_tick, 0, 0, False, MAX_UINT)
    note = f"order in {market.name} by {maker}"
    return Transaction(maker, core.clearing_house, calldata(_ADD, (market.base, *amounts)), TRADE_GAS, note)
