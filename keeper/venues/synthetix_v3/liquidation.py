"""The plan for an account in breach: one call. The perps market closes the position itself and pays the caller, so no capital is needed."""

from collections.abc import Mapping
from dataclasses import dataclass

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder
from keeper.domain.chain import Address, Timestamp
from keeper.domain.health import Breach
from keeper.domain.money import ZERO_USD, Usd18
from keeper.domain.plan import CallPurpose, LiquidationCall, LiquidationPlan, NoPlan, Until
from keeper.domain.skip_reason import SkipReason
from keeper.domain.use import Use
from keeper.venues.synthetix_v3.decimal_math import mul_decimal
from keeper.venues.synthetix_v3.margin import Margin, health_of, margin_of
from keeper.venues.synthetix_v3.options import Options
from keeper.venues.synthetix_v3.quotes import relied_on
from keeper.venues.synthetix_v3.reward import collateral_reward, keeper_reward
from keeper.venues.synthetix_v3.rules import LIQUIDATE, LIQUIDATE_MARGIN_ONLY
from keeper.venues.synthetix_v3.state import Account, ChainReads, KeeperCosts, Parameters, SynthetixBook, parameters, reads_at
from keeper.venues.synthetix_v3.window import free_at, largest_step, liquidatable

WHOLE_ACCOUNT = "whole account"
"""Stands for the market where a call takes the account's margin and no position."""
GAS_FLAG = 1_200_000
"""Through the executor, with a stand-in for the core, it took 0.5 to 0.7 M in one market; the real core does more to pay out."""
GAS_WINDOW = 900_000
"""A later window took 0.6 M."""
GAS_PER_MARKET = 400_000
"""Every further market: its price, its funding, its interest update over all markets."""
GAS_PER_FEED = 400_000
"""A signed price that may have to be pushed first: with one or two of them calls took up to 1.1 M."""


@dataclass(frozen=True, slots=True)
class _Take:
    """What one call takes of every position: base units >= 0 by market."""

    amounts: Mapping[str, int]
    account: Account
    reads: ChainReads

    @property
    def market_id(self) -> str:
        """The market most is taken of by value; the first by id among equals."""
        return max(sorted(self.amounts), key=self.notional_in)

    @property
    def notional(self) -> int:
        """USD."""
        return sum(map(self.notional_in, self.amounts))

    def notional_in(self, market_id: str) -> int:
        """USD."""
        return mul_decimal(self.amounts[market_id], self.reads.markets[market_id].price)

    def size_in(self, market_id: str) -> int:
        """Signed: + of a long."""
        return self.amounts[market_id] if self.account.positions[market_id].size > 0 else -self.amounts[market_id]


def plan(
    options: Options, encoder: Encoder, key: AccountKey, book: SynthetixBook, now: Timestamp, executor: Address, used: Use
) -> LiquidationPlan | NoPlan:
    """What to do about the account at `now`, once plans that use part of the markets' windows are carried out."""
    account, params, reads = book.accounts[key], parameters(book), reads_at(book, now)
    breach = health_of(key, book, now).breach
    if breach is None:
        return NoPlan(SkipReason.NO_POSITION, "healthy")
    if not params.is_open:
        return NoPlan(SkipReason.MARKET_NOT_OPEN, "the feature perpsSystem is switched off")
    margin = margin_of(account, book, now)
    if margin is None or reads.costs is None:
        return NoPlan(SkipReason.PRICE_UNAVAILABLE)
    if breach is Breach.MARGIN_ONLY:
        return _margin_plan(options, encoder, key, margin, book, now)
    take = _Take(_amounts(account, book, now, executor, used), account, reads)
    if breach is Breach.FLAGGED and not any(take.amounts.values()):
        free = Timestamp(max(now + 1, min(free_at(book.markets[name], now) for name in account.positions)))
        return NoPlan(SkipReason.WAITING, "the windows of its markets are full", Until(time=free))
    if breach is Breach.FLAGGED:
        reward = _payment(params, 0, reads.costs.liquidate, 0)
    else:
        reward = _flag_reward(take, margin, params, reads.costs, book, executor)
    return LiquidationPlan(
        account=key,
        market=book.markets[take.market_id].symbol or take.market_id,
        breach=breach,
        size_x18=take.size_in(take.market_id),
        notional=Usd18(take.notional),
        expected_reward=Usd18(reward),
        expected_cost=ZERO_USD,
        capital=ZERO_USD,
        gas_limit=_gas(account, GAS_WINDOW if breach is Breach.FLAGGED else GAS_FLAG),
        calls=(LiquidationCall(options.perps_market, encoder.data(LIQUIDATE, int(key)), CallPurpose.LIQUIDATE),),
        quotes=relied_on(account, book, now),
        use=Use({name: largest_step(book.markets[name], position.size) for name, position in account.positions.items()}),
    )


def _amounts(account: Account, book: SynthetixBook, now: Timestamp, executor: Address, used: Use) -> dict[str, int]:
    """What the windows allow: LiquidationModule._liquidateAccount goes through all of the account's markets."""
    return {
        name: liquidatable(book.markets[name], position.size, now, used.base(name), executor)
        for name, position in account.positions.items()
    }


def _flag_reward(take: _Take, margin: Margin, params: Parameters, costs: KeeperCosts, book: SynthetixBook, executor: Address) -> int:
    """LiquidationModule._liquidateAccount for the first call: flag rewards are for the whole positions, whatever is taken of them. Markets
    that endorse the caller give it none."""
    rewards, is_endorsed = 0, False
    for name, position in take.account.positions.items():
        configuration = book.markets[name].configuration
        if configuration.endorsed_liquidator == executor:
            is_endorsed = True
        else:
            notional = mul_decimal(abs(position.size), take.reads.markets[name].price)
            rewards += mul_decimal(notional, configuration.flag_reward_ratio)
    if not is_endorsed:
        rewards = max(rewards, collateral_reward(params.guards, margin.collateral_value))
    return _payment(params, rewards, costs.flag[take.account.feeds] + costs.liquidate, margin.collateral_value)


def _margin_plan(
    options: Options, encoder: Encoder, key: AccountKey, margin: Margin, book: SynthetixBook, now: Timestamp
) -> LiquidationPlan | NoPlan:
    """LiquidationModule.liquidateMarginOnly: the margin of an account without positions that owes more."""
    account, params, costs = book.accounts[key], parameters(book), reads_at(book, now).costs
    if costs is None:
        return NoPlan(SkipReason.PRICE_UNAVAILABLE)
    rewards = collateral_reward(params.guards, margin.collateral_value)
    return LiquidationPlan(
        account=key,
        market=WHOLE_ACCOUNT,
        breach=Breach.MARGIN_ONLY,
        size_x18=0,
        notional=Usd18(margin.collateral_value),
        expected_reward=Usd18(_payment(params, rewards, costs.flag[account.feeds] + costs.liquidate, margin.collateral_value)),
        expected_cost=ZERO_USD,
        capital=ZERO_USD,
        gas_limit=_gas(account, GAS_FLAG),
        calls=(LiquidationCall(options.perps_market, encoder.data(LIQUIDATE_MARGIN_ONLY, int(key)), CallPurpose.LIQUIDATE_COLLATERAL),),
        quotes=relied_on(account, book, now),
    )


def _gas(account: Account, first_market: int) -> int:
    """What a call may use, with every price it needs pushed before it."""
    return first_market + GAS_PER_MARKET * max(0, len(account.positions) - 1) + GAS_PER_FEED * account.feeds


def _payment(params: Parameters, rewards: int, cost: int, collateral_value: int) -> int:
    """LiquidationModule._processLiquidationRewards: nothing where there is neither a reward nor a cost."""
    return keeper_reward(params.guards, rewards, cost, collateral_value) if rewards + cost else 0
