"""Liquidations and proceeds as logs tell them."""

from dataclasses import replace

from keeper.domain.chain import Address, Hash32, RawLog
from keeper.domain.event_abi import topic_of
from keeper.domain.fixed import X18
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.venue import Event
from keeper.domain.views import Proceeds
from keeper.venues.perp_v2 import log_events as log
from keeper.venues.perp_v2.proceeds import TRANSFER
from tests.keeper.venues.perp_v2.books import ADDRESSES, ALICE, BOB, ETH, EXECUTOR, USDC, WETH, Desk

ONE, OTHER = Hash32("0x" + "11" * 32), Hash32("0x" + "22" * 32)


def _log(index: int, transaction: Hash32 = ONE) -> RawLog:
    return RawLog(Address(ADDRESSES["vault"]), (), b"", 7, Hash32("0x" + "77" * 32), transaction, index)


def _in_order(*events: Event, transaction: Hash32 = ONE) -> list[tuple[RawLog, Event]]:
    return [(_log(index, transaction), event) for index, event in enumerate(events)]


def _changed(who: str, size: int, notional: int) -> log.PositionChanged:
    return log.PositionChanged(who, ETH, size, notional, 0, 0, 0, 1)


def test_reward_is_the_liquidators_better_price() -> None:
    """Half of the penalty, or all of it below zero: the two notionals say which."""
    events = _in_order(
        _changed(ALICE, -2 * X18, 5_000 * X18),
        _changed(BOB, 2 * X18, -5_000 * X18 + 62 * X18),
        log.PositionLiquidated(ALICE, ETH, 5_000 * X18, 2 * X18, 125 * X18, BOB),
    )
    (seen,) = Desk().venue.observed(events, Desk().book)
    assert (seen.account, seen.liquidator, seen.breach) == (ALICE, Address(BOB), Breach.POSITIONS)
    assert (seen.market, seen.underlying) == ("ETH", "ETH")
    assert (seen.size_x18, seen.notional_x18, seen.penalty_x18, seen.reward_x18) == (2 * X18, 5_000 * X18, 125 * X18, 62 * X18)
    assert (seen.bad_debt_x18, seen.log) == (0, events[2][0])


def test_a_short_has_a_negative_size_and_bad_debt_falls_on_its_cause() -> None:
    """The trader's last liquidation of that transaction; another transaction's has nothing to do with it."""
    first = _in_order(
        _changed(ALICE, X18, -2_000 * X18),
        _changed(BOB, -X18, 2_050 * X18),
        log.PositionLiquidated(ALICE, ETH, 2_000 * X18, X18, 50 * X18, BOB),
    )
    second = _in_order(
        _changed(ALICE, X18, -2_000 * X18),
        _changed(BOB, -X18, 2_050 * X18),
        log.PositionLiquidated(ALICE, ETH, 2_000 * X18, X18, 50 * X18, BOB),
        log.BadDebtSettled(ALICE, 7 * 10**6),
        transaction=OTHER,
    )
    desk = Desk()
    earlier, later = desk.venue.observed(first + second, desk.book)
    assert (earlier.size_x18, earlier.reward_x18, earlier.bad_debt_x18) == (-X18, 50 * X18, 0)
    assert later.bad_debt_x18 == 7 * X18


def test_collateral_counts_with_its_discount() -> None:
    """97 + 3 USDC paid at 10 % discount: worth 111.1, of which 11.1 is the liquidator's."""
    desk = Desk()
    (seen,) = desk.venue.observed(
        _in_order(log.CollateralLiquidated(ALICE, WETH, BOB, 4 * 10**16, 97 * 10**6, 3 * 10**6, 100_000)), desk.book
    )
    assert (seen.market, seen.breach, seen.size_x18, seen.notional_x18) == ("WETH", Breach.COLLATERAL, 4 * 10**16, 100 * X18)
    assert seen.reward_x18 == 100 * X18 // 9
    assert seen.penalty_x18 == seen.reward_x18 + 3 * X18


def _raw(contract: str, signature: str, topics: tuple[str, ...], *words: int) -> RawLog:
    data = b"".join((word & (2**256 - 1)).to_bytes(32, "big") for word in words)
    padded = tuple(bytes.fromhex(topic[2:]).rjust(32, b"\0") for topic in topics)
    return replace(_log(0), address=Address(contract), topics=(topic_of(signature), *padded), data=data)


def _transfer(token: str, sender: str, receiver: str, amount: int) -> RawLog:
    return _raw(token, TRANSFER, (sender, receiver), amount)


def test_moving_money_between_wallet_and_vault_is_no_gain() -> None:
    """Deposits and withdrawals cancel out; pnl, payments and tokens do not."""
    vault, balances = ADDRESSES["vault"], ADDRESSES["account_balance"]
    moved = "(address indexed collateralToken,address indexed trader,uint256 amount)"
    logs = [
        _transfer(USDC, vault, EXECUTOR, 500),
        _raw(vault, "Withdrawn" + moved, (USDC, EXECUTOR), 500),
        _transfer(USDC, EXECUTOR, vault, 200),
        _raw(vault, "Deposited" + moved, (USDC, EXECUTOR), 200),
        _transfer(USDC, EXECUTOR, vault, 90),
        _transfer(WETH, vault, EXECUTOR, 10**17),
        _transfer("0x" + "99" * 20, vault, EXECUTOR, 5),
        _transfer(USDC, BOB, ALICE, 10**9),
        _raw(balances, "PnlRealized(address indexed trader,int256 amount)", (EXECUTOR,), -7),
        _raw(balances, "PnlRealized(address indexed trader,int256 amount)", (BOB,), 10**9),
    ]
    desk = Desk()
    desk.collateral(2_500, spot=2_400)
    settlement, tokens_value = Usd18(-90 * 10**12 - 7), Usd18.of_units(240)
    assert desk.venue.proceeds(logs, EXECUTOR, desk.book) == Proceeds(settlement, ((Address(WETH), 10**17),), tokens_value)
    assert desk.venue.proceeds([], EXECUTOR, desk.book) == Proceeds(ZERO_USD)
