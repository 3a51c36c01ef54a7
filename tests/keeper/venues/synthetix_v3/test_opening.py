"""A position of a new account: what would stand, and what the contracts would refuse."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keeper.domain.chain import CallResult
from keeper.domain.opening import NoOpening
from keeper.domain.venue import Event
from keeper.venues.synthetix_v3 import parameter_events
from keeper.venues.synthetix_v3 import read_events as read
from tests.keeper.venues.synthetix_v3.books import ALICE, BOB, ETH, Desk, x18

_MAX_SIZE, _MAX_VALUE = 100, 250_000


def _figure(value: float) -> CallResult:
    return CallResult(True, x18(value).to_bytes(32, "big"))


_SETTLEMENT = _figure(0.45)
_ANSWERS = (_SETTLEMENT, _figure(_MAX_SIZE), _figure(_MAX_VALUE))
_PERPS_SYSTEM = "0x" + b"perpsSystem".ljust(32, b"\0").hex()


def _desk() -> Desk:
    """A skewed market, and interest that runs."""
    desk = Desk()
    desk.deposit(ALICE, 100_000)
    desk.trade(ALICE, 30, rate=x18(0.05))
    desk.block(3_600)
    desk.read()
    return desk


def _opening(desk: Desk, size: int, margin: int, answers: Sequence[CallResult] = _ANSWERS) -> Sequence[Event] | NoOpening:
    reads = desk.venue.opening("ETH", size, margin, desk.book, desk.now)
    assert {call.to for call in next(reads)} == set(desk.venue.filters()[0].addresses)
    with pytest.raises(StopIteration) as done:
        reads.send(answers)
    answer: Sequence[Event] | NoOpening = done.value.value
    return answer


def _refusal(desk: Desk, size: int = x18(1), margin: int = x18(10_000), answers: Sequence[CallResult] = _ANSWERS) -> NoOpening:
    answer = _opening(desk, size, margin, answers)
    assert isinstance(answer, NoOpening)
    return answer


def test_it_stands_at_the_fill_less_fee_and_settlement() -> None:
    """30 long of a scale of 15,000: ten more are filled at the skew of 35, and pay the taker's fee and 0.45 USD."""
    desk = _desk()
    events = _opening(desk, x18(10), x18(20_000))
    assert not isinstance(events, NoOpening)
    (key,) = desk.apply(*events)
    account, fill = desk.book.accounts[key], 2_500 * (15_000 + 35) / 15_000
    assert account.positions[str(ETH)].price == pytest.approx(fill * 1e18, rel=1e-15)
    assert account.collateral["0"] == pytest.approx((20_000 - 10 * fill * 0.0005 - 0.45) * 1e18, rel=1e-15)
    assert (desk.market().skew, desk.market().size) == (x18(40), x18(40))
    desk.read()
    factors = {one.name: one for one in desk.venue.risk_factors(key, desk.book, desk.now)}
    assert factors["funding of ETH"].value_x18 == factors["interest on ETH"].value_x18 == 0
    assert factors["interest on ETH"].per_day_x18 < 0


@settings(max_examples=60)
@given(size=st.floats(0.01, 60), is_long=st.booleans())
def test_the_margin_it_asks_for_is_the_least_that_opens(size: float, is_long: bool) -> None:
    """Also where more margin raises the cap of the reward."""
    desk = _desk()
    delta = x18(size) if is_long else -x18(size)
    minimum = _refusal(desk, delta, 0).required_x18
    assert minimum is not None
    assert minimum > x18(15 + 0.45)
    assert isinstance(_opening(desk, delta, minimum - 2), NoOpening)
    events = _opening(desk, delta, minimum)
    assert not isinstance(events, NoOpening)
    (key,) = desk.apply(*events)
    desk.read()
    assert not desk.venue.health(key, desk.book, desk.now).liquidatable


def _deny(desk: Desk) -> None:
    desk.apply(parameter_events.FeatureFlagDenyAllSet(_PERPS_SYSTEM, True))


def _lose_price(desk: Desk) -> None:
    desk.apply(read.MarketRead(ETH, desk.now, 0))


@pytest.mark.parametrize("change", [_deny, _lose_price], ids=["denied", "no price"])
def test_what_is_closed_is_closed(change: Callable[[Desk], object]) -> None:
    desk = _desk()
    change(desk)
    assert _refusal(desk) == NoOpening("ETH is not open for trading")


def test_without_a_settlement_strategy_no_order_is_settled() -> None:
    answers = (CallResult(False, b""), *_ANSWERS[1:])
    assert _refusal(_desk(), answers=answers) == NoOpening("ETH is not open for trading")


@pytest.mark.parametrize(
    ("size", "max_size", "max_value"),
    [(70.1, 100, 0), (-70.1, 70, 0), (70.1, 1_000, 250_000), (1, 0, 0)],
    ids=["longs", "shorts", "value", "closed to new positions"],
)
def test_the_side_may_become_only_so_large(size: float, max_size: float, max_value: float) -> None:
    """30 are long already, and nobody is short."""
    desk, answers = _desk(), (_SETTLEMENT, _figure(max_size), _figure(max_value))
    reason = "ETH would have more open interest on this side than is allowed"
    assert _refusal(desk, x18(size), x18(10**6), answers) == NoOpening(reason)
    if max_size:
        assert not isinstance(_opening(desk, x18(size * 0.99), x18(10**6), answers), NoOpening)


def test_the_name_is_the_symbol_and_the_account_is_nobodys() -> None:
    desk = _desk()
    before = set(desk.book.account_keys())
    events = _opening(desk, -x18(1), x18(5_000))
    assert not isinstance(events, NoOpening)
    (account,) = {event.account for event in events if event.account is not None}
    assert account not in before | {str(BOB)}
