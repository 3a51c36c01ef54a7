"""Liquidations told by a block's logs: who was paid, for what, and how it is shared out; and receipts."""

from keeper.domain.chain import Address, Hash32, RawLog
from keeper.domain.event_abi import topic_of
from keeper.domain.health import Breach
from keeper.domain.money import Usd18
from keeper.domain.venue import Event
from keeper.domain.views import LiquidationObserved
from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3.liquidation import WHOLE_ACCOUNT
from keeper.venues.synthetix_v3.signatures import TRANSFER
from tests.keeper.venues.synthetix_v3.books import ADDRESSES, ALICE, BOB, BTC, ETH, EXECUTOR, Desk, key_of, x18

KEEPER = "0x" + "4e" * 20
NOBODY = "0x" + "00" * 20


def _log(
    index: int, transaction: int = 1, *, address: str = ADDRESSES["perps_market"], topics: tuple[bytes, ...] = (), data: bytes = b""
) -> RawLog:
    return RawLog(Address(address), topics, data, 7, Hash32("0x" + "bb" * 32), Hash32(f"0x{transaction:064x}"), index)


def _observed(*transactions: tuple[Event, ...]) -> list[LiquidationObserved]:
    desk = Desk()
    events = [event for transaction in transactions for event in transaction]
    numbers = [number for number, transaction in enumerate(transactions) for _ in transaction]
    logs = [_log(index, number) for index, number in enumerate(numbers)]
    return list(desk.venue.observed(list(zip(logs, events, strict=True)), desk.book))


def _part(account_id: int, market_id: int, size: float, price: float) -> tuple[Event, Event]:
    """What is told of one position; + of a long."""
    return (
        log.MarketUpdated(market_id, x18(price), 0, 0, -x18(size), 0, 0, 0),
        log.PositionLiquidated(account_id, market_id, x18(abs(size)), 0),
    )


def test_a_flag_with_two_positions() -> None:
    """The margin is lost with the first, the reward shared by value."""
    first, second = _observed(
        (
            log.AccountFlaggedForLiquidation(ALICE, x18(70), 0, 0, 0),
            *_part(ALICE, ETH, 2, 2_500),
            *_part(ALICE, BTC, -0.25, 60_000),
            log.UsdMinted(KEEPER, x18(8)),
            log.AccountLiquidationAttempt(ALICE, x18(8), True),
        )
    )
    assert (first.market, first.size_x18, first.notional_x18, first.reward_x18) == ("ETH", x18(2), x18(5_000), x18(2))
    assert (second.market, second.size_x18, second.notional_x18, second.reward_x18) == ("BTC", -x18(0.25), x18(15_000), x18(6))
    assert (first.penalty_x18, second.penalty_x18) == (x18(70), 0)
    assert {one.liquidator for one in (first, second)} == {KEEPER}
    assert {one.breach for one in (first, second)} == {Breach.POSITIONS}
    assert {one.account for one in (first, second)} == {key_of(ALICE)}


def test_bad_debt_later_windows_and_an_unknown_keeper() -> None:
    """A flag below zero is bad debt; without a mint of the reward's amount nobody is known."""
    flag, window = _observed(
        (
            log.AccountFlaggedForLiquidation(ALICE, -x18(5), 0, 0, 0),
            log.UsdMinted(KEEPER, x18(3)),
            log.AccountLiquidationAttempt(ALICE, x18(3), False),
        ),
        (*_part(ALICE, ETH, 1, 2_000), log.UsdMinted(KEEPER, x18(2)), log.AccountLiquidationAttempt(ALICE, x18(1), True)),
    )
    assert (flag.market, flag.size_x18, flag.bad_debt_x18, flag.reward_x18) == (WHOLE_ACCOUNT, 0, x18(5), x18(3))
    assert (flag.liquidator, window.liquidator) == (KEEPER, NOBODY)
    assert (window.breach, window.reward_x18, window.penalty_x18) == (Breach.POSITIONS, x18(1), 0)


def test_margin_alone_and_attempts_that_took_nothing() -> None:
    (margin,) = _observed(
        (log.AccountLiquidationAttempt(BOB, 0, False),),
        (
            log.UsdMinted(KEEPER, x18(1)),
            log.AccountLiquidationAttempt(ALICE, x18(1), True),
            log.AccountMarginLiquidation(ALICE, x18(40), x18(1)),
        ),
    )
    assert (margin.breach, margin.market, margin.liquidator) == (Breach.MARGIN_ONLY, WHOLE_ACCOUNT, KEEPER)
    assert (margin.notional_x18, margin.penalty_x18, margin.reward_x18) == (x18(40), x18(40), x18(1))


def test_two_calls_in_one_transaction_keep_their_own() -> None:
    first, second = _observed(
        (
            *_part(ALICE, ETH, 1, 2_000),
            log.UsdMinted(KEEPER, x18(1)),
            log.AccountLiquidationAttempt(ALICE, x18(1), True),
            *_part(BOB, ETH, 2, 2_000),
            log.UsdMinted(KEEPER, x18(2)),
            log.AccountLiquidationAttempt(BOB, x18(2), True),
        )
    )
    assert [(one.account, one.reward_x18) for one in (first, second)] == [(key_of(ALICE), x18(1)), (key_of(BOB), x18(2))]


def test_proceeds_are_what_came_into_the_wallet_less_what_left_it() -> None:
    desk = Desk()
    topic, usd = topic_of(TRANSFER), ADDRESSES["usd_token"]

    def transfer(sender: str, receiver: str, amount: float, token: str = usd) -> RawLog:
        words = (bytes(12) + bytes.fromhex(one[2:]) for one in (sender, receiver))
        return _log(0, address=token, topics=(topic, *words), data=x18(amount).to_bytes(32, "big"))

    logs = (
        transfer(NOBODY, EXECUTOR, 30),
        transfer(EXECUTOR, KEEPER, 2),
        transfer(KEEPER, NOBODY, 5),
        transfer(NOBODY, EXECUTOR, 7, token=ADDRESSES["core"]),
        _log(1, address=usd, topics=(topic,)),
    )
    assert desk.venue.proceeds(logs, EXECUTOR, desk.book).settlement == Usd18.of_units(28)
