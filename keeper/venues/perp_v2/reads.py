"""Questions about accounts: what makers have pending, exact funding growth, and the contract's own margin figures."""

from collections.abc import Callable, Sequence

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder, number, signed
from keeper.domain.chain import Call, Reads, Timestamp
from keeper.domain.chain_view import ChainMargins, ChainVerdict, ChainView, Verdict
from keeper.domain.money import Usd18
from keeper.errors import StateDivergence
from keeper.venues.perp_v2.events import PerpEvent
from keeper.venues.perp_v2.options import Options
from keeper.venues.perp_v2.read_events import MakerRead, MarketGrowthRead, MarketSettledRead, PositionGrowthRead
from keeper.venues.perp_v2.state import PerpBook, Position

_GROWTH_WORD = 2
"""AccountMarket.Info: size, open notional, last growth."""


def inspect(options: Options, encoder: Encoder, keys: Sequence[AccountKey], book: PerpBook, now: Timestamp) -> Reads[Sequence[PerpEvent]]:
    """Pending fee and funding of those of `keys` with open orders, in one batch; two calls each, none for the others."""
    makers = [key for key in keys if key in book.accounts and book.accounts[key].is_maker]
    if not makers:
        return []
    calls: list[Call] = []
    for key in makers:
        markets = [base_token for base_token, position in book.accounts[key].positions.items() if position.orders]
        calls.append(
            encoder.call(options.order_book, "getTotalQuoteBalanceAndPendingFee(address,address[])", key, 64, len(markets), *markets)
        )
        calls.append(encoder.call(options.exchange, "getAllPendingFundingPayment(address)", key))
    answers = yield calls
    events: list[PerpEvent] = []
    for index, key in enumerate(makers):
        fee, funding = number(answers[2 * index], 1), signed(answers[2 * index + 1])
        if fee is not None and funding is not None:
            events.append(MakerRead(key, now, fee, funding))
    return events


def resync(options: Options, encoder: Encoder, keys: Sequence[AccountKey], book: PerpBook) -> Reads[Sequence[PerpEvent]]:
    """Asks every position's last growth and returns corrections where ours differs; none where events told all of it.

    Call it once after a backfill, pinned to the block the book stands at, and refresh afterwards. Raises StateDivergence when size or
    open notional differ: that is no matter of growth. A market's own growth follows from its position settled last; where that was after
    the market's pause, which no log tells, it was settled up to the pause and no further."""
    known = [key for key in keys if key in book.accounts]
    positions = [(key, base_token, position) for key in known for base_token, position in book.accounts[key].positions.items()]
    if not positions:
        return []
    bases = sorted({base_token for _, base_token, _ in positions})
    calls = [encoder.call(options.account_balance, "getAccountInfo(address,address)", key, base_token) for key, base_token, _ in positions]
    answers = yield [*calls, *(encoder.call(base_token, "getPausedTimestamp()") for base_token in bases)]
    paused_at = {base_token: number(answer) or 0 for base_token, answer in zip(bases, answers[len(positions) :], strict=True)}
    events: list[PerpEvent] = []
    newest: dict[str, tuple[Position, int]] = {}
    for (key, base_token, position), answer in zip(positions, answers[: len(positions)], strict=True):
        size, notional, growth = (signed(answer, index) for index in range(_GROWTH_WORD + 1))
        if (size, notional) != (position.size, position.open_notional) or growth is None:
            raise StateDivergence(
                f"{key} in {base_token}: size {position.size} and open notional {position.open_notional} here, "
                f"{size} and {notional} on chain"
            )
        if growth != position.growth_x96:
            events.append(PositionGrowthRead(key, base_token, growth))
        if base_token not in newest or position.settled_at > newest[base_token][0].settled_at:
            newest[base_token] = (position, growth)
    for base_token, (position, growth) in newest.items():
        if growth != position.growth_x96:
            corrected = book.markets[base_token].growth_x96 + growth - position.growth_x96
            events.append(MarketGrowthRead(base_token, corrected))
            if 0 < paused_at[base_token] < position.settled_at:
                events.append(MarketSettledRead(base_token, paused_at[base_token]))
    return events


def chain_views(
    options: Options, encoder: Encoder, reason: Callable[[bytes], str], keys: Sequence[AccountKey]
) -> Reads[Sequence[ChainView]]:
    """Account value and requirement as the contracts see them; unknown where they revert, and for what `reason`."""
    if not keys:
        return []
    calls = [encoder.call(options.clearing_house, "getAccountValue(address)", key) for key in keys]
    calls += [encoder.call(options.account_balance, "getMarginRequirementForLiquidation(address)", key) for key in keys]
    answers = yield calls
    views: list[ChainView] = []
    for key, value, needed in zip(keys, answers[: len(keys)], answers[len(keys) :], strict=True):
        equity, requirement = signed(value), signed(needed)
        if equity is None or requirement is None:
            revert = value if equity is None else needed
            views.append(ChainVerdict(key, Verdict.UNKNOWN, reason(revert.data)))
        else:
            views.append(ChainMargins(key, Usd18(equity), Usd18(requirement)))
    return views
