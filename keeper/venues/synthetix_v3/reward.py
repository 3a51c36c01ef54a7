"""What a keeper is paid (GlobalPerpsMarketConfiguration.keeperReward and what leads to it). USD."""

from keeper.domain.fixed import X18
from keeper.venues.synthetix_v3.decimal_math import mul_decimal
from keeper.venues.synthetix_v3.state import KeeperCosts, KeeperRewardGuards


def keeper_reward(guards: KeeperRewardGuards, rewards: int, cost: int, available_margin: int) -> int:
    """GlobalPerpsMarketConfiguration.keeperReward: rewards and cost, but not less than the cost and a profit, and not more than the cap."""
    least = max(cost + guards.min_keeper_reward, mul_decimal(cost, guards.min_keeper_profit_ratio + X18))
    return min(max(least, rewards + cost), reward_cap(guards, available_margin))


def reward_cap(guards: KeeperRewardGuards, available_margin: int) -> int:
    """GlobalPerpsMarketConfiguration.maximumKeeperRewardCap."""
    if available_margin == 0:
        return guards.max_keeper_reward
    return min(mul_decimal(available_margin, guards.max_keeper_scaling_ratio), guards.max_keeper_reward)


def collateral_reward(guards: KeeperRewardGuards, collateral_value: int) -> int:
    """GlobalPerpsMarketConfiguration.calculateCollateralLiquidateReward."""
    return mul_decimal(collateral_value, guards.collateral_liquidate_reward_ratio)


def possible_reward(guards: KeeperRewardGuards, costs: KeeperCosts, feeds: int, rewards: int, collateral_value: int, windows: int) -> int:
    """PerpsAccount.getPossibleLiquidationReward: the first call, and every later window an account of `feeds` price feeds needs."""
    first = keeper_reward(guards, rewards, costs.flag[feeds] + costs.liquidate, collateral_value)
    return first + (window_reward(guards, costs) * (windows - 1) if windows else 0)


def window_reward(guards: KeeperRewardGuards, costs: KeeperCosts) -> int:
    """keeperReward of every window after the first."""
    return keeper_reward(guards, 0, costs.liquidate, 0)
