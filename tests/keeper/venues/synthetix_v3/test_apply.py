"""Events into the book, by the contracts' own bookkeeping, and out of it again."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.domain.fixed import X18
from keeper.errors import StateDivergence
from keeper.venues.synthetix_v3 import log_events as log
from keeper.venues.synthetix_v3 import parameter_events as parameter
from keeper.venues.synthetix_v3.accounts import charged
from keeper.venues.synthetix_v3.state import SNX_USD as USD_KEY
from keeper.venues.synthetix_v3.state import Account, SynthetixBook, interest_rate
from tests.keeper.venues.synthetix_v3.books import ALICE, BOB, BTC, ETH, NO_CODE, PRICE_IDS, SENDER, SETH, Desk, key_of, x18


def _contents(book: SynthetixBook) -> object:
    journals = (book.accounts, book.markets, book.globals, book.reads, book.interest, book.prices)
    return copy.deepcopy(([dict(one) for one in journals], book.moment))


def test_collateral_comes_and_goes() -> None:
    """A collateral that is gone is not kept, nor an account without anything."""
    desk = Desk()
    desk.deposit(ALICE, 5)
    desk.deposit(ALICE, 2, SETH)
    assert desk.account(ALICE).collateral == {"0": x18(5), "6": x18(2)}
    desk.deposit(ALICE, -2, SETH)
    assert desk.account(ALICE).collateral == {"0": x18(5)}
    assert desk.account(ALICE).feeds == 0
    desk.deposit(ALICE, -5)
    assert key_of(ALICE) not in desk.book.accounts


def test_collateral_that_was_never_there_is_a_divergence() -> None:
    with pytest.raises(StateDivergence, match="not complete"):
        Desk().deposit(ALICE, -1)


@given(usd=st.integers(0, 10**24), debt=st.integers(0, 10**24), amount=st.integers(-(10**24), 10**24))
def test_a_charge_moves_what_an_account_is_worth_by_its_amount(usd: int, debt: int, amount: int) -> None:
    """And a credit leaves no debt beside new snxUSD, a charge no snxUSD beside new debt."""
    account = charged(Account(collateral={USD_KEY: usd} if usd else {}, debt=debt), amount)
    cash = account.collateral.get(USD_KEY, 0)
    assert cash - account.debt == usd - debt + amount
    assert min(cash, account.debt) >= 0
    assert amount <= 0 or cash <= usd or account.debt == 0
    assert amount >= 0 or account.debt <= debt or cash == 0


def test_an_order_that_is_settled_charges_and_sets_the_position() -> None:
    desk = Desk()
    desk.deposit(ALICE, 1_000)
    desk.block()
    desk.commit(ALICE, 2)
    assert desk.account(ALICE).order is not None
    desk.block()
    desk.trade(ALICE, 2, 2_501, fees=x18(3))
    account = desk.account(ALICE)
    assert account.order is None
    assert account.collateral == {"0": x18(997)}
    position = account.positions["100"]
    assert (position.size, position.price) == (x18(2), x18(2_501))
    desk.block()
    desk.trade(ALICE, -2, 2_500, pnl=x18(-2_000))
    assert desk.account(ALICE) == Account(debt=x18(1_003))


def test_a_cancelled_order_costs_the_reward_though_its_charge_is_told_as_a_credit() -> None:
    """AsyncOrderCancelModule emits +settlementReward in AccountCharged."""
    desk = Desk()
    desk.deposit(ALICE, 1)
    desk.commit(ALICE, 2)
    desk.apply(
        log.AccountCharged(ALICE, x18(0.4), 0),
        log.OrderCancelled(ETH, ALICE, 0, 0, x18(2), x18(0.4), NO_CODE, SENDER),
    )
    assert desk.account(ALICE) == Account(collateral={"0": x18(0.6)})


def test_an_expired_order_goes_and_debt_is_paid() -> None:
    desk = Desk()
    desk.commit(ALICE, 1)
    desk.apply(log.PreviousOrderExpired(ETH, ALICE, x18(1), 0, 0, NO_CODE))
    assert key_of(ALICE) not in desk.book.accounts
    desk.apply(log.OrderCancelled(ETH, ALICE, 0, 0, x18(2), x18(3), NO_CODE, SENDER))
    assert desk.account(ALICE).debt == x18(3)
    desk.apply(log.DebtPaid(ALICE, x18(1), SENDER))
    assert desk.account(ALICE).debt == x18(2)


def test_funding_is_recomputed_at_the_price_stored_before_the_order_in_its_block() -> None:
    """Two orders in one block: the second changes nothing. The price pushed between them is not what was used."""
    desk = Desk()
    desk.trade(ALICE, 3_000)
    desk.block(86_400)
    desk.publish(ETH, 2_600)
    desk.commit(BOB, 1)
    market = desk.market()
    # A fifth of the skew scale, nine a day: after a day the rate is 1.8 and its mean 0.9, against the long side.
    assert market.last_funding_rate == x18(1.8)
    assert market.last_funding_value == -x18(0.9) * 2_600
    desk.publish(ETH, 2_700)
    desk.commit(ALICE, 1)
    assert desk.market() == market
    assert market.guesses == 0


def test_without_a_price_it_guesses_once_and_says_so() -> None:
    """An oracle of another kind: the positions that were there are no longer exact, later ones are."""
    desk = Desk()
    desk.apply(parameter.MarketPriceDataUpdated(ETH, "0x" + "0f" * 32, 60))
    desk.deposit(ALICE, 10_000)
    desk.deposit(BOB, 10_000)
    desk.trade(ALICE, 10)
    desk.block()
    desk.commit(BOB, 1)
    assert desk.market().guesses == 1
    desk.trade(BOB, 1)
    assert [desk.account(one).positions["100"].guesses for one in (ALICE, BOB)] == [0, 1]


def test_at_a_rate_of_zero_no_price_matters() -> None:
    desk = Desk()
    desk.apply(parameter.MarketPriceDataUpdated(ETH, "0x" + "0f" * 32, 60))
    desk.block()
    desk.commit(BOB, 1)
    assert desk.market().guesses == 0


def test_interest_accrues_at_the_rate_before() -> None:
    """And a position remembers what had accrued when it last changed."""
    desk = Desk()
    desk.trade(ALICE, 1, rate=x18(0.1))
    desk.block(31_557_600)
    desk.trade(BOB, 1, rate=x18(0.2))
    assert interest_rate(desk.book).accrued == x18(0.1)
    assert interest_rate(desk.book).rate == x18(0.2)
    assert desk.account(BOB).positions["100"].interest == x18(0.1)
    desk.apply(parameter.InterestRateParametersSet(0, 0, 0))
    desk.block(31_557_600)
    desk.apply(log.InterestRateUpdated(1, 0))
    assert (interest_rate(desk.book).accrued, interest_rate(desk.book).rate) == (x18(0.1), 0)


def test_a_flag_seizes_everything_and_the_rest_goes_window_by_window() -> None:
    desk = Desk()
    desk.deposit(ALICE, 100)
    desk.deposit(ALICE, 1, SETH)
    desk.trade(ALICE, 3)
    desk.trade(ALICE, -1, market_id=BTC)
    desk.commit(ALICE, 1)
    desk.block()
    desk.liquidate(ALICE, {ETH: 2})
    account = desk.account(ALICE)
    assert (account.flagged, account.collateral, account.order) == (True, {}, None)
    assert account.positions["100"].size == x18(1)
    assert desk.market().liquidations[-1].amount == x18(2)
    # The other market's window gave nothing, and its funding was recomputed all the same.
    assert desk.market(BTC).last_funding_time == desk.now
    desk.block()
    desk.liquidate(ALICE, {ETH: 1, BTC: 1}, flag=False)
    assert key_of(ALICE) not in desk.book.accounts


def test_margin_alone_is_taken_with_its_debt() -> None:
    desk = Desk()
    desk.deposit(ALICE, 2, SETH)
    desk.apply(log.OrderCancelled(ETH, ALICE, 0, 0, x18(2), x18(3), NO_CODE, SENDER))
    desk.apply(log.AccountLiquidationAttempt(ALICE, 0, True), log.AccountMarginLiquidation(ALICE, x18(5_000), x18(1)))
    assert key_of(ALICE) not in desk.book.accounts


def test_a_market_nobody_created_is_a_divergence() -> None:
    with pytest.raises(StateDivergence, match="start_block"):
        Desk().apply(log.MarketUpdated(7, 1, 0, 0, 0, 0, 0, 0))
    with pytest.raises(StateDivergence, match="without a position"):
        Desk().apply(log.PositionLiquidated(ALICE, ETH, 1, 0))


def test_an_older_price_is_nothing() -> None:
    """Pyth stores only what is newer."""
    desk = Desk()
    desk.apply(log.PriceFeedUpdate(PRICE_IDS[ETH], desk.now - 1, 1, 0))
    assert desk.book.prices[PRICE_IDS[ETH]].price == 2_500 * 10**8


_EVENTS = st.sampled_from(
    [
        lambda desk: desk.deposit(ALICE, 50),
        lambda desk: desk.deposit(BOB, 3, SETH),
        lambda desk: desk.commit(ALICE, 1),
        lambda desk: desk.trade(ALICE, 1, fees=X18),
        lambda desk: desk.trade(BOB, -2, market_id=BTC),
        lambda desk: desk.publish(ETH, 2_510),
        lambda desk: desk.read(),
        lambda desk: desk.apply(log.InterestRateUpdated(1, x18(0.01))),
        lambda desk: desk.apply(parameter.OrderFeesSet(ETH, 1, 2)),
        lambda desk: desk.apply(parameter.KeeperRewardGuardsSet(1, 2, 3, 4)),
        lambda desk: desk.apply(log.OrderCancelled(ETH, ALICE, 0, 0, 1, X18, NO_CODE, SENDER)),
        lambda desk: desk.apply(log.AccountFlaggedForLiquidation(BOB, 0, 0, 0, 0)),
        lambda desk: desk.apply(parameter.FeatureFlagDenyAllSet("0x" + b"perpsSystem".ljust(32, b"\0").hex(), True)),
    ]
)


@given(before=st.lists(_EVENTS, max_size=8), after=st.lists(_EVENTS, min_size=1, max_size=8))
def test_undone_is_as_before(before: list[object], after: list[object]) -> None:
    """Whatever happened in a block, every journal is as it was, and who was touched is looked at again."""
    desk = Desk()
    for step in before:
        desk.block()
        step(desk)  # type: ignore[operator] # hypothesis' sampled functions
    number, contents = desk.number, _contents(desk.book)
    desk.block()
    keys = dict(desk.book.accounts)
    for step in after:
        step(desk)  # type: ignore[operator] # as above
    changed = {key for key in keys if desk.book.accounts.get(key) != keys[key]}
    assert changed <= desk.book.rollback(number)
    assert _contents(desk.book) == contents


def test_one_block_is_forgotten_and_the_next_can_still_be_undone() -> None:
    desk = Desk()
    desk.block()
    desk.publish(ETH, 2_501)
    desk.book.finalise(desk.number)
    stored = desk.book.prices[PRICE_IDS[ETH]]
    desk.block()
    desk.publish(ETH, 2_502)
    desk.book.rollback(0)
    assert desk.book.prices[PRICE_IDS[ETH]] == stored
