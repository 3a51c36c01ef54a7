"""Questions about single accounts: what events do not tell, and the contract's own margin figures."""

from collections.abc import Callable, Sequence

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder, number, signed
from keeper.domain.chain import Reads, Timestamp
from keeper.domain.chain_view import ChainMargins, ChainVerdict, ChainView, Verdict
from keeper.domain.money import Usd18
from keeper.venues.synthetix_v3.events import SynthetixEvent
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.read_events import PositionRead
from keeper.venues.synthetix_v3.state import SynthetixBook

OPEN_POSITION = "getOpenPosition(uint128,uint128)"
AVAILABLE_MARGIN = "getAvailableMargin(uint128)"
REQUIRED_MARGINS = "getRequiredMargins(uint128)"
MAINTENANCE_WORD = 1
"""getRequiredMargins: initial, maintenance, liquidation reward."""


def inspect(
    options: Options, encoder: Encoder, keys: Sequence[AccountKey], book: SynthetixBook, now: Timestamp
) -> Reads[Sequence[SynthetixEvent]]:
    """The pnl of positions whose funding was once recomputed at a price the book did not know; asks nothing about others."""
    positions = [
        (key, market_id)
        for key in keys
        if key in book.accounts
        for market_id, position in book.accounts[key].positions.items()
        if position.guesses != book.markets[market_id].guesses
    ]
    if not positions:
        return []
    answers = yield [encoder.call(options.perps_market, OPEN_POSITION, int(key), int(market_id)) for key, market_id in positions]
    values = [(key, market_id, signed(answer)) for (key, market_id), answer in zip(positions, answers, strict=True)]
    return [PositionRead(int(key), int(market_id), now, pnl) for key, market_id, pnl in values if pnl is not None]


def chain_views(
    options: Options, encoder: Encoder, reason: Callable[[bytes], str], keys: Sequence[AccountKey]
) -> Reads[Sequence[ChainView]]:
    """Available margin and maintenance margin with reward as the contract sees them; unknown where it reverts, and for what `reason`."""
    if not keys:
        return []
    calls = [encoder.call(options.perps_market, AVAILABLE_MARGIN, int(key)) for key in keys]
    calls += [encoder.call(options.perps_market, REQUIRED_MARGINS, int(key)) for key in keys]
    answers = yield calls
    views: list[ChainView] = []
    for key, available, required in zip(keys, answers[: len(keys)], answers[len(keys) :], strict=True):
        equity, requirement = signed(available), number(required, MAINTENANCE_WORD)
        if equity is None or requirement is None:
            revert = available if equity is None else required
            views.append(ChainVerdict(key, Verdict.UNKNOWN, reason(revert.data)))
        else:
            views.append(ChainMargins(key, Usd18(equity), Usd18(requirement)))
    return views
