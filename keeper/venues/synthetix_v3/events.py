"""All events of the venue, from logs and from reads."""

from typing import TypeAlias, get_args

from keeper.venues.synthetix_v3.log_events import (
    AccountCharged,
    AccountCreated,
    AccountFlaggedForLiquidation,
    AccountLiquidationAttempt,
    AccountMarginLiquidation,
    CollateralModified,
    DebtPaid,
    InterestCharged,
    InterestRateUpdated,
    MarketUpdated,
    NodeRegistered,
    OrderCancelled,
    OrderCommitted,
    OrderSettled,
    PositionLiquidated,
    PreviousOrderExpired,
    PriceFeedUpdate,
    UsdMinted,
)
from keeper.venues.synthetix_v3.parameter_events import (
    CollateralConfigurationSet,
    CollateralLiquidateRewardRatioSet,
    FeatureFlagAllowAllSet,
    FeatureFlagDenyAllSet,
    FundingParametersSet,
    InterestRateParametersSet,
    KeeperCostNodeIdUpdated,
    KeeperRewardGuardsSet,
    LiquidationParametersSet,
    LockedOiRatioSet,
    MarketCreated,
    MarketPriceDataUpdated,
    MaxLiquidationParametersSet,
    OrderFeesSet,
)
from keeper.venues.synthetix_v3.read_events import (
    CollateralDescribed,
    CollateralQuoted,
    CollateralRead,
    KeeperCostsRead,
    MarketQuoted,
    MarketRead,
    NodeRead,
    PositionRead,
    PriceExponentRead,
)

LogEvent: TypeAlias = (
    AccountCreated
    | CollateralModified
    | DebtPaid
    | OrderCommitted
    | PreviousOrderExpired
    | OrderSettled
    | OrderCancelled
    | AccountCharged
    | InterestCharged
    | MarketUpdated
    | InterestRateUpdated
    | AccountFlaggedForLiquidation
    | PositionLiquidated
    | AccountLiquidationAttempt
    | AccountMarginLiquidation
    | PriceFeedUpdate
    | NodeRegistered
    | UsdMinted
    | MarketCreated
    | MarketPriceDataUpdated
    | OrderFeesSet
    | FundingParametersSet
    | LiquidationParametersSet
    | MaxLiquidationParametersSet
    | LockedOiRatioSet
    | CollateralConfigurationSet
    | CollateralLiquidateRewardRatioSet
    | KeeperRewardGuardsSet
    | KeeperCostNodeIdUpdated
    | InterestRateParametersSet
    | FeatureFlagAllowAllSet
    | FeatureFlagDenyAllSet
)
ReadEvent: TypeAlias = (
    NodeRead
    | PriceExponentRead
    | CollateralDescribed
    | MarketRead
    | CollateralRead
    | MarketQuoted
    | CollateralQuoted
    | KeeperCostsRead
    | PositionRead
)
SynthetixEvent: TypeAlias = LogEvent | ReadEvent
EVENT_TYPES: tuple[type[SynthetixEvent], ...] = get_args(SynthetixEvent)
"""Every event class, for bringing events back from the lake."""
