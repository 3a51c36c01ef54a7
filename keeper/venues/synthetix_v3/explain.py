"""Every number of one account's margin computation, ours beside the contract's own where it has one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder, number, signed
from keeper.domain.chain import Call, CallResult, Reads, Timestamp
from keeper.domain.views import Explanation, Term
from keeper.venues.synthetix_v3.accounts import account_of
from keeper.venues.synthetix_v3.funding import funding_rate, funding_velocity
from keeper.venues.synthetix_v3.margin import Margin, discount, margin_of, pnl_of, position_margin
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.reads import AVAILABLE_MARGIN, MAINTENANCE_WORD, OPEN_POSITION, REQUIRED_MARGINS
from keeper.venues.synthetix_v3.state import SNX_USD, Account, SynthetixBook, parameters, reads_at
from keeper.venues.synthetix_v3.views import name_of
from keeper.venues.synthetix_v3.window import capacity, windows

_Read = Callable[[CallResult], int | None]
_FUNDING_WORD, _SIZE_WORD, _INTEREST_WORD = 1, 2, 3
"""getOpenPosition: totalPnl, accruedFunding, positionSize, owedInterest."""
_REWARD_WORD = 2
_USD, _BASE, _RATIO, _PER_DAY = "USD x18", "base x18", "1 x18", "per day x18"


@dataclass(frozen=True, slots=True)
class _Line:
    """Our figure, and how the contract is asked for its own, if it can be."""

    name: str
    unit: str
    local: int
    call: Call | None = None
    read: _Read = signed


def explain(options: Options, encoder: Encoder, key: AccountKey, book: SynthetixBook, now: Timestamp) -> Reads[Explanation]:
    """Ours at `now`; the contract's at the block and time the shell pins the calls to, which should be the same."""
    account = account_of(book, key)
    ask = partial(encoder.call, options.perps_market)
    lines = [*_collateral_lines(ask, options, encoder, key, account, book, now), *_position_lines(ask, key, account, book, now)]
    margin = margin_of(account, book, now)
    lines += _totals(ask, key, account, margin) if margin else ()
    answers = iter((yield [line.call for line in lines if line.call is not None]))
    terms = tuple(Term(line.name, line.unit, line.local, line.read(next(answers)) if line.call else None) for line in lines)
    return Explanation(terms, tuple(_notes(account, book, now)))


def _collateral_lines(
    ask: Callable[..., Call], options: Options, encoder: Encoder, key: AccountKey, account: Account, book: SynthetixBook, now: Timestamp
) -> Iterator[_Line]:
    yield _Line("snxUSD collateral", _USD, account.collateral.get(SNX_USD, 0), _amount(ask, key, SNX_USD), number)
    for collateral_id, amount in account.collateral.items():
        if collateral_id == SNX_USD:
            continue
        configuration, synth = parameters(book).collaterals[collateral_id], reads_at(book, now).collaterals.get(collateral_id)
        name = configuration.symbol or f"synth {collateral_id}"
        yield _Line(f"{name} collateral", "token x18", amount, _amount(ask, key, collateral_id), number)
        if synth is not None and synth.price:
            scale = encoder.call(options.spot_market, "getMarketSkewScale(uint128)", int(collateral_id))
            yield _Line(f"{name} price", _USD, synth.price)
            yield _Line(f"{name} skew scale", "token x18", synth.skew_scale, scale, number)
            yield _Line(f"{name} haircut", _RATIO, discount(amount, configuration, synth))
    yield _Line("debt", _USD, account.debt, ask("debt(uint128)", int(key)), number)


def _position_lines(ask: Callable[..., Call], key: AccountKey, account: Account, book: SynthetixBook, now: Timestamp) -> Iterator[_Line]:
    reads = reads_at(book, now)
    for market_id, position in account.positions.items():
        read, market = reads.markets.get(market_id), book.markets[market_id]
        if read is None:
            continue
        name, market_word = name_of(market_id, market), int(market_id)
        figures = position_margin(position, market.configuration, read, reads.next_interest)
        rest = ask("liquidationCapacity(uint128)", market_word)
        mine = ask(OPEN_POSITION, int(key), market_word)
        yield _Line(f"{name} price", _USD, read.price, ask("indexPrice(uint128)", market_word), number)
        yield _Line(f"{name} funding rate", _PER_DAY, funding_rate(market, now), ask("currentFundingRate(uint128)", market_word))
        yield _Line(f"{name} funding velocity", _PER_DAY, funding_velocity(market), ask("currentFundingVelocity(uint128)", market_word))
        yield _Line(f"{name} skew", _BASE, market.skew, ask("skew(uint128)", market_word))
        yield _Line(f"{name} size", _BASE, position.size, mine, partial(signed, index=_SIZE_WORD))
        yield _Line(f"{name} entry price", _USD, position.price)
        yield _Line(f"{name} funding", _USD, figures.funding, mine, partial(signed, index=_FUNDING_WORD))
        yield _Line(f"{name} interest", _USD, figures.interest, mine, partial(number, index=_INTEREST_WORD))
        yield _Line(f"{name} pnl", _USD, pnl_of(account, market_id, figures, book.moment, now), mine)
        yield _Line(f"{name} notional", _USD, figures.notional)
        yield _Line(f"{name} maintenance margin", _USD, figures.maintenance)
        yield _Line(f"{name} flag reward", _USD, figures.flag_reward)
        yield _Line(f"{name} liquidation windows", "windows", windows(market.configuration, position.size))
        yield _Line(f"{name} window capacity", _BASE, capacity(market, now), rest, number)


def _totals(ask: Callable[..., Call], key: AccountKey, account: Account, margin: Margin) -> Iterator[_Line]:
    required = ask(REQUIRED_MARGINS, int(key)) if account.positions else None
    requirement = margin.maintenance + margin.reward
    yield _Line("collateral value", _USD, margin.collateral_value, ask("totalCollateralValue(uint128)", int(key)), number)
    yield _Line("collateral value after haircut", _USD, margin.discounted_value)
    yield _Line("pnl", _USD, margin.pnl)
    yield _Line("available margin", _USD, margin.available, ask(AVAILABLE_MARGIN, int(key)))
    yield _Line("liquidation reward", _USD, margin.reward, required, partial(number, index=_REWARD_WORD))
    yield _Line("initial margin with reward", _USD, margin.initial + margin.reward, required, number)
    yield _Line("maintenance margin with reward", _USD, requirement, required, partial(number, index=MAINTENANCE_WORD))


def _amount(ask: Callable[..., Call], key: AccountKey, collateral_id: str) -> Call:
    return ask("getCollateralAmount(uint128,uint128)", int(key), int(collateral_id))


def _notes(account: Account, book: SynthetixBook, now: Timestamp) -> Sequence[str]:
    reads = reads_at(book, now)
    notes = [
        f"no price for {name_of(one, book.markets[one])}: the contract reverts too" for one in account.positions if one not in reads.markets
    ]
    if reads.costs is None:
        notes.append("no keeper costs: the contract reverts too")
    if account.flagged:
        notes.append("flagged: collateral is seized, what is left of the positions goes window by window")
    notes += [
        f"{name_of(name, book.markets[name])}: funding was once recomputed at a price the logs do not tell; pnl is the contract's"
        for name, position in account.positions.items()
        if position.guesses != book.markets[name].guesses
    ]
    return notes
