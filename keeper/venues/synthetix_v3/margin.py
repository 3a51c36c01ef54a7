"""The margin test, to the last unit (PerpsAccount.sol, Position.sol, PerpsMarketConfiguration.sol, PerpsCollateralConfiguration.sol)."""

from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.chain import Timestamp
from keeper.domain.fixed import X18
from keeper.domain.health import Breach, Health
from keeper.domain.journal import Moment
from keeper.domain.money import Usd18
from keeper.venues.synthetix_v3.decimal_math import div_decimal, mul_decimal
from keeper.venues.synthetix_v3.reward import collateral_reward, possible_reward
from keeper.venues.synthetix_v3.state import (
    SNX_USD,
    Account,
    ChainReads,
    CollateralConfiguration,
    CollateralReads,
    MarketConfiguration,
    MarketReads,
    Parameters,
    Position,
    SynthetixBook,
    parameters,
    reads_at,
)
from keeper.venues.synthetix_v3.window import windows


@dataclass(frozen=True, slots=True)
class PositionMargin:
    """One position at one time. `funding` is what it was paid (+) since its last change, `interest` what it owes, >= 0; USD."""

    notional: int
    price_pnl: int
    funding: int
    interest: int
    initial: int
    maintenance: int
    flag_reward: int
    windows: int

    @property
    def pnl(self) -> int:
        """Position.getPnl."""
        return self.price_pnl + self.funding - self.interest


@dataclass(frozen=True, slots=True)
class Margin:
    """One account at one time, USD. `reward` is the possible liquidation reward; without positions it is that of liquidating margin only,
    and the contract's required margins are all 0."""

    collateral_value: int
    discounted_value: int
    pnl: int
    debt: int
    initial: int
    maintenance: int
    reward: int

    @property
    def available(self) -> int:
        """PerpsAccount.getAvailableMargin."""
        return self.discounted_value + self.pnl - self.debt


def margin_of(account: Account, book: SynthetixBook, now: Timestamp) -> Margin | None:
    """The account's figures at `now`; None while a price or a cost it needs is missing (the contract reverts then).

    Raises KeyError where the book has no reads for `now`."""
    return margin_with(account, book, reads_at(book, now), now)


def margin_with(account: Account, book: SynthetixBook, reads: ChainReads, now: Timestamp) -> Margin | None:
    """The same with these prices and costs."""
    params, positions = parameters(book), position_margins(account, book, reads)
    values = collateral_values(account, params, reads)
    if positions is None or values is None or reads.costs is None or account.feeds >= len(reads.costs.flag):
        return None
    value, after_haircut = values
    rewards = max(sum(one.flag_reward for one in positions.values()), collateral_reward(params.guards, value))
    most = max((one.windows for one in positions.values()), default=0)
    return Margin(
        collateral_value=value,
        discounted_value=after_haircut,
        pnl=sum(pnl_of(account, market_id, one, book.moment, now) for market_id, one in positions.items()),
        debt=account.debt,
        initial=sum(one.initial for one in positions.values()),
        maintenance=sum(one.maintenance for one in positions.values()),
        reward=possible_reward(params.guards, reads.costs, account.feeds, rewards, value, most),
    )


def health_of(key: AccountKey, book: SynthetixBook, now: Timestamp) -> Health:
    """LiquidationModule.canLiquidate and canLiquidateMarginOnly. All zero while a price is missing: nobody can begin then."""
    account = book.accounts[key]
    margin = margin_of(account, book, now)
    if margin is None:
        return Health(Usd18(0), Usd18(0), Breach.FLAGGED if account.flagged else None)
    requirement = margin.maintenance + margin.reward if account.positions else 0
    return Health(Usd18(margin.available), Usd18(requirement), _breach(account, margin))


def position_margins(account: Account, book: SynthetixBook, reads: ChainReads) -> dict[str, PositionMargin] | None:
    """Every position's figures by market; None while a price is missing."""
    figures: dict[str, PositionMargin] = {}
    for market_id, position in account.positions.items():
        market = reads.markets.get(market_id)
        if market is None:
            return None
        figures[market_id] = position_margin(position, book.markets[market_id].configuration, market, reads.next_interest)
    return figures


def position_margin(position: Position, configuration: MarketConfiguration, market: MarketReads, next_interest: int) -> PositionMargin:
    """Position.getPnl and PerpsMarketConfiguration.calculateRequiredMargins."""
    notional = mul_decimal(abs(position.size), market.price)
    locked_value = mul_decimal(notional, configuration.locked_oi_ratio)
    maintenance_ratio = maintenance_margin_ratio(position.size, configuration)
    return PositionMargin(
        notional=notional,
        price_pnl=mul_decimal(position.size, market.price - position.price),
        funding=mul_decimal(position.size, market.next_funding - position.funding),
        interest=mul_decimal(locked_value, next_interest - position.interest),
        initial=mul_decimal(notional, initial_margin_ratio(position.size, configuration)) + configuration.minimum_position_margin,
        maintenance=mul_decimal(notional, maintenance_ratio) + configuration.minimum_position_margin,
        flag_reward=mul_decimal(notional, configuration.flag_reward_ratio),
        windows=windows(configuration, position.size),
    )


def initial_margin_ratio(size: int, configuration: MarketConfiguration) -> int:
    """Grows with the size of the position against the market's skew scale."""
    impact = div_decimal(abs(size), configuration.skew_scale) if configuration.skew_scale else 0
    return mul_decimal(impact, configuration.initial_margin_ratio) + configuration.minimum_initial_margin_ratio


def maintenance_margin_ratio(size: int, configuration: MarketConfiguration) -> int:
    """The initial margin ratio, scaled."""
    return mul_decimal(initial_margin_ratio(size, configuration), configuration.maintenance_margin_scalar)


def pnl_of(account: Account, market_id: str, margin: PositionMargin, moment: Moment, now: Timestamp) -> int:
    """The position's pnl: what the contract told for this block and time where somebody asked, else ours."""
    for inspection in account.inspections.get(market_id, ()):
        if inspection.block == moment.number and inspection.timestamp == now:
            return inspection.pnl
    return margin.pnl


def collateral_values(account: Account, params: Parameters, reads: ChainReads) -> tuple[int, int] | None:
    """PerpsAccount.getTotalCollateralValue without and with discount; None while a price is missing."""
    value = after_haircut = account.collateral.get(SNX_USD, 0)
    for collateral_id, amount in account.collateral.items():
        if collateral_id == SNX_USD:
            continue
        synth = reads.collaterals.get(collateral_id)
        if synth is None or synth.price == 0:
            return None
        worth = mul_decimal(amount, synth.price)
        value += worth
        after_haircut += mul_decimal(worth, X18 - discount(amount, params.collaterals[collateral_id], synth))
    return value, after_haircut


def discount(amount: int, configuration: CollateralConfiguration, synth: CollateralReads) -> int:
    """PerpsCollateralConfiguration.valueInUsd: the haircut of an amount, a ratio."""
    if synth.skew_scale == 0:
        return 0
    impact = mul_decimal(div_decimal(amount, synth.skew_scale), configuration.discount_scalar)
    return min(max(impact, configuration.lower_limit_discount), configuration.upper_limit_discount)


def _breach(account: Account, margin: Margin) -> Breach | None:
    if account.flagged:
        return Breach.FLAGGED
    if account.positions:
        return Breach.POSITIONS if margin.maintenance + margin.reward > margin.available else None
    return Breach.MARGIN_ONLY if margin.available < margin.reward and account.debt > 0 else None
