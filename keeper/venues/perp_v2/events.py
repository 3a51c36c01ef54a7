"""All events of the venue, from logs and from reads."""

from typing import TypeAlias, get_args

from keeper.venues.perp_v2.log_events import (
    BadDebtSettled,
    CollateralAdded,
    CollateralConfigChanged,
    CollateralLiquidated,
    ConfigChanged,
    Deposited,
    FundingPaymentSettled,
    FundingUpdated,
    LiquidityChanged,
    MarketConfigChanged,
    PnlRealized,
    PoolAdded,
    PositionChanged,
    PositionClosed,
    PositionLiquidated,
    PriceFeedChanged,
    WhitelistedDebtThresholdChanged,
    Withdrawn,
)
from keeper.venues.perp_v2.read_events import (
    CollateralDescribed,
    CollateralRead,
    ConfigRead,
    InsuranceFundRead,
    MakerRead,
    MarketGrowthRead,
    MarketNamed,
    MarketRead,
    MarketSettledRead,
    PositionGrowthRead,
)

LogEvent: TypeAlias = (
    PositionChanged
    | PositionLiquidated
    | PositionClosed
    | FundingPaymentSettled
    | LiquidityChanged
    | PnlRealized
    | Deposited
    | Withdrawn
    | CollateralLiquidated
    | BadDebtSettled
    | FundingUpdated
    | PoolAdded
    | CollateralAdded
    | PriceFeedChanged
    | WhitelistedDebtThresholdChanged
    | ConfigChanged
    | MarketConfigChanged
    | CollateralConfigChanged
)
ReadEvent: TypeAlias = (
    ConfigRead
    | MarketNamed
    | CollateralDescribed
    | MarketRead
    | CollateralRead
    | InsuranceFundRead
    | MakerRead
    | PositionGrowthRead
    | MarketGrowthRead
    | MarketSettledRead
)
PerpEvent: TypeAlias = LogEvent | ReadEvent
EVENT_TYPES: tuple[type[PerpEvent], ...] = get_args(PerpEvent)
"""Every event class, for bringing events back from the lake."""
